package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/s3test"
	"github.com/kagu-db/kagu/backupd/store/storetest"
	"github.com/kagu-db/kagu/internal/inventory"
)

// An operation is a call whose success can be checked on a way that nothing harms.
type operation struct {
	name   string
	method string // of the request that is harmed
	do     func(ctx context.Context, st store.Store, name string, content []byte) error
	// there is whether the object is there before; want, whether it is after success.
	there, want bool
}

var errFalse = errors.New("false success")

var operations = []operation{
	{"put", http.MethodPut, func(ctx context.Context, st store.Store, name string, content []byte) error {
		return storetest.Put(ctx, st, name, content)
	}, false, true},
	{"get", http.MethodGet, func(ctx context.Context, st store.Store, name string, content []byte) error {
		got, err := storetest.Get(ctx, st, name)
		if err == nil && !bytes.Equal(got, content) {
			return errFalse
		}
		return err
	}, true, true},
	{"stat", http.MethodHead, func(ctx context.Context, st store.Store, name string, content []byte) error {
		info, err := st.Stat(ctx, name)
		if err == nil && info.Size != int64(len(content)) {
			return errFalse
		}
		return err
	}, true, true},
	{"list", http.MethodGet, func(ctx context.Context, st store.Store, name string, _ []byte) error {
		names, err := storetest.Names(ctx, st, name)
		if err == nil && !slices.Equal(names, []string{name}) {
			return fmt.Errorf("%w: listed %v", errFalse, names)
		}
		return err
	}, true, true},
	{"delete", http.MethodDelete, func(ctx context.Context, st store.Store, name string, _ []byte) error {
		return st.Delete(ctx, name)
	}, true, false},
}

// hangs are the faults that cost an attempt's whole patience.
var hangs = []storetest.Fault{storetest.Silence, storetest.StalledAnswer}

// harm does every operation at several sizes with a fault, once bare and once tried again. Bare, it
// must fail and say that it may pass; tried again, it must succeed. In both, success is true.
func harm(t *testing.T, c inventory.S3, faults []storetest.Fault) {
	var work sync.WaitGroup
	var cases atomic.Int64
	for n, fault := range faults {
		work.Go(func() {
			proxy := storetest.NewProxy(t, c.Endpoint)
			direct := open(t, c)
			c := c
			c.Endpoint = proxy.URL
			harmed := open(t, c)
			harmed.Patience = 250 * time.Millisecond
			warm := open(t, c) // it has asked what the server can do
			if err := errors.Join(storetest.Put(t.Context(), warm, fmt.Sprintf("warm/%d", n), nil), warm.Delete(t.Context(), fmt.Sprintf("warm/%d", n))); err != nil {
				t.Error(err)
				return
			}
			warm.Patience = harmed.Patience
			sizes := []int{1, 1000, 50_000, 300_000}
			if slices.Contains(hangs, fault) {
				sizes = []int{1000}
			}
			for _, size := range sizes {
				for _, o := range operations {
					for _, again := range []bool{false, true} {
						cases.Add(1)
						one := harmed1{t: t, proxy: proxy, direct: direct, fault: fault, operation: o, size: size}
						one.name = fmt.Sprintf("f%d/%s/%d/%v", n, o.name, size, again)
						if again {
							one.again(harmed)
						} else {
							one.bare(warm)
						}
					}
				}
			}
		})
	}
	work.Wait()
	t.Logf("%d cases with %d kinds of fault", cases.Load(), len(faults))
}

// harmed1 is one operation with one fault.
type harmed1 struct {
	operation

	t      *testing.T
	proxy  *storetest.Proxy
	direct store.Store
	fault  storetest.Fault
	name   string
	size   int
}

func (h harmed1) begin() []byte {
	content := storetest.Content(uint64(h.size), h.size)
	h.proxy.Choose(nil)
	if h.there {
		if err := storetest.Put(h.t.Context(), h.direct, h.name, content); err != nil {
			h.t.Errorf("%s: %v", h.name, err)
		}
	}
	return content
}

// truth checks on an unharmed way what a success claims.
func (h harmed1) truth(content []byte) {
	got, err := storetest.Get(h.t.Context(), h.direct, h.name)
	switch {
	case h.want && (err != nil || !bytes.Equal(got, content)):
		h.t.Errorf("%s, %s: success, and %d bytes are there: %v", h.name, h.fault, len(got), err)
	case !h.want && !errors.Is(err, store.ErrNotFound):
		h.t.Errorf("%s, %s: success, and it is still there: %v", h.name, h.fault, err)
	}
}

func (h harmed1) bare(st store.Store) {
	content := h.begin()
	before := h.proxy.Did(h.fault)
	h.proxy.Next(1, h.method, h.fault)
	err := h.do(h.t.Context(), st, h.name, content)
	if h.proxy.Did(h.fault) == before {
		h.t.Errorf("%s, %s: it did not happen", h.name, h.fault)
	}
	if err == nil {
		if h.fault == storetest.FlippedUp && h.operation.name != "put" { // nothing goes up that could be flipped
			return
		}
		h.t.Errorf("%s, %s: no error", h.name, h.fault)
		h.truth(content)
		return
	}
	if !store.MayPass(err) || errors.Is(err, errFalse) {
		h.t.Errorf("%s, %s: %v, and it does not say that it may pass", h.name, h.fault, err)
	}
}

func (h harmed1) again(st store.Store) {
	content := h.begin()
	h.proxy.Next(2, h.method, h.fault)
	if err := h.do(h.t.Context(), store.Retry{Store: st, First: time.Millisecond, For: 2 * time.Minute}, h.name, content); err != nil {
		h.t.Errorf("%s, %s: %v", h.name, h.fault, err)
		return
	}
	h.truth(content)
}

// rough lets several writers, readers and deleters work for a while on a way that harms each third
// of their requests.
func rough(t *testing.T, c inventory.S3, faults []storetest.Fault) {
	proxy, direct := storetest.NewProxy(t, c.Endpoint), open(t, c)
	c.Endpoint = proxy.URL
	proxy.Choose(func(*http.Request) storetest.Fault {
		if rand.N(3) > 0 {
			return ""
		}
		return faults[rand.N(len(faults))]
	})
	st := open(t, c)
	st.Patience = 250 * time.Millisecond
	retry := store.Retry{Store: st, First: time.Millisecond, For: 5 * time.Minute}
	var work sync.WaitGroup
	const workers, each = 6, 8
	for w := range workers {
		work.Go(func() {
			for i := range each {
				name, content := fmt.Sprintf("rough/%d/%d", w, i), storetest.Content(uint64(w*each+i), rand.N(40_000))
				for _, o := range operations {
					if o.name == "delete" && i%2 == 0 {
						continue
					}
					if err := o.do(t.Context(), retry, name, content); err != nil {
						t.Errorf("%s of %s: %v", o.name, name, err)
					}
				}
			}
		})
	}
	work.Wait()
	for w := range workers {
		for i := range each {
			got, err := storetest.Get(t.Context(), direct, fmt.Sprintf("rough/%d/%d", w, i))
			if i%2 == 1 && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("rough/%d/%d was deleted and is there: %v", w, i, err)
			}
			if i%2 == 0 && (err != nil || !bytes.Equal(got, storetest.Content(uint64(w*each+i), len(got)))) {
				t.Errorf("rough/%d/%d is not what was put: %v", w, i, err)
			}
		}
	}
	t.Logf("%d requests", proxy.Seen())
}

// unchecked are the faults that a server notices which checks no digests.
func unchecked() []storetest.Fault {
	return slices.DeleteFunc(slices.Clone(storetest.Faults), func(f storetest.Fault) bool { return f == storetest.FlippedUp })
}

func TestFaultsOnTheWayToAFake(t *testing.T) {
	harm(t, fake(t), unchecked())
	rough(t, fake(t), slices.DeleteFunc(unchecked(), func(f storetest.Fault) bool { return slices.Contains(hangs, f) }))
}

func TestFaultsOnTheWayToARealServer(t *testing.T) {
	server := s3test.Start(t)
	t.Run("one by one", func(t *testing.T) { harm(t, server.Bucket("faults", false), storetest.Faults) })
	t.Run("all at once", func(t *testing.T) { rough(t, server.Bucket("rough", false), storetest.Faults) })
	t.Run("the very first object", func(t *testing.T) { first(t, server.Bucket("first", false)) })
	t.Run("keys that are rotated", func(t *testing.T) { rotated(t, server) })
	t.Run("a server that restarts", func(t *testing.T) { restarts(t, server) })
}

// first damages what is put before anything else: the store's question what the server can do.
func first(t *testing.T, c inventory.S3) {
	proxy := storetest.NewProxy(t, c.Endpoint)
	c.Endpoint = proxy.URL
	st := open(t, c)
	proxy.Next(1, http.MethodPut, storetest.FlippedUp)
	if err := storetest.Put(t.Context(), st, "a", storetest.Content(1, 1000)); !store.MayPass(err) {
		t.Errorf("damaged on its way: got %v, and it does not say that it may pass", err)
	}
	if err := storetest.Put(t.Context(), st, "a", storetest.Content(1, 1000)); err != nil {
		t.Errorf("again: %v", err)
	}
}

// What a way without TLS damages is noticed when it is read, by a digest that the server keeps.
func TestABitFlipsOnTheWayBack(t *testing.T) {
	c := fake(t)
	proxy := storetest.NewProxy(t, c.Endpoint)
	c.Endpoint = proxy.URL
	st := store.Retry{Store: open(t, c)}
	for n, size := range []int{1, 1000, 300_000} {
		proxy.Choose(nil)
		name := fmt.Sprintf("a/%d", n)
		if err := storetest.Put(t.Context(), st, name, storetest.Content(1, size)); err != nil {
			t.Fatal(err)
		}
		proxy.Next(1, http.MethodGet, storetest.FlippedDown)
		if _, err := storetest.Get(t.Context(), st, name); !errors.Is(err, store.ErrDigest) {
			t.Errorf("%d bytes: got %v, want ErrDigest", size, err)
		}
		if _, err := storetest.Get(t.Context(), st, name); err != nil {
			t.Errorf("%d bytes, read again: %v", size, err)
		}
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	c := fake(t)
	proxy := storetest.NewProxy(t, c.Endpoint)
	c.Endpoint = proxy.URL
	st := open(t, c)
	if err := storetest.Put(t.Context(), st, "a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	old(t, c)
	for _, o := range operations {
		proxy.Next(1<<30, "", storetest.RefusedKeys)
		before := proxy.Seen()
		err := o.do(t.Context(), store.Retry{Store: st}, "b", []byte("y"))
		if !errors.Is(err, store.ErrDenied) || store.MayPass(err) || !strings.Contains(err.Error(), c.SecretKeyFile) {
			t.Errorf("%s: got %v, want ErrDenied and where the keys are", o.name, err)
		}
		if n := proxy.Seen() - before; n != 1 {
			t.Errorf("%s: it was tried %d times", o.name, n)
		}
		if strings.Contains(err.Error(), "secret of the fake") {
			t.Errorf("%s: the secret is told: %v", o.name, err)
		}
	}
}

// old makes the keys look as if they had been there for long.
func old(t *testing.T, c inventory.S3) {
	t.Helper()
	long := time.Now().Add(-time.Hour)
	for _, path := range []string{c.AccessKeyFile, c.SecretKeyFile} {
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
}

// rotated: the server refuses the old keys, the files hold them for a while, and the new ones come
// one file after the other.
func rotated(t *testing.T, server *s3test.Server) {
	access, secret := server.Account()
	c := server.Bucket("rotated", false)
	server.Allow(t, store.S3Policy(store.Keeper, access, c.Bucket, "", false), c.Bucket)
	write(t, c.AccessKeyFile, access)
	write(t, c.SecretKeyFile, secret)
	st := open(t, c)
	if err := storetest.Put(t.Context(), st, "a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	server.Remove(access)
	old(t, c)
	if err := storetest.Put(t.Context(), store.Retry{Store: st}, "b", []byte("y")); !errors.Is(err, store.ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
	newAccess, newSecret := server.Account()
	server.Allow(t, store.S3Policy(store.Keeper, newAccess, c.Bucket, "", false), c.Bucket)
	write(t, c.AccessKeyFile, newAccess)
	refused := 0
	retry := store.Retry{Store: st, First: 10 * time.Millisecond, Told: func(err error, _ time.Duration) {
		if refused++; refused == 2 {
			write(t, c.SecretKeyFile, newSecret)
		}
	}}
	if err := storetest.Put(t.Context(), retry, "b", []byte("y")); err != nil || refused < 2 {
		t.Errorf("got %v after %d refusals, want success after 2", err, refused)
	}
	if got, err := storetest.Get(t.Context(), retry, "b"); err != nil || string(got) != "y" {
		t.Errorf("got %q (%v)", got, err)
	}
}

func restarts(t *testing.T, server *s3test.Server) {
	st := open(t, server.Bucket("restarts", false))
	down := 0
	retry := store.Retry{Store: st, First: 10 * time.Millisecond, Told: func(error, time.Duration) {
		if down++; down == 3 {
			server.Up()
		}
	}}
	for i := range 3 {
		if err := storetest.Put(t.Context(), retry, fmt.Sprintf("a/%d", i), storetest.Content(1, 100_000)); err != nil {
			t.Fatal(err)
		}
		down = 0
		server.Stop()
	}
	if names, err := storetest.Names(t.Context(), retry, ""); err != nil || len(names) != 3 {
		t.Errorf("got %v (%v)", names, err)
	}
}
