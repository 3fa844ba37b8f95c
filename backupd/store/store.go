package store

import (
	"context"
	"crypto/sha256"
	"io"
	"time"
)

// A Store keeps objects under names.
type Store interface {
	// Put stores an object; the far end checks the digest where it can. The same content again is
	// success, so that a lost answer can be retried; another content under the same name is
	// ErrExists.
	Put(ctx context.Context, name string, content []byte, sum Sum) error
	// Get returns the whole object, or ErrNotFound.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Stat returns size and time of an object, or ErrNotFound.
	Stat(ctx context.Context, name string) (Info, error)
	// List calls each for every object whose name begins with prefix, in the order of names. Its
	// error ends the listing.
	List(ctx context.Context, prefix string, each func(Info) error) error
	// Delete removes an object. One that is not there is no error.
	Delete(ctx context.Context, name string) error
	// Free returns the bytes that are free, false if there is no such limit.
	Free(ctx context.Context) (bytes uint64, limited bool, err error)
	// String names the store for people, without secrets.
	String() string
}

// Info is what a store tells of an object.
type Info struct {
	Name   string
	Size   int64
	Stored time.Time
}

// Sum is the SHA-256 of an object.
type Sum [sha256.Size]byte

// MaxSize bounds an object. A part has 16 MiB, a manifest less.
const MaxSize = 64 << 20
