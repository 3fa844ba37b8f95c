package store

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kagu-db/kagu/internal/inventory"
)

// S3 keeps objects in a bucket.
//
// An object is one PUT, never a multipart upload: with MaxSize 64 MiB it goes from memory in one
// request, is there whole when the answer comes and not at all before, and leaves no started
// upload behind that costs money and that nobody lists (docs/adr/0012-parts-are-objects.md).
type S3 struct {
	// Patience is how long an attempt may make no progress; 0: a minute.
	Patience time.Duration

	config inventory.S3
	client minio.Core
	keys   *keyFiles

	mu        sync.Mutex
	asked     bool // what follows is known
	condition bool // the server keeps to If-None-Match
	versions  *bool
}

// slowest is the rate below which a PUT is taken for one that hangs.
const slowest = 128 << 10

// NewS3 returns the store in a bucket. It asks nobody yet.
func NewS3(c inventory.S3) (*S3, error) {
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil || endpoint.Host == "" || strings.Trim(endpoint.Path, "/") != "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return nil, fmt.Errorf("%+.100q is not the endpoint of a store: write http or https, host, and a port if it is not the usual one", c.Endpoint)
	}
	transport, err := newTransport(c.CAFile)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupDNS
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	keys := &keyFiles{access: c.AccessKeyFile, secret: c.SecretKeyFile}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:        credentials.New(keys),
		Secure:       endpoint.Scheme == "https",
		Transport:    transport,
		Region:       cmp.Or(c.Region, "us-east-1"),
		BucketLookup: lookup,
		MaxRetries:   1, // Retry does it, for every kind of store, and says so
	})
	if err != nil {
		return nil, fmt.Errorf("use the endpoint %s: %w", c.Endpoint, err)
	}
	return &S3{config: c, client: minio.Core{Client: client}, keys: keys}, nil
}

func newTransport(caFile string) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute, // an attempt's own patience ends sooner
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   8,
		DisableCompression:    true, // a digest is of what is stored
	}
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read the authority of a store: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate: name the PEM file of the authority that signed the store's", caFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// String names bucket and prefix.
func (s *S3) String() string {
	return "s3://" + strings.TrimSuffix(s.config.Bucket+"/"+s.config.Prefix, "/")
}

// Free returns false: a bucket has no end.
func (s *S3) Free(context.Context) (uint64, bool, error) { return 0, false, nil }

// key is the name of an object in the bucket, name what the store calls it.
func (s *S3) key(name string) string {
	if s.config.Prefix == "" {
		return name
	}
	return s.config.Prefix + "/" + name
}

func (s *S3) name(key string) string {
	if s.config.Prefix == "" {
		return key
	}
	return strings.TrimPrefix(key, s.config.Prefix+"/")
}

func (s *S3) patience() time.Duration { return cmp.Or(s.Patience, time.Minute) }

// errHangs ends an attempt, not the call: it may pass.
var errHangs = errors.New("no progress")

// An attempt is one request, ended when it makes no progress.
type attempt struct {
	context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

// begin starts an attempt that has the time of its patience, and what size bytes need.
func (s *S3) begin(ctx context.Context, size int) *attempt {
	a := &attempt{limit: s.patience() + time.Duration(size)*time.Second/slowest}
	a.Context, a.cancel = context.WithCancelCause(ctx)
	a.timer = time.AfterFunc(a.limit, func() { a.cancel(errHangs) })
	return a
}

// moved tells that there was progress.
func (a *attempt) moved() { a.timer.Reset(a.limit) }

// rest stops the clock while somebody else is at work.
func (a *attempt) rest() { a.timer.Stop() }

func (a *attempt) end() {
	a.timer.Stop()
	a.cancel(nil)
}
