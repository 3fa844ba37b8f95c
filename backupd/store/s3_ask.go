package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"
)

func (s *S3) conditional() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.condition
}

// ask finds out, before the first object is put, what the server can do: whether it keeps to a
// condition, and whether the bucket locks objects if that is wanted.
func (s *S3) ask(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked {
		return context.Cause(ctx)
	}
	if s.config.Lock > 0 {
		if err := s.askLock(ctx); err != nil {
			return err
		}
	}
	// The second marker must be refused. A server that knows no conditions replaces it by the same.
	for range 2 {
		refused, err := s.putMarker(ctx)
		if err != nil {
			return err
		}
		s.condition = refused
		if refused {
			break
		}
	}
	s.asked = true
	return nil
}

// putMarker reports whether the server refused to replace the marker.
func (s *S3) putMarker(ctx context.Context) (bool, error) {
	a := s.begin(ctx, 0)
	defer a.end()
	content := []byte(markerText)
	sum := sha256.Sum256(content)
	opts := minio.PutObjectOptions{DisableContentSha256: true}
	opts.SetMatchETagExcept("*")
	_, err := s.client.PutObject(a, s.config.Bucket, s.key(Marker), bytes.NewReader(content), int64(len(content)), "", hex.EncodeToString(sum[:]), opts)
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		switch answer.StatusCode {
		case http.StatusPreconditionFailed:
			return true, nil
		case http.StatusNotImplemented:
			return false, nil
		}
	}
	if err != nil {
		return false, s.harmed(s.failed(ctx, a, "put", Marker, err), content, sum)
	}
	return false, nil
}

// askLock fails if the bucket says that it has no lock. If we may not ask, the server refuses the
// first object instead.
func (s *S3) askLock(ctx context.Context) error {
	a := s.begin(ctx, 0)
	defer a.end()
	enabled, _, _, _, err := s.client.GetObjectLockConfig(a, s.config.Bucket)
	var answer minio.ErrorResponse
	none := errors.As(err, &answer) && (answer.Code == "ObjectLockConfigurationNotFoundError" || answer.StatusCode == http.StatusNotImplemented)
	switch {
	case none, err == nil && enabled != "Enabled":
		return fmt.Errorf("%w: %s has no object lock, and kagu.yaml wants objects locked for %v; make a bucket with object lock, or remove lock", ErrNoStore, s, s.config.Lock)
	case err == nil, answer.StatusCode == http.StatusForbidden:
		return nil
	}
	return s.failed(ctx, a, "ask for the lock of", "objects", err)
}
