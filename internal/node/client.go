package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// ErrUnsure says that a verb which changes something was sent and no answer came back: it may
// have been carried out, may still be going on, or may never have arrived. Look again before
// anything else; sending it again with the same ID cannot carry it out twice.
var ErrUnsure = errors.New("the verb was sent and its outcome is unknown")

// Runner runs a command on a host; sshrun.Runner does.
type Runner interface {
	Run(ctx context.Context, host inventory.Host, command string) (sshrun.Result, error)
	Stream(ctx context.Context, host inventory.Host, command string, idle time.Duration,
		talk func(stdout io.Reader, stdin io.WriteCloser) error) (sshrun.Result, error)
}

// Client asks kagu-node on other hosts.
type Client struct {
	SSH Runner
}

// limits bound each verb from the first packet to the reply. Stop waits for the server to end.
var limits = map[Verb]time.Duration{
	Report: 8 * time.Second,
	Start:  20 * time.Second,
	Stop:   100 * time.Second,

	Discard: 60 * time.Second,
	Resync:  60 * time.Second,
}

// Do sends the request to the host and returns kagu-node's reply. The error is nil whenever a
// reply came, also one that refuses (see Reply.Err). Otherwise it is sshrun's error, which
// says whether the host could not be reached or is not trusted; for all verbs but Report it is
// ErrUnsure as well, once the request may have reached the host.
func (c Client) Do(ctx context.Context, host inventory.Host, r Request) (Reply, error) {
	if r.Verb.Streams() {
		return Reply{}, fmt.Errorf("ask %s to %s: it is a stream", host.Name, r.Verb)
	}
	command, err := r.encode(host)
	if err != nil {
		return Reply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limits[r.Verb])
	defer cancel()

	result, err := c.SSH.Run(ctx, host, command)
	sent := true
	if broken, ok := errors.AsType[*sshrun.Error](err); ok {
		sent = broken.Sent
	}
	if sent { // a whole reply counts, even if the connection broke behind it
		reply, garbled := ParseReply(result.Stdout, r.Verb)
		if garbled == nil {
			return reply, nil
		}
		if err == nil {
			err = notKaguNode(result, garbled)
		}
	}
	err = r.asked(host, err)
	if sent && r.Verb != Report {
		err = fmt.Errorf("%w: %w", ErrUnsure, err)
	}
	return Reply{}, err
}

// encode writes the request, or says whom it was for.
func (r Request) encode(host inventory.Host) (string, error) {
	if r.Version == 0 {
		r.Version = Version
	}
	command, err := r.Encode()
	if err != nil {
		return "", r.asked(host, err)
	}
	return command, nil
}

func (r Request) asked(host inventory.Host, err error) error {
	return fmt.Errorf("ask %s to %s %s/%s: %w", host.Name, r.Verb, r.Cluster, r.Node, err)
}

// notKaguNode describes an answer that is not a reply. Its text is quoted: it may hold
// anything, and is going to be read on a terminal.
func notKaguNode(result sshrun.Result, garbled error) error {
	said := strings.TrimSpace(result.Stderr)
	if said == "" {
		said = strings.TrimSpace(string(result.Stdout))
	}
	if len(said) > 200 {
		said = said[:200]
	}
	return fmt.Errorf("%w (exit code %d, said %+q); is the key bound to kagu-node by a forced command? see docs/hosts.md", garbled, result.Exit, said)
}
