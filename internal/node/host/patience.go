package host

import (
	"context"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// Patience is one of our own ends of a stream, that waits for the other side for a while and not
// for ever: a client that is there and reads nothing would keep a member desynced.
type Patience struct {
	f     *os.File
	limit atomic.Int64
}

// lastWords is how long we try to tell the client of our end once we were told to end.
const lastWords = 5 * time.Second

// NewPatience takes over one of the standard descriptors. When the context ends, so does the
// patience.
func NewPatience(ctx context.Context, fd uintptr, name string) *Patience {
	_ = syscall.SetNonblock(int(fd), true) // what cannot be is waited for in the old way
	p := &Patience{f: os.NewFile(fd, name)}
	p.limit.Store(int64(silence))
	context.AfterFunc(ctx, func() {
		p.limit.Store(int64(lastWords))
		_ = p.f.SetDeadline(time.Now().Add(lastWords))
	})
	return p
}

// Read reads, and fails if nothing comes for too long.
func (p *Patience) Read(b []byte) (int, error) {
	_ = p.f.SetReadDeadline(p.until())
	return p.f.Read(b)
}

// Write writes, and fails if nobody reads for too long.
func (p *Patience) Write(b []byte) (int, error) {
	_ = p.f.SetWriteDeadline(p.until())
	return p.f.Write(b)
}

func (p *Patience) until() time.Time { return time.Now().Add(time.Duration(p.limit.Load())) }
