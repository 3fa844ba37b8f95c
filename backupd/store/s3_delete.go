package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/minio/minio-go/v7"
)

// Delete removes an object. In a bucket with versions it removes all of the object's versions: the
// plain request would only hide it, and the space would never be free again.
func (s *S3) Delete(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	versioned, err := s.versioned(ctx)
	if err != nil {
		return err
	}
	if !versioned {
		return s.remove(ctx, name, "")
	}
	versions, err := s.versionsOf(ctx, name)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if err := s.remove(ctx, name, v); err != nil {
			return err
		}
	}
	return nil
}

// versionsOf returns what is stored under a name, in the order in which it must be removed: data
// before marks of deletion, and older before newer. So a lock that forbids a removal leaves all as
// it was, and nothing that was gone appears again on the way.
func (s *S3) versionsOf(ctx context.Context, name string) ([]string, error) {
	a := s.begin(ctx, 0)
	defer a.end()
	var data, marks []string
	for o := range s.client.ListObjectsIter(a, s.config.Bucket, minio.ListObjectsOptions{Prefix: s.key(name), Recursive: true, WithVersions: true}) {
		if o.Err != nil {
			return nil, s.failed(ctx, a, "delete", name, o.Err)
		}
		a.moved()
		switch {
		case o.Key != s.key(name):
		case o.IsDeleteMarker:
			marks = append(marks, o.VersionID)
		default:
			data = append(data, o.VersionID)
		}
	}
	if err := context.Cause(a); err != nil {
		return nil, s.failed(ctx, a, "delete", name, err)
	}
	slices.Reverse(data) // a server lists the newest first
	slices.Reverse(marks)
	return append(data, marks...), nil
}

func (s *S3) remove(ctx context.Context, name, version string) error {
	a := s.begin(ctx, 0)
	defer a.end()
	err := s.client.RemoveObject(a, s.config.Bucket, s.key(name), minio.RemoveObjectOptions{VersionID: version})
	if err == nil {
		return nil
	}
	if err = s.failed(ctx, a, "delete", name, err); errors.Is(err, ErrNotFound) {
		return nil
	}
	if errors.Is(err, ErrDenied) && version != "" {
		if until := s.lockedUntil(a, name, version); until.After(time.Now()) {
			return fmt.Errorf("delete %s in %s: %w until %s", name, s, ErrLocked, until.UTC().Format(time.RFC3339))
		}
	}
	return err
}

// lockedUntil is from a version's head, which all servers write alike; zero if it is not told. It is
// asked only to explain a refusal.
func (s *S3) lockedUntil(ctx context.Context, name, version string) time.Time {
	info, err := s.client.StatObject(ctx, s.config.Bucket, s.key(name), minio.StatObjectOptions{VersionID: version})
	if err != nil {
		return time.Time{}
	}
	until, err := time.Parse(time.RFC3339, info.Metadata.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	if err != nil {
		return time.Time{}
	}
	return until
}

// versioned reports whether the bucket keeps versions, or did once.
func (s *S3) versioned(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	if s.versions != nil {
		return *s.versions, nil
	}
	a := s.begin(ctx, 0)
	defer a.end()
	config, err := s.client.GetBucketVersioning(a, s.config.Bucket)
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusNotImplemented || answer.StatusCode == http.StatusMethodNotAllowed) {
		err = nil // no versions at all
	}
	if err != nil {
		return false, s.failed(ctx, a, "ask for versions of", "objects", err)
	}
	known := config.Enabled() || config.Suspended()
	s.versions = &known
	return known, nil
}
