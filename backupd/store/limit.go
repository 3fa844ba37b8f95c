package store

import (
	"context"
	"io"

	"golang.org/x/time/rate"
)

// Limit keeps what is put and read to a rate. A part that is put waits for all of its bytes and
// then goes as fast as it can: over seconds the rate holds, within them it does not.
type Limit struct {
	Store

	// Rate is in bytes a second. Several stores may share one.
	Rate *rate.Limiter
}

// Put waits for its turn.
func (l Limit) Put(ctx context.Context, name string, content []byte, sum Sum) error {
	if err := l.wait(ctx, len(content)); err != nil {
		return err
	}
	return l.Store.Put(ctx, name, content, sum)
}

// Get returns a body that is read no faster than the rate.
func (l Limit) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	body, err := l.Store.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return &limitBody{ReadCloser: body, ctx: ctx, limit: l}, nil
}

// wait waits for n bytes, in steps that the limiter's burst allows.
func (l Limit) wait(ctx context.Context, n int) error {
	for n > 0 && l.Rate.Limit() != rate.Inf {
		step := min(n, max(l.Rate.Burst(), 1))
		if err := l.Rate.WaitN(ctx, step); err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		n -= step
	}
	return context.Cause(ctx)
}

type limitBody struct {
	io.ReadCloser

	ctx   context.Context // of Get
	limit Limit
}

func (b *limitBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if waitErr := b.limit.wait(b.ctx, n); waitErr != nil && err == nil {
		err = waitErr
	}
	return n, err
}
