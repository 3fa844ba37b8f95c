package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// Copy copies objects from one store to another. What is there already is passed over, so a copy
// that was interrupted goes on where it was.
type Copy struct {
	From, To Store
	Last     func(name string) bool        // these come after all others; nil: none
	Want     func(name string) (Sum, bool) // the digest an object must have, where it is known; nil: nowhere
	Told     func(Info)                    // is told of each object that was copied; nil: nobody is
}

// Run copies all objects whose names begin with prefix.
func (c Copy) Run(ctx context.Context, prefix string) error {
	var first, last []Info
	err := c.From.List(ctx, prefix, func(i Info) error {
		if c.Last != nil && c.Last(i.Name) {
			last = append(last, i)
		} else {
			first = append(first, i)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list %s: %w", c.From, err)
	}
	for _, i := range append(first, last...) {
		if err := c.object(ctx, i); err != nil {
			return fmt.Errorf("copy %s from %s to %s: %w", i.Name, c.From, c.To, err)
		}
	}
	return nil
}

func (c Copy) object(ctx context.Context, i Info) error {
	there, err := c.To.Stat(ctx, i.Name)
	if err == nil && there.Size == i.Size {
		return nil
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	body, err := c.From.Get(ctx, i.Name)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(io.LimitReader(body, i.Size+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return err
	}
	sum := Sum(sha256.Sum256(content))
	if c.Want != nil {
		if want, known := c.Want(i.Name); known && want != sum {
			return fmt.Errorf("%w: it is not what was stored", ErrDigest)
		}
	}
	if err := c.To.Put(ctx, i.Name, content, sum); err != nil {
		return err
	}
	if c.Told != nil {
		c.Told(i)
	}
	return nil
}
