package mgm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// A conn is one connection to one server, with the opening of a session behind it.
type conn struct {
	net.Conn
	r       *bufio.Reader
	server  string
	version Version
	nodeID  int
}

// open connects and opens the session: TLS, the server's version, ours, and its node id.
func open(ctx context.Context, options Options, server string) (*conn, error) {
	c, err := openWith(ctx, options, server, options.TLS)
	if errors.Is(err, ErrNoTLS) && options.TLS.Relaxed {
		return openWith(ctx, options, server, nil)
	}
	return c, err
}

func openWith(ctx context.Context, options Options, server string, tls *TLS) (*conn, error) {
	dialing, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		dialing, cancel = context.WithTimeout(ctx, time.Until(deadline)/dialShare)
	}
	raw, err := options.Dial(dialing, "tcp", server)
	cancel()
	if err != nil {
		return nil, fmt.Errorf("connect to management server %s: %w", server, err)
	}
	c := &conn{Conn: raw, r: bufio.NewReader(raw), server: server}
	if err := c.openSession(ctx, tls); err != nil {
		_ = raw.Close() // err says what is wrong with it
		return nil, err
	}
	return c, nil
}

func (c *conn) openSession(ctx context.Context, tls *TLS) error {
	if tls != nil {
		if err := c.startTLS(ctx, tls); err != nil {
			return err
		}
	}
	err := c.run(ctx, getVersion, func(p reply) (err error) {
		c.version, err = readVersion(p)
		return err
	})
	if err != nil {
		return err
	}
	if c.version.NDB >= hears {
		say := command{name: "set clientversion", header: "set clientversion reply", args: []arg{
			number("major", spoken.Major()), number("minor", spoken.Minor()), number("build", spoken.Build()),
		}}
		if err := c.run(ctx, say, reply.ok); err != nil {
			return err
		}
	}
	return c.run(ctx, getNodeID, func(p reply) (err error) {
		c.nodeID, err = p.number("nodeid")
		return err
	})
}

// run carries out a command that needs no more than its lines.
func (c *conn) run(ctx context.Context, cmd command, read func(reply) error) error {
	request, err := cmd.encode()
	if err != nil {
		return err
	}
	return c.ask(ctx, cmd, request, func(_ *conn, p reply) error { return read(p) })
}

// ask writes the request at once and reads the answer. Every error names the server and the
// command; one that is no *ServerError leaves the connection out of step.
func (c *conn) ask(ctx context.Context, cmd command, request []byte, read func(*conn, reply) error) error {
	defer c.endWith(ctx)()
	if _, err := c.Write(request); err != nil {
		return c.failed(ctx, cmd, err)
	}
	p, err := readReply(c.r, cmd.header)
	switch {
	case errors.Is(err, errHeaderless):
		return c.notUnderstood(cmd, p)
	case err != nil:
		return c.failed(ctx, cmd, err)
	}
	if err := read(c, p); err != nil {
		return c.failed(ctx, cmd, err)
	}
	return nil
}

// endWith lets the context end what reads and writes the connection, until the returned
// function is called.
func (c *conn) endWith(ctx context.Context) func() {
	deadline, _ := ctx.Deadline() // the zero time is no deadline
	_ = c.SetDeadline(deadline)   // fails on a closed connection, and so will what follows
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = c.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() { // it has begun: it must not end the command after ours
			<-done
		}
	}
}

// notUnderstood turns the answer to a request that the server could not read into an error.
func (c *conn) notUnderstood(cmd command, p reply) error {
	what, _ := p.get("result")
	return fmt.Errorf("%w: %w", ErrDesynchronised, &ProtocolError{Command: cmd.name, Server: c.server, What: "it does not take the request: " + what})
}

// failed says what went wrong with a command. A result that is not Ok is the server's own word.
func (c *conn) failed(ctx context.Context, cmd command, err error) error {
	var refused notOK
	var network net.Error
	switch {
	case errors.As(err, &refused):
		code, text := codeOf(string(refused))
		return &ServerError{Command: cmd.name, Server: c.server, Code: code, Text: text}
	case errors.Is(err, ErrAuthorization), errors.Is(err, ErrReplyTooBig):
		return fmt.Errorf("%s on %s: %w", cmd.name, c.server, err)
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s on %s: %w", cmd.name, c.server, context.Canceled)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("%s on %s: no answer in time: %w", cmd.name, c.server, context.DeadlineExceeded)
	case brokenOff(err), errors.As(err, &network):
		return fmt.Errorf("%s on %s: %w", cmd.name, c.server, err)
	default:
		return &ProtocolError{Command: cmd.name, Server: c.server, What: err.Error()}
	}
}

// brokenOff reports whether the connection ended.
func brokenOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// notOK is a result other than Ok.
type notOK string

func (e notOK) Error() string { return string(e) }

// ok fails unless the result is Ok.
func (p reply) ok() error {
	result, found := p.get("result")
	switch {
	case !found:
		return errors.New("there is no result")
	case result != "Ok":
		return notOK(result)
	}
	return nil
}
