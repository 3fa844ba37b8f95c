package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/storetest"
)

// A copying is two stores, the first with a small backup in it.
type copying struct {
	store.Copy

	mu     sync.Mutex
	copied []string
}

func newCopying(t *testing.T) *copying {
	c := &copying{}
	c.From, c.To = newFolder(t), newFolder(t)
	c.Last = func(name string) bool { return strings.HasSuffix(name, "/manifest") }
	c.Told = func(i store.Info) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.copied = append(c.copied, i.Name)
	}
	for _, name := range []string{"c/1/manifest", "c/1/parts/0", "c/1/parts/1", "c/1/parts/2", "c/2/manifest", "d/1/manifest"} {
		if err := storetest.Put(t.Context(), c.From, name, contentOf(name)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func contentOf(name string) []byte { return bytes.Repeat([]byte(name), 1000) }

func TestCopy(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*testing.T, *copying)
		want    string // copied, those at once sorted
		err     error
		says    string
	}{
		{"all, the manifest last", func(*testing.T, *copying) {}, "c/1/parts/0 c/1/parts/1 c/1/parts/2 | c/1/manifest", nil, ""},
		{"goes on where it was interrupted", func(t *testing.T, c *copying) {
			must(t, storetest.Put(t.Context(), c.To, "c/1/parts/1", contentOf("c/1/parts/1")))
		}, "c/1/parts/0 c/1/parts/2 | c/1/manifest", nil, ""},
		{"nothing twice", func(t *testing.T, c *copying) {
			must(t, c.Run(t.Context(), "c/1/"))
			c.copied = nil
		}, " | ", nil, ""},
		{"nothing over another object", func(t *testing.T, c *copying) {
			must(t, storetest.Put(t.Context(), c.To, "c/1/parts/1", []byte("another")))
		}, "c/1/parts/0 c/1/parts/2 | ", store.ErrExists, "c/1/parts/1"},
		{"nothing that is damaged", func(t *testing.T, c *copying) {
			c.Want = func(name string) (store.Sum, bool) { return sha256.Sum256(contentOf(name)), true }
			damaged := contentOf("c/1/parts/2")
			damaged[77] ^= 1
			must(t, os.WriteFile(filepath.Join(c.From.String(), "c/1/parts/2"), damaged, 0o600))
		}, "c/1/parts/0 c/1/parts/1 | ", store.ErrDigest, "c/1/parts/2"},
		{"not into a store that is not there", func(t *testing.T, c *copying) {
			must(t, os.Remove(filepath.Join(c.To.String(), store.Marker)))
		}, " | ", store.ErrNoStore, "mount"},
		{"not when it is over", func(t *testing.T, c *copying) {
			list := c.To
			c.To = ending{list}
		}, " | ", context.Canceled, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cp := newCopying(t)
			c.prepare(t, cp)
			err := cp.Run(t.Context(), "c/1/")
			if !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v with %q", err, c.err, c.says)
			}
			first := slices.DeleteFunc(slices.Clone(cp.copied), cp.Last)
			slices.Sort(first)
			got := strings.Join(first, " ") + " | " + strings.Join(cp.copied[len(first):], " ")
			if got != c.want {
				t.Errorf("copied %s, want %s", got, c.want)
			}
			for _, name := range cp.copied {
				if content, err := storetest.Get(t.Context(), cp.To, name); err != nil || !bytes.Equal(content, contentOf(name)) {
					t.Errorf("%s is not what was copied: %v", name, err)
				}
			}
		})
	}
}

// An ending store is one whose caller gives up while objects are put.
type ending struct{ store.Store }

func (ending) Put(context.Context, string, []byte, store.Sum) error {
	return fmt.Errorf("put: %w", context.Canceled)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
