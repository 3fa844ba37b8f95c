package store_test

import (
	"errors"
	"path"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/backupd/store"
)

// A name that passes leads nowhere but to one file below the store, and says the same to every
// kind of store.
func FuzzCheckName(f *testing.F) {
	for _, name := range []string{
		"c/20260102T030405Z-physical-abc/parts/data/00000000", "a", "a.b-c_d/E9", "", "/", "..", "a/../b", "a//b", "a/", ".tmp/x",
		"kagu-store", "kagu-store/a", "kagu-stores", "a\x00b", "a b", "é", "a\\b", "%2e%2e", strings.Repeat("a", 201), strings.Repeat("ab/", 171),
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := store.CheckName(name)
		if err != nil {
			if !errors.Is(err, store.ErrName) || len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("%q: an error that is not for people: %q", name, err)
			}
			return
		}
		if name != path.Clean(name) || path.IsAbs(name) || len(name) > 512 {
			t.Errorf("%q is allowed", name)
		}
		for segment := range strings.SplitSeq(name, "/") {
			if segment == "" || segment[0] == '.' || strings.Trim(segment, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
				t.Errorf("%q is allowed, with the segment %q", name, segment)
			}
		}
	})
}
