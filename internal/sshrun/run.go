package sshrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/kagu-db/kagu/internal/inventory"
)

// What a host may send: MaxStdout and MaxStderr of the command's output, and maxWire of
// encrypted bytes in all, which also bounds a server that floods us before the command runs.
const (
	MaxStdout = 64 << 10
	MaxStderr = 4 << 10
	maxWire   = 512 << 10
)

// defaultTimeout is used when the caller's context has no deadline.
const defaultTimeout = 10 * time.Second

// Runner runs commands over SSH as one account. It holds no connection and no secret: the
// key and the known hosts are read for each call, so a rotated key is used at once.
type Runner struct {
	Account inventory.SSH
}

// Result is what a command wrote and how it ended.
type Result struct {
	Stdout []byte
	Stderr string // cut at MaxStderr
	Exit   int
}

// Run runs the command on the host. A command that exits with another code than 0 is no error
// here; its code is in the Result. An error is an *Error; what arrived before it is in the
// Result even so.
func (r Runner) Run(ctx context.Context, host inventory.Host, command string) (Result, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
	}
	c := call{host: host, account: r.Account}
	result, err := c.run(ctx, command)
	if err == nil {
		return result, nil
	}
	return result, c.explain(ctx, err)
}

// A call is one attempt, and remembers how far it came so that its error can tell.
type call struct {
	host    inventory.Host
	account inventory.SSH
	stage   string // what is being done, for the error
	sent    bool   // the command may have reached the host
}

// dial connects and logs in. The host may send so many bytes; 0 is no cap.
func (c *call) dial(ctx context.Context, most int64) (*ssh.Client, *cappedConn, error) {
	c.stage = "read the key"
	signer, err := readKey(c.account.KeyFile)
	if err != nil {
		return nil, nil, kinded{ErrAuth, err}
	}
	c.stage = "read the known hosts"
	pin, err := readPin(c.account.KnownHostsFile, c.address())
	if err != nil {
		return nil, nil, kinded{ErrHostKey, err}
	}

	c.stage = "connect"
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address())
	if err != nil {
		return nil, nil, kinded{ErrUnreachable, err}
	}
	conn := &cappedConn{Conn: raw, left: most, uncapped: most == 0}
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	c.stage = "log in"
	transport, chans, reqs, err := ssh.NewClientConn(conn, c.address(), clientConfig(c.account.User, signer, pin))
	if err != nil {
		conn.Close()
		return nil, nil, conn.orCap(err)
	}
	return ssh.NewClient(transport, chans, reqs), conn, nil
}

func (c *call) run(ctx context.Context, command string) (Result, error) {
	client, conn, err := c.dial(ctx, maxWire)
	if err != nil {
		return Result{}, err
	}
	defer client.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })() // nothing below outlives the deadline

	c.stage = "open a session"
	session, err := client.NewSession()
	if err != nil {
		return Result{}, conn.orCap(err)
	}
	stdout := &cappedBuffer{max: MaxStdout, over: conn.tooMuch}
	stderr := &cappedBuffer{max: MaxStderr}
	session.Stdout, session.Stderr = stdout, stderr

	c.stage, c.sent = "run the command", true
	err = session.Run(command)
	result := Result{Stdout: stdout.kept.Bytes(), Stderr: stderr.kept.String()}
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok && exit.Signal() == "" {
		result.Exit = exit.ExitStatus()
		return result, nil
	}
	return result, conn.orCap(err)
}

func (c *call) address() string {
	port := c.host.SSHPort
	if port == 0 {
		port = 22
	}
	return net.JoinHostPort(c.host.Address, strconv.Itoa(port))
}

// cappedConn closes itself once the peer has sent too much.
type cappedConn struct {
	net.Conn
	left     int64 // touched by the one goroutine that reads
	uncapped bool
	over     atomic.Bool
}

func (c *cappedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.left -= int64(n)
	if c.left < 0 && !c.uncapped {
		c.tooMuch()
		return 0, ErrTooMuch
	}
	return n, err
}

func (c *cappedConn) tooMuch() {
	c.over.Store(true)
	c.Conn.Close()
}

// orCap returns the reason when it was the cap that broke the connection.
func (c *cappedConn) orCap(err error) error {
	if err != nil && c.over.Load() {
		return kinded{ErrTooMuch, fmt.Errorf("more than %d KiB of output", MaxStdout>>10)}
	}
	return err
}

// cappedBuffer keeps the first max bytes. Beyond them it calls over, or drops in silence.
// The connection is closed rather than the write failed: a failed write would leave the
// far end waiting for a window that never opens. The buffer is no embedded field: io.Copy
// would find its ReadFrom and go round the cap.
type cappedBuffer struct {
	kept bytes.Buffer
	max  int
	over func()
}

func (b *cappedBuffer) Write(p []byte) (int, error) {
	room := b.max - b.kept.Len()
	b.kept.Write(p[:min(len(p), room)])
	if len(p) > room && b.over != nil {
		b.over()
	}
	return len(p), nil
}
