package sshrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// The kinds of failure, for errors.Is.
var (
	// ErrUnreachable: there was no connection, or it broke.
	ErrUnreachable = errors.New("unreachable")
	// ErrHostKey: the host's key is not pinned, or it is another one.
	ErrHostKey = errors.New("host key not trusted")
	// ErrAuth: the host does not let us in, or our key cannot be used.
	ErrAuth = errors.New("not let in")
	// ErrTimeout: the deadline passed. One that passes while connecting is ErrUnreachable too.
	ErrTimeout = errors.New("timed out")
	// ErrTooMuch: the host sent more than a command's output may be.
	ErrTooMuch = errors.New("too much output")
)

// Error is what Run returns: which host, what was being done, and what to do about it.
type Error struct {
	Host   string // its name in kagu.yaml
	Stage  string
	Remedy string
	Sent   bool // the command may have reached the host and may have run
	Err    error
}

// Error names the host, the stage, the cause and the remedy.
func (e *Error) Error() string {
	text := fmt.Sprintf("ssh to %s: %s: %v", e.Host, e.Stage, e.Err)
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// Unwrap returns the cause, which is one or more of this package's kinds.
func (e *Error) Unwrap() error { return e.Err }

// kinded joins a kind with its cause and prints the cause alone.
type kinded struct {
	kind  error
	cause error
}

func (k kinded) Error() string   { return k.cause.Error() }
func (k kinded) Unwrap() []error { return []error{k.kind, k.cause} }

// explain gives the failure its kind and its remedy.
func (c *call) explain(ctx context.Context, err error) *Error {
	e := &Error{Host: c.host.Name, Stage: c.stage, Sent: c.sent, Err: err}
	ended := ctx.Err()
	switch {
	case errors.Is(err, ErrHostKey):
		e.Remedy = c.pinRemedy()
	case errors.Is(err, ErrTooMuch):
		e.Remedy = "is the key bound to kagu-node by a forced command? see docs/hosts.md"
	case errors.Is(ended, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		e.Err = kinded{ErrTimeout, fmt.Errorf("no answer in time (%s)", c.address())}
		if errors.Is(err, ErrUnreachable) {
			e.Err = kinded{ErrUnreachable, e.Err}
		}
		e.Remedy = "is the host up and its sshd alive? try: ssh -v " + c.target()
	case ended != nil:
		e.Err = ended
	case errors.Is(err, ErrAuth):
		e.Remedy = "the key_file of kagu.yaml must be an unencrypted private key that only its owner can read: chmod 600"
	case strings.Contains(err.Error(), "unable to authenticate"):
		e.Err = kinded{ErrAuth, err}
		e.Remedy = "put the public half of " + c.account.KeyFile + " into the account's authorized_keys, see docs/hosts.md"
	case !errors.Is(err, ErrUnreachable):
		e.Err = kinded{ErrUnreachable, err}
		e.Remedy = "is it sshd that listens on " + c.address() + "?"
	default:
		e.Remedy = "is the host up and its sshd listening on " + c.address() + "?"
	}
	return e
}

func (c *call) target() string { return c.account.User + "@" + c.host.Address }

func (c *call) pinRemedy() string {
	port := c.host.SSHPort
	if port == 0 {
		port = 22
	}
	return fmt.Sprintf("compare the host's own key (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub, on its console) with "+
		"ssh-keyscan -p %d %s, and put the line into %s", port, c.host.Address, c.account.KnownHostsFile)
}
