package backupd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd/store"
)

// ErrDamaged says that an object of a backup is not what was stored.
var ErrDamaged = errors.New("damaged")

// ErrNoKey says that no key at hand opens the backup.
var ErrNoKey = errors.New("no key at hand opens this backup")

// A Reader gives the streams of a backup back. It is the Source of a Link.
type Reader struct {
	Store      store.Store
	Manifest   Manifest
	Identities []age.Identity
	Progress   func(plain, stored int) // is told of every part that was good; nil: nobody is
}

// Open begins to read a stream. Parts are fetched and opened ahead, as many as there are cores;
// what Read returns was checked: digest, key, frame checksums and length.
func (r *Reader) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	stream, err := r.Manifest.Stream(name)
	if err != nil {
		return nil, err
	}
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out.CloseWithError(r.copy(ctx, stream, out))
	}()
	return &streamReader{PipeReader: in, stop: func() { cancel(); <-ended }}, nil
}

// A streamReader ends the goroutine behind it when it is closed.
type streamReader struct {
	*io.PipeReader
	stop func()
}

func (r *streamReader) Close() error {
	err := r.PipeReader.Close()
	r.stop()
	return err
}

// copy writes a whole stream, in order, while the next parts are fetched and opened.
func (r *Reader) copy(ctx context.Context, stream Stream, w io.Writer) error {
	lanes := min(runtime.GOMAXPROCS(0)+1, maxPartsOpen)
	free := make(chan *opener, lanes)
	for range lanes {
		o, err := newOpener(r)
		if err != nil {
			return err
		}
		defer o.decoder.Close()
		free <- o
	}
	g, ctx := errgroup.WithContext(ctx)
	queue := make(chan chan *opener, lanes) // of parts in order, each with the opener that holds it
	g.Go(func() error {
		defer close(queue)
		for n := range stream.Parts {
			var o *opener
			select {
			case o = <-free:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			ready := make(chan *opener, 1)
			queue <- ready // never waits: there are as many places as openers
			g.Go(func() error {
				err := o.open(ctx, stream, n)
				if err == nil {
					ready <- o
				}
				return err
			})
		}
		return nil
	})
	g.Go(func() error {
		for ready := range queue {
			select {
			case o := <-ready:
				if _, err := w.Write(o.plain); err != nil {
					return err
				}
				free <- o
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	return g.Wait()
}

// An opener opens one part after the other into the same memory.
type opener struct {
	reader    *Reader
	decoder   *zstd.Decoder
	sealed    []byte
	decrypted bytes.Buffer
	plain     []byte
}

func newOpener(r *Reader) (*opener, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("prepare to decompress: %w", err)
	}
	return &opener{reader: r, decoder: d}, nil
}

// open fetches a part and checks all of it: length, digest, key, frames, length again.
func (o *opener) open(ctx context.Context, stream Stream, n int) error {
	m, part := o.reader.Manifest, stream.Parts[n]
	name := partOf(m.Cluster, m.ID, stream.Name, n)
	bad := func(format string, args ...any) error {
		return fmt.Errorf("part %s in %s is %w: %w", name, o.reader.Store, ErrDamaged, fmt.Errorf(format, args...))
	}
	if err := o.fetch(ctx, name, part.Size); err != nil {
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, errLength) {
			return bad("%w", err)
		}
		return fmt.Errorf("read part %s: %w", name, err)
	}
	if sum := sha256.Sum256(o.sealed); hex.EncodeToString(sum[:]) != part.Sum {
		return bad("its digest is not the manifest's")
	}
	frames := o.sealed
	if len(m.Sealing.Recipients) > 0 {
		var err error
		if frames, err = o.decrypt(); err != nil {
			if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong || len(o.reader.Identities) == 0 {
				return fmt.Errorf("%w: it was encrypted for %v", ErrNoKey, m.Sealing.Recipients)
			}
			return bad("decrypt: %w", err)
		}
	}
	if cap(o.plain) < int(part.Plain) {
		o.plain = make([]byte, 0, part.Plain)
	}
	var err error
	if o.plain, err = o.decoder.DecodeAll(frames, o.plain[:0]); err != nil {
		return bad("decompress: %w", err)
	}
	if int64(len(o.plain)) != part.Plain {
		return bad("it holds %d bytes, the manifest says %d", len(o.plain), part.Plain)
	}
	if o.reader.Progress != nil {
		o.reader.Progress(len(o.plain), len(o.sealed))
	}
	return nil
}

var errLength = errors.New("its length is not the manifest's")

func (o *opener) fetch(ctx context.Context, name string, size int64) error {
	body, err := o.reader.Store.Get(ctx, name)
	if err != nil {
		return err
	}
	defer body.Close()
	if cap(o.sealed) < int(size) {
		o.sealed = make([]byte, size)
	}
	o.sealed = o.sealed[:size]
	if _, err := io.ReadFull(body, o.sealed); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return errLength
		}
		return err
	}
	if n, err := body.Read(make([]byte, 1)); n > 0 {
		return errLength
	} else if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (o *opener) decrypt() ([]byte, error) {
	if len(o.reader.Identities) == 0 {
		return nil, ErrNoKey
	}
	r, err := age.Decrypt(bytes.NewReader(o.sealed), o.reader.Identities...)
	if err != nil {
		return nil, err
	}
	o.decrypted.Reset()
	_, err = o.decrypted.ReadFrom(r)
	return o.decrypted.Bytes(), err
}
