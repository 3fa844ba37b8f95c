package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// Get returns an object. Its body ends with an error if it is not as long as it should be or has
// not the digest it was stored with.
func (s *S3) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	a := s.begin(ctx, 0)
	var opts minio.GetObjectOptions
	opts.Set("x-amz-checksum-mode", "ENABLED") // the library's own check knows one kind of checksum only
	body, info, header, err := s.client.GetObject(a, s.config.Bucket, s.key(name), opts)
	if err != nil {
		defer a.end()
		return nil, s.failed(ctx, a, "get", name, err)
	}
	b := &s3Body{store: s, ctx: ctx, attempt: a, name: name, body: body, size: info.Size}
	if sum, known := keptSum(header.Get(checksumKey), header.Get("X-Amz-Meta-"+http.CanonicalHeaderKey(sumKey))); known {
		b.want, b.digest = sum, sha256.New()
	}
	return b, nil
}

// An s3Body checks what it reads, and gives up when nothing comes.
type s3Body struct {
	store   *S3
	ctx     context.Context // of Get: it ends the body too
	attempt *attempt
	name    string
	body    io.ReadCloser
	size    int64
	read    int64
	digest  hash.Hash // nil: nobody knows what it should be
	want    Sum
}

func (b *s3Body) Read(p []byte) (int, error) {
	b.attempt.moved()
	n, err := b.body.Read(p)
	b.attempt.rest()
	b.read += int64(n)
	if b.digest != nil {
		b.digest.Write(p[:n])
	}
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF), b.read < b.size:
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return n, b.store.failed(b.ctx, b.attempt, "get", b.name, err)
	case b.size >= 0 && b.read > b.size, b.digest != nil && Sum(b.digest.Sum(nil)) != b.want:
		return n, fmt.Errorf("get %s in %s: %w: what came is not what was stored; read it again to see whether the store or the way to it damages", b.name, b.store, ErrDigest)
	}
	return n, io.EOF
}

func (b *s3Body) Close() error {
	b.attempt.end()
	return b.body.Close()
}

// Stat asks for an object's head.
func (s *S3) Stat(ctx context.Context, name string) (Info, error) {
	if err := CheckName(name); err != nil {
		return Info{}, err
	}
	if err := context.Cause(ctx); err != nil {
		return Info{}, err
	}
	info, err := s.head(ctx, "look at", name)
	if err != nil {
		return Info{}, err
	}
	return Info{Name: name, Size: info.Size, Stored: info.LastModified}, nil
}

// List asks for the names page by page. What others put there under other names is passed over.
func (s *S3) List(ctx context.Context, prefix string, each func(Info) error) error {
	if err := checkPrefix(prefix); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	a := s.begin(ctx, 0)
	defer a.end()
	last := ""
	for o := range s.client.ListObjectsIter(a, s.config.Bucket, minio.ListObjectsOptions{Prefix: s.key(prefix), Recursive: true}) {
		a.rest()
		if o.Err != nil {
			return s.failed(ctx, a, "list", prefix+"*", o.Err)
		}
		name := s.name(o.Key)
		if CheckName(name) != nil {
			a.moved()
			continue
		}
		if name <= last {
			return fmt.Errorf("list %s* in %s: the server does not list in the order of names; S3 directory buckets do not, use a general purpose one", prefix, s)
		}
		last = name
		if err := each(Info{Name: name, Size: o.Size, Stored: o.LastModified}); err != nil {
			return err
		}
		a.moved()
	}
	if err := context.Cause(a); err != nil { // the iteration says nothing of its end by context
		return s.failed(ctx, a, "list", prefix+"*", err)
	}
	return nil
}
