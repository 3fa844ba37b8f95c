package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"
)

// Copy brings the objects of one store that another lacks into that one. It can be interrupted and
// run again: what is there is not read again.
type Copy struct {
	From, To Store

	// Last says which objects are copied after all others: a manifest, so that a copy does not look
	// whole before it is. Nil: none.
	Last func(name string) bool
	// Want returns the digest of an object if it is known, so that a damaged one is not copied as if
	// it were good. Nil: none is.
	Want func(name string) (Sum, bool)
	// Told is called for each object that was copied, by one goroutine at a time for each of copies;
	// nil: nobody is told.
	Told func(Info)
}

// copiesAtOnce hides the time a far store takes to answer, at a cost of so many objects in memory.
const copiesAtOnce = 2

// Run copies the objects whose names begin with prefix. One that is there with another size is
// ErrExists, one whose digest is wrong ErrDigest; the others are copied all the same, but none of
// the last ones.
func (c Copy) Run(ctx context.Context, prefix string) error {
	there := map[string]int64{}
	if err := c.To.List(ctx, prefix, func(i Info) error {
		there[i.Name] = i.Size
		return nil
	}); err != nil {
		return err
	}
	var now, last []Info
	if err := c.From.List(ctx, prefix, func(i Info) error {
		size, found := there[i.Name]
		switch {
		case found && size == i.Size:
		case c.Last != nil && c.Last(i.Name):
			last = append(last, i)
		default:
			now = append(now, i)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := c.all(ctx, now); err != nil {
		return err
	}
	return c.all(ctx, last)
}

// all copies objects, some at once. A fault of one object does not keep the others from being
// copied; a store that fails does.
func (c Copy) all(ctx context.Context, objects []Info) error {
	faults := make([]error, len(objects))
	work, working := errgroup.WithContext(ctx)
	work.SetLimit(copiesAtOnce)
	for n, info := range objects {
		if working.Err() != nil {
			break
		}
		work.Go(func() error {
			err := c.one(working, info)
			if errors.Is(err, ErrDigest) || errors.Is(err, ErrExists) || errors.Is(err, ErrNotFound) {
				faults[n] = err
				return nil
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	return errors.Join(append(faults, context.Cause(ctx))...)
}

func (c Copy) one(ctx context.Context, info Info) error {
	body, err := c.From.Get(ctx, info.Name)
	if err != nil {
		return fmt.Errorf("copy from %s to %s: %w", c.From, c.To, err)
	}
	content := make([]byte, 0, min(info.Size, MaxSize)+1)
	content, err = readInto(content, io.LimitReader(body, MaxSize+1))
	if err = errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("copy from %s to %s: %w", c.From, c.To, err)
	}
	sum := Sum(sha256.Sum256(content))
	if c.Want != nil {
		if want, known := c.Want(info.Name); known && want != sum {
			return fmt.Errorf("copy %s from %s: %w: it is damaged there, and was not copied", info.Name, c.From, ErrDigest)
		}
	}
	if err := c.To.Put(ctx, info.Name, content, sum); err != nil {
		return fmt.Errorf("copy from %s to %s: %w", c.From, c.To, err)
	}
	if c.Told != nil {
		c.Told(Info{Name: info.Name, Size: int64(len(content)), Stored: info.Stored})
	}
	return nil
}

// readInto is io.ReadAll into a buffer that has the size already.
func readInto(buffer []byte, r io.Reader) ([]byte, error) {
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if errors.Is(err, io.EOF) {
			return buffer, nil
		}
		if err != nil {
			return buffer, err
		}
	}
}
