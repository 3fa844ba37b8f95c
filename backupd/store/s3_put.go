package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// sumKey is where an object carries its digest for servers that keep no checksums of their own. It
// is also the digest of an object that such a server or a copying tool brought elsewhere.
const (
	sumKey      = "sha256"
	checksumKey = "X-Amz-Checksum-Sha256"
)

// Put stores an object in one request. The digest goes along twice: in the signature, so that the
// server refuses another content, and as checksum that it keeps.
func (s *S3) Put(ctx context.Context, name string, content []byte, sum Sum) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if len(content) > MaxSize {
		return fmt.Errorf("put %s in %s: %w", name, s, ErrTooLarge)
	}
	if err := s.ask(ctx); err != nil {
		return err
	}
	if !s.conditional() {
		if there, err := s.there(ctx, name, int64(len(content)), sum); err != nil || there {
			return err
		}
	}
	a := s.begin(ctx, len(content))
	defer a.end()
	opts := minio.PutObjectOptions{
		DisableContentSha256: true, // the library would hash anew, piece by piece
		UserMetadata:         map[string]string{sumKey: hex.EncodeToString(sum[:]), checksumKey: base64.StdEncoding.EncodeToString(sum[:])},
	}
	if s.config.Lock > 0 {
		opts.Mode, opts.RetainUntilDate = minio.Compliance, time.Now().Add(s.config.Lock)
	}
	if s.conditional() {
		opts.SetMatchETagExcept("*")
	}
	info, err := s.client.PutObject(a, s.config.Bucket, s.key(name), bytes.NewReader(content), int64(len(content)), "", hex.EncodeToString(sum[:]), opts)
	if err != nil {
		return s.refused(ctx, a, name, content, sum, err)
	}
	if kept := info.ChecksumSHA256; kept != "" && kept != base64.StdEncoding.EncodeToString(sum[:]) {
		return fmt.Errorf("put %s in %s: %w: the server keeps another one", name, s, ErrDigest)
	}
	return nil
}

// refused says what it means that the server did not store the object. A taken name may be our own:
// the answer to an earlier attempt was lost.
func (s *S3) refused(ctx context.Context, a *attempt, name string, content []byte, sum Sum, err error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.StatusCode == http.StatusPreconditionFailed {
		there, err := s.there(ctx, name, int64(len(content)), sum)
		if err == nil && !there {
			err = s.failed(ctx, nil, "put", name, fmt.Errorf("%w: the name is taken and holds nothing: it was deleted while it was put, or is hidden by a mark of deletion, which deleting it here removes", ErrMayPass))
		}
		return err
	}
	return s.harmed(s.failed(ctx, a, "put", name, err), content, sum)
}

// harmed adds that it may pass if a server says of content which is whole here that it is not: it was
// damaged on its way.
func (s *S3) harmed(err error, content []byte, sum Sum) error {
	if errors.Is(err, ErrDigest) && sha256.Sum256(content) == sum {
		err = fmt.Errorf("%w (%w: it left here whole)", err, ErrMayPass)
	}
	return err
}

// there reports whether the object is there already; ErrExists if its content is another.
func (s *S3) there(ctx context.Context, name string, size int64, sum Sum) (bool, error) {
	info, err := s.head(ctx, "put", name)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	same := info.Size == size
	if same {
		if kept, known := keptSum(info.ChecksumSHA256, info.UserMetadata[http.CanonicalHeaderKey(sumKey)]); known {
			same = kept == sum
		} else if same, err = s.reads(ctx, name, size, sum); err != nil {
			return false, err
		}
	}
	if !same {
		return false, fmt.Errorf("put %s in %s: %w; it was left as it is", name, s, ErrExists)
	}
	return true, nil
}

// reads compares an object by its content, if the server knows no digest of it.
func (s *S3) reads(ctx context.Context, name string, size int64, sum Sum) (bool, error) {
	body, err := s.Get(ctx, name)
	if err != nil {
		return false, err
	}
	defer body.Close()
	return holds(body, size, sum)
}

// keptSum is the digest of a whole object as server or metadata tell it.
func keptSum(checksum, metadata string) (Sum, bool) {
	if raw, err := base64.StdEncoding.DecodeString(checksum); err == nil && len(raw) == len(Sum{}) {
		return Sum(raw), true
	}
	if raw, err := hex.DecodeString(metadata); err == nil && len(raw) == len(Sum{}) {
		return Sum(raw), true
	}
	return Sum{}, false
}

func (s *S3) head(ctx context.Context, doing, name string) (minio.ObjectInfo, error) {
	a := s.begin(ctx, 0)
	defer a.end()
	info, err := s.client.StatObject(a, s.config.Bucket, s.key(name), minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return info, s.failed(ctx, a, doing, name, err)
	}
	return info, nil
}
