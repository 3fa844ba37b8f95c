package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"time"
)

// Retry tries again what may pass, until it succeeds or has taken too long. Every call can be
// repeated: an object that is there already with the same content was put.
type Retry struct {
	Store

	// For is how long a call is tried again; 0: 15 minutes. An attempt that began before ends by
	// itself.
	For time.Duration
	// First is the wait after the first failure; 0: half a second. It doubles up to half a minute,
	// and a random half of it is left out, so that not all who were cut off come back at once.
	First time.Duration
	// Told is called before each wait with what failed; nil: nobody is told.
	Told func(err error, wait time.Duration)
}

const longestWait = 30 * time.Second

// tries counts the attempts of one call.
type tries struct {
	retry Retry
	ends  time.Time
	next  time.Duration
	made  int
}

func (r Retry) tries() *tries {
	return &tries{
		retry: r, ends: time.Now().Add(cmp.Or(r.For, 15*time.Minute)),
		next: cmp.Or(r.First, 500*time.Millisecond),
	}
}

// wait returns nil when it is time to try again after err, else the error to give up with.
func (t *tries) wait(ctx context.Context, err error) error {
	t.made++
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if !MayPass(err) {
		return err
	}
	wait := t.next/2 + rand.N(t.next/2+1)
	if time.Now().Add(wait).After(t.ends) {
		return fmt.Errorf("given up after %d attempts: %w", t.made, err)
	}
	t.next = min(2*t.next, longestWait)
	if t.retry.Told != nil {
		t.retry.Told(err, wait)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// again calls do until it succeeds or there is no use in it.
func (r Retry) again(ctx context.Context, do func() error) error {
	t := r.tries()
	for {
		err := do()
		if err == nil {
			return nil
		}
		if err := t.wait(ctx, err); err != nil {
			return err
		}
	}
}

// Put is the store's, tried again.
func (r Retry) Put(ctx context.Context, name string, content []byte, sum Sum) error {
	return r.again(ctx, func() error { return r.Store.Put(ctx, name, content, sum) })
}

// Stat is the store's, tried again.
func (r Retry) Stat(ctx context.Context, name string) (info Info, err error) {
	err = r.again(ctx, func() (err error) { info, err = r.Store.Stat(ctx, name); return err })
	return info, err
}

// Delete is the store's, tried again.
func (r Retry) Delete(ctx context.Context, name string) error {
	return r.again(ctx, func() error { return r.Store.Delete(ctx, name) })
}

// Free is the store's, tried again.
func (r Retry) Free(ctx context.Context) (free uint64, limited bool, err error) {
	err = r.again(ctx, func() (err error) { free, limited, err = r.Store.Free(ctx); return err })
	return free, limited, err
}

// List goes on behind the last name that each was told when a listing breaks off. An error of each
// ends it.
func (r Retry) List(ctx context.Context, prefix string, each func(Info) error) error {
	last := ""
	var stopped error
	err := r.again(ctx, func() error {
		err := r.Store.List(ctx, prefix, func(i Info) error {
			if i.Name <= last {
				return nil
			}
			if stopped = each(i); stopped == nil {
				last = i.Name
			}
			return stopped
		})
		if stopped != nil {
			return nil
		}
		return err
	})
	if stopped != nil {
		return stopped
	}
	return err
}

// Get opens the object, and again when its body breaks off: the new one is read up to where the old
// one ended, compared, and goes on from there.
func (r Retry) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	b := &retryBody{ctx: ctx, name: name, tries: r.tries()}
	b.passed.SetSeed(maphash.MakeSeed())
	for {
		err := b.open()
		if err == nil {
			return b, nil
		}
		if err := b.tries.wait(ctx, err); err != nil {
			return nil, err
		}
	}
}

// A retryBody is a body that goes on when it breaks off.
type retryBody struct {
	ctx    context.Context // of Get: the body may be opened again
	name   string
	tries  *tries
	body   io.ReadCloser
	read   int64
	broke  int64        // where it broke off the last time
	passed maphash.Hash // of what was read: a part of one body must not be joined to another content
	failed error
}

func (b *retryBody) open() (err error) {
	b.body, err = b.tries.retry.Store.Get(b.ctx, b.name)
	return err
}

func (b *retryBody) Read(p []byte) (int, error) {
	if b.failed != nil {
		return 0, b.failed
	}
	for {
		n, err := b.body.Read(p)
		b.read += int64(n)
		_, _ = b.passed.Write(p[:n]) // never fails
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, io.EOF):
			b.failed = io.EOF
			return n, b.failed
		}
		if b.failed = b.goOn(err); b.failed != nil || n > 0 {
			return n, b.failed
		}
	}
}

// goOn opens the object anew and reads it up to where we are.
func (b *retryBody) goOn(err error) error {
	if b.read > b.broke { // there was progress
		b.tries, b.broke = b.tries.retry.tries(), b.read
	}
	for {
		if err := b.tries.wait(b.ctx, err); err != nil {
			return err
		}
		_ = b.body.Close() // it broke off
		if err = b.open(); err != nil {
			b.body = io.NopCloser(nil)
			continue
		}
		var passed maphash.Hash
		passed.SetSeed(b.passed.Seed())
		if _, err = io.CopyN(&passed, b.body, b.read); err != nil {
			continue
		}
		if passed.Sum64() != b.passed.Sum64() {
			return fmt.Errorf("get %s in %s: %w: two readings of it differ", b.name, b.tries.retry.Store, ErrDigest)
		}
		return nil
	}
}

func (b *retryBody) Close() error { return b.body.Close() }
