package mgmtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A Request is a command as the server read it.
type Request struct {
	Name string
	Args map[string]string // quotes taken off
}

// A Handler answers requests on one server. It writes the answer as bytes, wrong ones if it
// likes; when it returns false the connection is closed.
type Handler interface {
	Handle(w io.Writer, r Request) (goOn bool)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(w io.Writer, r Request) bool

// Handle calls the function.
func (f HandlerFunc) Handle(w io.Writer, r Request) bool { return f(w, r) }

// A Server listens like a management server.
type Server struct {
	handler    Handler
	tls        *tls.Config
	requireTLS bool
	old        bool

	listener net.Listener
	ended    chan struct{}
	work     sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	requests []Request
	closed   bool
}

// An Option changes a Server.
type Option func(*Server)

// WithTLS lets clients upgrade to TLS.
func WithTLS(config *tls.Config) Option { return func(s *Server) { s.tls = config } }

// RequireTLS refuses what a server with RequireTls refuses to clients in clear text.
func RequireTLS(config *tls.Config) Option {
	return func(s *Server) { s.tls, s.requireTLS = config, true }
}

// WithoutTLSCommand leaves `start tls` to the handler, as a server before 8.3 does not know it.
func WithoutTLSCommand() Option { return func(s *Server) { s.old = true } }

// Listen starts a server on a free port of 127.0.0.1. It ends with the test.
func Listen(t testing.TB, h Handler, options ...Option) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(h, options)
	s.listener = l
	s.work.Go(s.accept)
	t.Cleanup(s.Close)
	return s
}

// Pipe returns a server that listens nowhere: its Dial gives connections in memory, which
// testing/synctest understands. Close it before the bubble ends.
func Pipe(h Handler, options ...Option) *Server { return newServer(h, options) }

func newServer(h Handler, options []Option) *Server {
	s := &Server{handler: h, ended: make(chan struct{}), conns: map[net.Conn]bool{}}
	for _, o := range options {
		o(s)
	}
	return s
}

// Address returns host:port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Dial connects in memory, whatever the address.
func (s *Server) Dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	if !s.serve(ours) {
		return nil, net.ErrClosed
	}
	return theirs, nil
}

// Requests returns what was asked so far, on all connections.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Asked counts how often a command came.
func (s *Server) Asked(name string) int {
	n := 0
	for _, r := range s.Requests() {
		if r.Name == name {
			n++
		}
	}
	return n
}

// Drop breaks all connections; new ones are taken.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // a test breaks it on purpose
	}
}

// Close breaks all connections and takes no more.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	close(s.ended)
	s.mu.Unlock()
	if s.listener != nil {
		_ = s.listener.Close()
	}
	s.Drop()
	s.work.Wait()
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil || !s.serve(c) {
			return
		}
	}
}

func (s *Server) serve(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.conns[c] = true
	s.work.Go(func() {
		s.session(c)
		_ = c.Close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	})
	return true
}

// session reads requests and answers them until somebody ends it.
func (s *Server) session(raw net.Conn) {
	c, secured := raw, false
	lines := bufio.NewReader(c)
	for {
		r, err := readRequest(lines)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		switch {
		case r.Name == "start tls" && s.tls == nil && !s.old:
			_, err = io.WriteString(c, "start tls reply\nresult: Failed\n\n")
		case r.Name == "start tls" && s.tls != nil && !secured:
			if _, err = io.WriteString(c, "start tls reply\nresult: Ok\n\n"); err == nil {
				c, secured = tls.Server(raw, s.tls), true
				lines = bufio.NewReader(c)
			}
		case s.requireTLS && !secured && !slices.Contains(beforeTLS, r.Name):
			_, err = io.WriteString(c, unauthorized)
		default:
			if !s.handler.Handle(&stream{c, s.ended}, r) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// beforeTLS is what a server that requires TLS answers in clear text.
var beforeTLS = []string{"get version", "set clientversion", "start tls", "end session", "check connection", "get mgmd nodeid"}

const unauthorized = "Authorization failed\nError: Requires TLS\n\n"

// A stream is what a Handler writes to. One that goes on writing ends when the server does.
type stream struct {
	io.Writer
	ended <-chan struct{}
}

func readRequest(lines *bufio.Reader) (Request, error) {
	name, err := lines.ReadString('\n')
	if err != nil {
		return Request{}, err
	}
	r := Request{Name: strings.TrimSpace(name), Args: map[string]string{}}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return Request{}, err
		}
		line = strings.TrimSpace(line)
		if line == "" {
			return r, nil
		}
		at := strings.IndexAny(line, ":=")
		if at < 0 {
			at = len(line)
			line += ":"
		}
		value := strings.TrimSpace(line[at+1:])
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		r.Args[strings.TrimSpace(line[:at])] = value
	}
}
