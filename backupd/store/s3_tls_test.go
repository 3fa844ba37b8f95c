package store_test

import (
	"encoding/pem"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/storetest"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A server that is not who it should be does not become it: that is told at once, with what to do.
func TestWhoTheServerIs(t *testing.T) {
	backend := s3mem.New()
	if err := backend.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	tls := httptest.NewTLSServer(gofakes3.New(backend).Server())
	t.Cleanup(tls.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	write(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})))
	plain := fake(t)
	for _, c := range []struct {
		name     string
		endpoint string
		ca       string
		says     string
	}{
		{"its authority is named", tls.URL, authority, ""},
		{"nobody vouches for it", tls.URL, "", "give ca_file the authority"},
		{"it speaks without TLS", strings.Replace(plain.Endpoint, "http:", "https:", 1), "", "the endpoint speaks http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := inventory.S3{
				Endpoint: c.endpoint, Bucket: "backups", PathStyle: true, CAFile: c.ca,
				AccessKeyFile: plain.AccessKeyFile, SecretKeyFile: plain.SecretKeyFile,
			}
			st := open(t, config)
			err := storetest.Put(t.Context(), st, "a", []byte("x"))
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || store.MayPass(err) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q, and that it does not pass", err, c.says)
			}
		})
	}
}

func TestKeysThatCannotBeRead(t *testing.T) {
	c := fake(t)
	write(t, c.SecretKeyFile, "")
	err := storetest.Put(t.Context(), open(t, c), "a", []byte("x"))
	if store.MayPass(err) || err == nil || !strings.Contains(err.Error(), c.SecretKeyFile) {
		t.Errorf("got %v, want the file", err)
	}
	c.Bucket, c.SecretKeyFile = "none", c.AccessKeyFile
	if err := storetest.Put(t.Context(), open(t, c), "a", []byte("x")); err == nil || store.MayPass(err) || !strings.Contains(err.Error(), "there is no bucket none") {
		t.Errorf("got %v, want that there is no such bucket", err)
	}
}
