package mgm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// DefaultPort is where management servers listen unless told otherwise.
const DefaultPort = "1186"

const (
	defaultTimeout = 5 * time.Second
	dialShare      = 2 // a connection attempt gets at most 1/dialShare of the time of its command
)

// Options say which management servers a Client speaks with, and how.
type Options struct {
	// Addresses of the management servers of one cluster, host:port or host. They are tried in
	// order. With one address the client is the client of that server.
	Addresses []string

	// TLS secures the connections; nil speaks clear text.
	TLS *TLS

	// Timeout bounds a command, connecting included, for which the context has no earlier
	// deadline; default 5 s. Commands that take longer by nature have their own.
	Timeout time.Duration

	// Dial opens a connection; default net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Client speaks with the management servers of one cluster. It holds one connection at most,
// opened at the first call. It may be used from several goroutines; calls take turns, so what may
// take minutes (stopping, restarting, waiting for a backup) is better given a Client of its own.
type Client struct {
	options Options
	turn    chan struct{} // holds one token: who has it may touch what follows
	closed  chan struct{}
	conn    *conn // nil if none is open
	current int   // the address to try first

	peer atomic.Pointer[Peer] // conn's, for those who have no turn
}

// New returns a client. Nothing is connected until the first call; what is wrong with an
// address or a TLS file shows there.
func New(options Options) *Client {
	addresses := make([]string, len(options.Addresses))
	for i, a := range options.Addresses {
		addresses[i] = withPort(a)
	}
	options.Addresses = addresses
	if options.Timeout <= 0 {
		options.Timeout = defaultTimeout
	}
	if options.Dial == nil {
		options.Dial = new(net.Dialer).DialContext
	}
	c := &Client{options: options, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	c.turn <- struct{}{}
	return c
}

func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), DefaultPort)
}

// Close ends the connection. A call that is under way ends first, by itself or its context.
func (c *Client) Close() error {
	<-c.turn
	defer c.release()
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
	c.drop()
	return nil
}

// A Peer is a management server, as it presented itself when we connected.
type Peer struct {
	Server  string // its address
	NodeID  int
	Version Version
	Since   time.Time // when we connected: another time is another session, of a server that may have been restarted
}

// Peer returns the server we are connected to, false if we are connected to none. It costs no
// question.
func (c *Client) Peer() (Peer, bool) {
	if peer := c.peer.Load(); peer != nil {
		return *peer, true
	}
	return Peer{}, false
}

// Server returns the address of the server we are connected to, "" if to none.
func (c *Client) Server() string {
	peer, _ := c.Peer()
	return peer.Server
}

func (c *Client) release() { c.turn <- struct{}{} }

func (c *Client) drop() {
	if c.conn != nil {
		_ = c.conn.Close() // it is of no more use
		c.conn = nil
		c.peer.Store(nil)
	}
}

// do carries out a command and gives its reply to read.
func (c *Client) do(ctx context.Context, cmd command, read func(reply) error) error {
	return c.exchange(ctx, cmd, func(_ *conn, p reply) error { return read(p) })
}

// exchange does the same for an answer that goes on after its blank line.
func (c *Client) exchange(ctx context.Context, cmd command, read func(*conn, reply) error) error {
	request, err := cmd.encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, max(cmd.timeout, c.options.Timeout))
	defer cancel()
	select {
	case <-c.turn:
	case <-ctx.Done():
		return fmt.Errorf("%s: wait for the turn: %w", cmd.name, ctx.Err())
	}
	defer c.release()
	select {
	case <-c.closed:
		return ErrClosed
	default:
	}
	if len(c.options.Addresses) == 0 {
		return fmt.Errorf("%w: no management server has an address", ErrRequest)
	}
	if cmd.changes {
		return c.once(ctx, cmd, request, read)
	}
	return c.anywhere(ctx, cmd, request, read)
}

// anywhere asks one server after the other until one answers.
func (c *Client) anywhere(ctx context.Context, cmd command, request []byte, read func(*conn, reply) error) error {
	var failed []error
	for tried := range c.options.Addresses {
		err := c.oneServer(ctx, len(c.options.Addresses)-tried, cmd, request, read)
		if err == nil || !elsewhere(err) {
			return err
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
		c.current = (c.current + 1) % len(c.options.Addresses)
	}
	return errors.Join(failed...)
}

// oneServer asks the current server within its share of the time that is left. A connection
// that was idle may have died since; then a new one is tried.
func (c *Client) oneServer(ctx context.Context, serversLeft int, cmd command, request []byte, read func(*conn, reply) error) error {
	if deadline, ok := ctx.Deadline(); ok && serversLeft > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(serversLeft))
		defer cancel()
	}
	old := c.conn != nil
	err := c.connect(ctx)
	if err != nil {
		return err
	}
	err = c.ask(ctx, cmd, request, read)
	if err == nil || !old || !brokenOff(err) || ctx.Err() != nil {
		return err
	}
	if err := c.connect(ctx); err != nil {
		return err
	}
	return c.ask(ctx, cmd, request, read)
}

// once sends a command that changes something. The connection is tried first, because after the
// request was written nobody knows what a broken connection means.
func (c *Client) once(ctx context.Context, cmd command, request []byte, read func(*conn, reply) error) error {
	probe, err := checkConnection.encode()
	if err != nil {
		return err
	}
	probing, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	if err := c.anywhere(probing, checkConnection, probe, func(_ *conn, p reply) error { return p.ok() }); err != nil {
		return fmt.Errorf("%s: not sent: %w", cmd.name, err)
	}
	server := c.conn.server
	err = c.ask(ctx, cmd, request, read)
	var said *ServerError
	if err == nil || errors.As(err, &said) || errors.Is(err, ErrAuthorization) || errors.Is(err, ErrDesynchronised) {
		return err
	}
	return fmt.Errorf("%s on %s: %w: %w", cmd.name, server, ErrOutcomeUnknown, err)
}

var checkConnection = command{name: "check connection", header: "check connection reply"}

// ask carries out one command on the open connection, and closes it after anything that may
// leave it out of step.
func (c *Client) ask(ctx context.Context, cmd command, request []byte, read func(*conn, reply) error) error {
	err := c.conn.ask(ctx, cmd, request, read)
	var said *ServerError
	if err != nil && !errors.As(err, &said) {
		c.drop()
	}
	return err
}

// connect opens a connection to the current server if there is none.
func (c *Client) connect(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	opened, err := open(ctx, c.options, c.options.Addresses[c.current])
	if err != nil {
		return err
	}
	c.conn = opened
	c.peer.Store(&Peer{Server: opened.server, NodeID: opened.nodeID, Version: opened.version, Since: time.Now()})
	return nil
}

// elsewhere reports whether another server may do better: not if this one answered.
func elsewhere(err error) bool {
	var said *ServerError
	return !errors.As(err, &said) && !errors.Is(err, ErrRequest) && !errors.Is(err, context.Canceled)
}
