package store_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/storetest"
	"github.com/kagu-db/kagu/internal/inventory"
)

// fake returns a bucket of gofakes3, which knows conditions but keeps no checksums.
func fake(t testing.TB) inventory.S3 {
	backend := s3mem.New()
	if err := backend.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	access, secret := keys(t, "AKFAKE", "secret of the fake")
	return inventory.S3{Endpoint: server.URL, Bucket: "backups", Prefix: "noumea", PathStyle: true, AccessKeyFile: access, SecretKeyFile: secret}
}

func keys(t testing.TB, access, secret string) (accessFile, secretFile string) {
	dir := t.TempDir()
	accessFile, secretFile = filepath.Join(dir, "access"), filepath.Join(dir, "secret")
	write(t, accessFile, access+"\n")
	write(t, secretFile, secret+"\n")
	return accessFile, secretFile
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, c inventory.S3) *store.S3 {
	t.Helper()
	s, err := store.NewS3(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fresh returns stores in a bucket that share nothing: each has a prefix of its own.
func fresh(c inventory.S3) func(testing.TB) store.Store {
	var n atomic.Int64
	return func(t testing.TB) store.Store {
		c := c
		c.Prefix = fmt.Sprintf("test/%d", n.Add(1))
		return open(t, c)
	}
}

func TestS3OnAFake(t *testing.T) { storetest.Run(t, fresh(fake(t))) }

func TestWhatIsNoBucket(t *testing.T) {
	for _, c := range []struct {
		name string
		s3   inventory.S3
		want string
	}{
		{"no scheme", inventory.S3{Endpoint: "s3.example.net"}, "not the endpoint"},
		{"another scheme", inventory.S3{Endpoint: "ftp://s3.example.net"}, "not the endpoint"},
		{"no authority where one is named", inventory.S3{Endpoint: "https://s3.example.net", CAFile: "testdata/none.pem"}, "read the authority"},
		{"a path in the endpoint", inventory.S3{Endpoint: "https://s3.example.net/backups"}, "not the endpoint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := store.NewS3(c.s3); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
