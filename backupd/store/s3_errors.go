package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
)

// failed says what was done to what object where, and what the answer means.
func (s *S3) failed(ctx context.Context, a *attempt, doing, name string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if a != nil && errors.Is(context.Cause(a), errHangs) {
		err = fmt.Errorf("%w: no progress for %v", ErrMayPass, a.limit)
	} else {
		err = s.meaning(err)
	}
	return fmt.Errorf("%s %s in %s: %w", doing, name, s, err)
}

// meaning classifies an answer, or that there was none. What the server writes is kept for the
// reader, without what it says of requests and hosts.
func (s *S3) meaning(err error) error {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) || answer.StatusCode == 0 {
		return s.noAnswer(err)
	}
	said := fmt.Sprintf("the server says %d %s: %+.200q", answer.StatusCode, answer.Code, answer.Message)
	switch answer.Code {
	case minio.NoSuchKey, "NoSuchVersion":
		return ErrNotFound
	case minio.NoSuchBucket:
		return fmt.Errorf("%w: there is no bucket %s at %s; create it, or correct kagu.yaml", ErrNoStore, s.config.Bucket, s.config.Endpoint)
	case "RequestTimeTooSkewed":
		return fmt.Errorf("%w: %s; set the clock of this machine", ErrDenied, said)
	case "BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "XAmzContentChecksumMismatch":
		return fmt.Errorf("%w: %s", ErrDigest, said)
	// versitygw says the last one, among others, when a folder was emptied and removed just then.
	case "IncompleteBody", "RequestTimeout", "ConditionalRequestConflict", "OperationAborted", "SlowDown", "ExistingObjectIsDirectory":
		return fmt.Errorf("%w: %s", ErrMayPass, said)
	case "XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage":
		return fmt.Errorf("%w: %s; make space there, raise the quota, or let retention keep less", ErrFull, said)
	}
	switch status := answer.StatusCode; {
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusInsufficientStorage:
		return fmt.Errorf("%w: %s; make space there or let retention keep less", ErrFull, said)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return s.denied(said)
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500 && status != http.StatusNotImplemented:
		return fmt.Errorf("%w: %s", ErrMayPass, said)
	}
	return errors.New(said)
}

func (s *S3) denied(said string) error {
	err := fmt.Errorf("%w: %s; see that %s and %s hold keys that are valid now, and that their policy allows it (kagu grants s3 prints it)",
		ErrDenied, said, s.config.AccessKeyFile, s.config.SecretKeyFile)
	if s.keys.rotating() {
		err = fmt.Errorf("%w (%w: the keys were replaced just now)", err, ErrMayPass)
	}
	return err
}

// noAnswer judges what came instead of an answer. A server that is away, or answers in pieces, may
// come back; one that is not who it should be, or has no such name, does not become it.
func (s *S3) noAnswer(err error) error {
	var untrusted *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var dns *net.DNSError
	switch {
	case errors.Is(err, ErrDenied): // no keys to ask with
		return err
	case errors.As(err, &untrusted), errors.As(err, &unknown):
		return fmt.Errorf("%w; give ca_file the authority that signed the certificate of %s", err, s.config.Endpoint)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("%w; correct the endpoint in kagu.yaml, or set path_style if the bucket is no name of a host", err)
	case errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), http.ErrSchemeMismatch.Error()):
		return fmt.Errorf("%w; the endpoint speaks http: write http:// in kagu.yaml if that is meant", err)
	}
	return fmt.Errorf("%w: %w", ErrMayPass, err)
}
