package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/s3test"
	"github.com/kagu-db/kagu/backupd/store/storetest"
)

// locked: objects cannot be deleted before their time, by nobody, and Delete says until when.
func locked(t *testing.T, server *s3test.Server) {
	c := server.Bucket("locked", true)
	c.Lock = 24 * time.Hour
	st := open(t, c)
	for range 2 { // the second time as after a lost answer
		if err := storetest.Put(t.Context(), st, "a/b", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	info, err := server.Admin.StatObject(t.Context(), c.Bucket, "a/b", minio.StatObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mode := info.Metadata.Get("X-Amz-Object-Lock-Mode")
	until, err := time.Parse(time.RFC3339, info.Metadata.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	if err != nil || mode != "COMPLIANCE" || time.Until(until) < 23*time.Hour || time.Until(until) > 25*time.Hour {
		t.Fatalf("the lock is %s until %v (%v)", mode, until, err)
	}
	if err := st.Delete(t.Context(), "a/b"); !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), until.UTC().Format("2006-01-02T15:04")) {
		t.Errorf("got %v, want ErrLocked and until when", err)
	}
	if err := storetest.Put(t.Context(), st, "a/b", []byte("y")); !errors.Is(err, store.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	if got, err := storetest.Get(t.Context(), st, "a/b"); err != nil || string(got) != "x" {
		t.Errorf("got %q (%v)", got, err)
	}
	if names, err := storetest.Names(t.Context(), st, ""); err != nil || !slices.Equal(names, []string{"a/b"}) {
		t.Errorf("listed %v (%v)", names, err)
	}
}

// unlockable: a bucket without object lock is not taken for one that has it.
func unlockable(t *testing.T, server *s3test.Server) {
	c := server.Bucket("unlockable", false)
	c.Lock = 24 * time.Hour
	st := open(t, c)
	err := storetest.Put(t.Context(), st, "a", []byte("x"))
	if !errors.Is(err, store.ErrNoStore) || !strings.Contains(err.Error(), "has no object lock") {
		t.Errorf("got %v, want that it has no lock", err)
	}
	if names, err := storetest.Names(t.Context(), st, ""); err != nil || len(names) != 0 {
		t.Errorf("listed %v (%v)", names, err)
	}
}

// versions: a bucket with versions keeps nothing of what was deleted, not even under a mark that
// somebody else set.
func versions(t *testing.T, server *s3test.Server) {
	c := server.Bucket("versions", true)
	st := open(t, c)
	for _, name := range []string{"a", "ab", "c/b"} {
		if err := storetest.Put(t.Context(), st, name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := server.Admin.PutObject(t.Context(), c.Bucket, "a", strings.NewReader("another"), 7, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := server.Admin.RemoveObject(t.Context(), c.Bucket, "a", minio.RemoveObjectOptions{}); err != nil { // hides it
		t.Fatal(err)
	}
	if _, err := st.Stat(t.Context(), "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if n := kept(t, server, c.Bucket, "a"); n != 3 {
		t.Fatalf("%d versions are kept, want two and a mark", n)
	}
	if err := st.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if n := kept(t, server, c.Bucket, "a"); n != 0 {
		t.Errorf("%d versions are kept of what was deleted", n)
	}
	if names, err := storetest.Names(t.Context(), st, ""); err != nil || !slices.Equal(names, []string{"ab", "c/b"}) {
		t.Errorf("left %v (%v)", names, err)
	}
}

func kept(t *testing.T, server *s3test.Server, bucket, key string) (n int) {
	t.Helper()
	for o := range server.Admin.ListObjectsIter(t.Context(), bucket, minio.ListObjectsOptions{WithVersions: true, Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if o.Key == key {
			n++
		}
	}
	return n
}

// wrongDigest: content and digest that do not belong together are refused by the server.
func wrongDigest(t *testing.T, server *s3test.Server) {
	st := open(t, server.Bucket("digest", false))
	err := st.Put(t.Context(), "a", []byte("x"), store.Sum{})
	if !errors.Is(err, store.ErrDigest) || store.MayPass(err) {
		t.Errorf("got %v, want ErrDigest, which does not pass", err)
	}
	if _, err := st.Stat(t.Context(), "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it is there: %v", err)
	}
}
