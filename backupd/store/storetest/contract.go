package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
)

// Run holds a store to the contract. newStore returns an empty one; what it wraps and where its
// objects are is its own business.
func Run(t *testing.T, newStore func(testing.TB) store.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"what was put comes back", putAndGet},
		{"what is not there is not found", notThere},
		{"the same again is success", sameAgain},
		{"another content is refused and changes nothing", another},
		{"names are checked", names},
		{"an object too large is refused", tooLarge},
		{"a listing is in the order of names", listing},
		{"a listing ends when told", listingEnds},
		{"a long listing is whole", longListing},
		{"a deleted object is gone", deleted},
		{"a name can be used again after its object was deleted", usedAgain},
		{"two writers of one name: one content wins, whole", twoWriters},
		{"writers and readers at once", atOnce},
		{"a call that is over before it began does nothing", cancelled},
		{"it has a name for people", described},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newStore(t)) })
	}
}

// Content returns bytes that look random and are always the same for a seed.
func Content(seed uint64, size int) []byte {
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	content := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(content) // never fails
	return content
}

// Put stores a content under a name.
func Put(ctx context.Context, st store.Store, name string, content []byte) error {
	return st.Put(ctx, name, content, sha256.Sum256(content))
}

// putOver puts an object whose name may be taken, again if the connection broke under it: a
// server knows by the head of the request that it will refuse it, and one that closes the connection
// then does so while the body is still being sent, so that its answer may not arrive.
func putOver(ctx context.Context, st store.Store, name string, content []byte) (err error) {
	for range 20 {
		var lost *net.OpError
		if err = Put(ctx, st, name, content); !errors.As(err, &lost) {
			break
		}
	}
	return err
}

// Get returns the content of an object.
func Get(ctx context.Context, st store.Store, name string) ([]byte, error) {
	body, err := st.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(body)
	return content, errors.Join(err, body.Close())
}

// Names returns what is listed below a prefix.
func Names(ctx context.Context, st store.Store, prefix string) ([]string, error) {
	var names []string
	err := st.List(ctx, prefix, func(i store.Info) error {
		names = append(names, i.Name)
		return nil
	})
	return names, err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, st store.Store, name string, want []byte) {
	t.Helper()
	got, err := Get(t.Context(), st, name)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: got %d bytes that are not the %d that were put", name, len(got), len(want))
	}
}

func putAndGet(t *testing.T, st store.Store) {
	for i, size := range []int{0, 1, 100_000, 16 << 20} {
		name := fmt.Sprintf("c/20260102T030405Z-physical-abc/parts/data/%08d", i)
		content := Content(uint64(i), size)
		must(t, Put(t.Context(), st, name, content))
		wants(t, st, name, content)
		info, err := st.Stat(t.Context(), name)
		must(t, err)
		if info.Name != name || info.Size != int64(size) {
			t.Errorf("Stat says %+v of %s with %d bytes", info, name, size)
		}
		if age := time.Since(info.Stored); age < -time.Hour || age > time.Hour {
			t.Errorf("Stat says that %s was stored %v ago", name, age)
		}
	}
	if _, limited, err := st.Free(t.Context()); err != nil {
		t.Errorf("Free (limited %v): %v", limited, err)
	}
}

func notThere(t *testing.T, st store.Store) {
	must(t, Put(t.Context(), st, "a/b/c", []byte("x")))
	for _, name := range []string{"none", "a", "a/b", "a/b/d", "a/b/c/d", "x/y/z"} {
		if _, err := Get(t.Context(), st, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of %s: got %v, want ErrNotFound", name, err)
		}
		if _, err := st.Stat(t.Context(), name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Stat of %s: got %v, want ErrNotFound", name, err)
		}
		must(t, st.Delete(t.Context(), name))
	}
	wants(t, st, "a/b/c", []byte("x"))
	none, err := Names(t.Context(), st, "x/")
	must(t, err)
	if len(none) != 0 {
		t.Errorf("found %v below a prefix that nothing has", none)
	}
}

func sameAgain(t *testing.T, st store.Store) {
	content := Content(1, 300_000)
	for range 3 {
		must(t, putOver(t.Context(), st, "a/b", content))
	}
	wants(t, st, "a/b", content)
}

func another(t *testing.T, st store.Store) {
	content := Content(1, 70_000)
	must(t, Put(t.Context(), st, "a/b", content))
	flipped := slices.Clone(content)
	flipped[50_000] ^= 1
	for what, other := range map[string][]byte{
		"a flipped bit": flipped, "a shorter one": content[:69_999], "a longer one": append(slices.Clone(content), 0), "an empty one": nil,
	} {
		if err := putOver(t.Context(), st, "a/b", other); !errors.Is(err, store.ErrExists) {
			t.Errorf("%s: got %v, want ErrExists", what, err)
		}
		wants(t, st, "a/b", content)
	}
}

func names(t *testing.T, st store.Store) {
	for _, name := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.b", "a b", "a\\b", "a\x00", "é", "a:b", store.Marker, store.Marker + "/a", strings.Repeat("a", 201), strings.Repeat("a/", 300) + "a"} {
		_, getErr := st.Get(t.Context(), name)
		_, statErr := st.Stat(t.Context(), name)
		for call, err := range map[string]error{"Put": Put(t.Context(), st, name, []byte("x")), "Get": getErr, "Stat": statErr, "Delete": st.Delete(t.Context(), name)} {
			if !errors.Is(err, store.ErrName) {
				t.Errorf("%s of %.40q: got %v, want ErrName", call, name, err)
			}
		}
	}
	for _, prefix := range []string{"/", "../", "a//", "a b", "."} {
		if _, err := Names(t.Context(), st, prefix); !errors.Is(err, store.ErrName) {
			t.Errorf("List of %q: got %v, want ErrName", prefix, err)
		}
	}
	all, err := Names(t.Context(), st, "")
	must(t, err)
	if len(all) != 0 {
		t.Errorf("%v is listed and was never put", all)
	}
}

func tooLarge(t *testing.T, st store.Store) {
	if err := Put(t.Context(), st, "a", make([]byte, store.MaxSize+1)); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

// objects are names whose order differs if a folder is taken for a unit.
var objects = []string{"a-b/1", "a.c/1", "a/0", "a/b-c", "a/b/1", "a/b/2", "a/b0", "a0", "b/20260101/manifest", "b/20260101/parts/x/1", "b/20260102/manifest"}

func listing(t *testing.T, st store.Store) {
	shuffled := slices.Clone(objects)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, name := range shuffled {
		must(t, Put(t.Context(), st, name, []byte(name)))
	}
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "a-", "b/2026", "b/20260101", "b/20260101/", "b/20260101/manifest", "b/20260101/manifest/", "c", "c/d/"} {
		var want []string
		for _, name := range objects {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		var got []string
		must(t, st.List(t.Context(), prefix, func(i store.Info) error {
			if i.Size != int64(len(i.Name)) || i.Stored.IsZero() {
				t.Errorf("listed with wrong facts: %+v", i)
			}
			got = append(got, i.Name)
			return nil
		}))
		if !slices.Equal(got, want) {
			t.Errorf("prefix %q: got %v, want %v", prefix, got, want)
		}
	}
}

func listingEnds(t *testing.T, st store.Store) {
	for _, name := range objects {
		must(t, Put(t.Context(), st, name, []byte("x")))
	}
	enough, seen := errors.New("enough"), 0
	err := st.List(t.Context(), "a", func(store.Info) error {
		if seen++; seen == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != 3 {
		t.Errorf("got %v after %d, want its own error after 3", err, seen)
	}
}

// longListing is longer than what a server tells in one answer.
func longListing(t *testing.T, st store.Store) {
	const n = 1100
	var work sync.WaitGroup
	errs := make(chan error, n)
	for worker := range 8 {
		work.Go(func() {
			for i := worker; i < n; i += 8 {
				errs <- Put(t.Context(), st, fmt.Sprintf("c/x/parts/%08d", i), []byte{byte(i)})
			}
		})
	}
	work.Wait()
	close(errs)
	for err := range errs {
		must(t, err)
	}
	got, err := Names(t.Context(), st, "c/x/")
	must(t, err)
	if len(got) != n || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != n {
		t.Errorf("got %d names, sorted %v; want %d, each once", len(got), slices.IsSorted(got), n)
	}
}

func deleted(t *testing.T, st store.Store) {
	must(t, Put(t.Context(), st, "a/b/c", []byte("x")))
	must(t, Put(t.Context(), st, "a/d", []byte("y")))
	for range 2 {
		must(t, st.Delete(t.Context(), "a/b/c"))
	}
	if _, err := st.Stat(t.Context(), "a/b/c"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Stat: got %v, want ErrNotFound", err)
	}
	got, err := Names(t.Context(), st, "")
	must(t, err)
	if !slices.Equal(got, []string{"a/d"}) {
		t.Errorf("got %v, want a/d alone", got)
	}
	wants(t, st, "a/d", []byte("y"))
}

func usedAgain(t *testing.T, st store.Store) {
	must(t, Put(t.Context(), st, "a/b", []byte("x")))
	must(t, st.Delete(t.Context(), "a/b"))
	must(t, Put(t.Context(), st, "a/b", []byte("another")))
	wants(t, st, "a/b", []byte("another"))
}

func twoWriters(t *testing.T, st store.Store) {
	for round := range 10 {
		name := fmt.Sprintf("r/%d", round)
		contents := [][]byte{Content(1, 200_000), Content(2, 200_000)}
		errs := make([]error, 4)
		var work sync.WaitGroup
		for i := range errs {
			work.Go(func() { errs[i] = putOver(t.Context(), st, name, contents[i%2]) })
		}
		work.Wait()
		got, err := Get(t.Context(), st, name)
		must(t, err)
		for i, err := range errs {
			won := bytes.Equal(got, contents[i%2])
			if won && err != nil {
				t.Errorf("what was put is there, and Put said %v", err)
			}
			if !won && !errors.Is(err, store.ErrExists) {
				t.Errorf("something else is there, and Put said %v", err)
			}
		}
	}
}

// atOnce never empties a folder: a server that keeps objects as files may fail for a moment then.
func atOnce(t *testing.T, st store.Store) {
	var work sync.WaitGroup
	for w := range 4 {
		must(t, Put(t.Context(), st, fmt.Sprintf("c/%d/stays", w), []byte("x")))
		work.Go(func() {
			for i := range 10 {
				name, content := fmt.Sprintf("c/%d/%d", w, i), Content(uint64(w*100+i), 50_000+i)
				if err := Put(t.Context(), st, name, content); err != nil {
					t.Error(err)
					return
				}
				if got, err := Get(t.Context(), st, name); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s is not there right after it was put: %v", name, err)
				}
				if i%2 == 0 {
					if err := st.Delete(t.Context(), name); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	work.Wait()
	got, err := Names(t.Context(), st, "c/")
	must(t, err)
	if len(got) != 24 {
		t.Errorf("got %d objects, want 24", len(got))
	}
}

func cancelled(t *testing.T, st store.Store) {
	must(t, Put(t.Context(), st, "a", []byte("x")))
	why := errors.New("the daemon ends")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, getErr := Get(ctx, st, "a")
	_, statErr := st.Stat(ctx, "a")
	for call, err := range map[string]error{
		"Put": Put(ctx, st, "b", []byte("y")), "Get": getErr, "Stat": statErr, "Delete": st.Delete(ctx, "a"),
		"List": st.List(ctx, "", func(store.Info) error { return nil }),
	} {
		if !errors.Is(err, why) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want the reason or context.Canceled", call, err)
		}
	}
	got, err := Names(t.Context(), st, "")
	must(t, err)
	if !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %v, want what was there before", got)
	}
}

func described(t *testing.T, st store.Store) {
	if name := st.String(); name == "" || strings.ContainsAny(name, "\n\r") {
		t.Errorf("its name for people is %q", name)
	}
}
