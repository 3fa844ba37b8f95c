package bench

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A relay is an address that leads to a server, until it goes dark: then it is a black hole,
// as a host is that lost its power.
type relay struct {
	address string
	server  string
	listen  *net.TCPListener
	dark    atomic.Bool

	mu    sync.Mutex // guards conns
	conns []net.Conn
}

func newRelay(b *testing.B, address, server string) *relay {
	b.Helper()
	l, err := net.Listen("tcp", address)
	check(b, err)
	r := &relay{address: address, server: server, listen: l.(*net.TCPListener)}
	go r.accept()
	b.Cleanup(r.close)
	return r
}

func (r *relay) accept() {
	for {
		client, err := r.listen.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		r.keep(client, server)
		go r.copy(client, server)
		go r.copy(server, client)
	}
}

func (r *relay) keep(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, conns...)
}

// copy passes on what comes. In the dark it goes on reading and passes on nothing.
func (r *relay) copy(to, from net.Conn) {
	room := make([]byte, 32<<10)
	for {
		n, err := from.Read(room)
		if r.dark.Load() {
			if err != nil {
				return
			}
			continue
		}
		if err == nil {
			_, err = to.Write(room[:n])
		}
		if err != nil {
			_, _ = to.Close(), from.Close()
			return
		}
	}
}

// darken makes a black hole of it. The kernel answers nobody who knocks at a listener whose
// queue is full, so the queue is made short and filled.
func (r *relay) darken(b *testing.B) {
	b.Helper()
	r.dark.Store(true)
	check(b, r.listen.SetDeadline(time.Unix(1, 0))) // nobody accepts
	raw, err := r.listen.SyscallConn()
	check(b, err)
	check(b, raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }))
	check(b, err)
	for range 10 {
		conn, err := net.DialTimeout("tcp", r.address, 50*time.Millisecond)
		if err != nil {
			return
		}
		r.keep(conn)
	}
	b.Fatalf("%s still answers", r.address)
}

func (r *relay) close() {
	_ = r.listen.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.Close()
	}
}
