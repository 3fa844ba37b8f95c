package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/storetest"
)

func TestMayPass(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want bool
	}{
		{"success", nil, false},
		{"what nobody knows", errors.New("what"), false},
		{"not found", fmt.Errorf("get: %w", store.ErrNotFound), false},
		{"another object", store.ErrExists, false},
		{"full", fmt.Errorf("%w (%w)", store.ErrFull, syscall.ENOSPC), false},
		{"denied", store.ErrDenied, false},
		{"denied while keys are replaced", fmt.Errorf("%w (%w)", store.ErrDenied, store.ErrMayPass), true},
		{"a digest that differs", store.ErrDigest, false},
		{"the caller gave up", fmt.Errorf("%w: %w", store.ErrMayPass, context.Canceled), false},
		{"an overloaded server", fmt.Errorf("put: %w", store.ErrMayPass), true},
		{"a body that broke off", fmt.Errorf("get: %w", io.ErrUnexpectedEOF), true},
		{"a server that restarts", fmt.Errorf("get: %w", syscall.ECONNREFUSED), true},
		{"a file of NFS whose server was exchanged", fmt.Errorf("get: %w", syscall.ESTALE), true},
	} {
		if got := store.MayPass(c.err); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// A flaky store fails so many times before each success, with err.
type flaky struct {
	store.Store
	err   error
	times int
	calls int
	// broken is where a body breaks off; swap flips a bit of the body that is opened after that.
	broken int
	swap   bool
}

func (f *flaky) fails() error {
	if f.calls++; f.calls <= f.times {
		return f.err
	}
	return nil
}

func (f *flaky) Put(ctx context.Context, name string, content []byte, sum store.Sum) error {
	if err := f.fails(); err != nil {
		return err
	}
	return f.Store.Put(ctx, name, content, sum)
}

func (f *flaky) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	content, err := storetest.Get(ctx, f.Store, name)
	if err != nil {
		return nil, err
	}
	if err := f.fails(); err != nil {
		return io.NopCloser(io.MultiReader(bytes.NewReader(content[:f.broken]), broken{err})), nil
	}
	if f.swap {
		content[0] ^= 1
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

func (f *flaky) List(ctx context.Context, prefix string, each func(store.Info) error) error {
	told := 0
	return f.Store.List(ctx, prefix, func(i store.Info) error {
		if told++; told > 2 && f.fails() != nil {
			return f.err
		}
		return each(i)
	})
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

var errBusy = fmt.Errorf("%w: 503 SlowDown", store.ErrMayPass)

func TestRetryPut(t *testing.T) {
	for _, c := range []struct {
		name       string
		err        error
		times      int
		within     time.Duration
		wantCalls  int
		wantErr    error
		wantWaited [2]time.Duration
	}{
		{"succeeds at once", nil, 0, time.Hour, 1, nil, [2]time.Duration{0, 0}},
		{"succeeds at last", errBusy, 5, time.Hour, 6, nil, [2]time.Duration{7 * time.Second, 16 * time.Second}},
		{"does not wait for ever", errBusy, 1 << 30, 10 * time.Minute, -1, store.ErrMayPass, [2]time.Duration{9 * time.Minute, 10 * time.Minute}},
		{"never repeats what is denied", store.ErrDenied, 9, time.Hour, 1, store.ErrDenied, [2]time.Duration{0, 0}},
		{"never repeats what another object forbids", store.ErrExists, 9, time.Hour, 1, store.ErrExists, [2]time.Duration{0, 0}},
		{"never repeats into a full store", store.ErrFull, 9, time.Hour, 1, store.ErrFull, [2]time.Duration{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inner := &flaky{Store: newFolder(t), err: c.err, times: c.times}
			synctest.Test(t, func(t *testing.T) {
				begun, told := time.Now(), 0
				st := store.Retry{Store: inner, For: c.within, Told: func(error, time.Duration) { told++ }}
				err := storetest.Put(t.Context(), st, "a", []byte("x"))
				if !errors.Is(err, c.wantErr) {
					t.Errorf("got %v, want %v", err, c.wantErr)
				}
				if c.wantCalls > 0 && inner.calls != c.wantCalls {
					t.Errorf("it was called %d times, want %d", inner.calls, c.wantCalls)
				}
				if told != inner.calls-1 {
					t.Errorf("told %d times of %d calls", told, inner.calls)
				}
				if waited := time.Since(begun); waited < c.wantWaited[0] || waited > c.wantWaited[1] {
					t.Errorf("waited %v, want between %v and %v", waited, c.wantWaited[0], c.wantWaited[1])
				}
			})
		})
	}
}

func TestRetryEndsWithItsCaller(t *testing.T) {
	inner := &flaky{Store: newFolder(t), err: errBusy, times: 1 << 30}
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("the daemon ends")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(why) })
		begun := time.Now()
		err := storetest.Put(ctx, store.Retry{Store: inner, For: time.Hour}, "a", []byte("x"))
		if !errors.Is(err, why) || time.Since(begun) != time.Minute {
			t.Errorf("got %v after %v, want the reason after a minute", err, time.Since(begun))
		}
	})
}

func TestRetryGoesOnWithABody(t *testing.T) {
	content := storetest.Content(7, 100_000)
	for _, c := range []struct {
		name    string
		err     error
		at      int
		times   int
		swap    bool
		wantErr error
	}{
		{"at its beginning", io.ErrUnexpectedEOF, 0, 1, false, nil},
		{"in its middle, again and again", io.ErrUnexpectedEOF, 40_000, 4, false, nil},
		{"at its end", io.ErrUnexpectedEOF, 100_000, 2, false, nil},
		{"but not if it cannot pass", store.ErrDenied, 40_000, 1, false, store.ErrDenied},
		{"but not if the digest was wrong", store.ErrDigest, 100_000, 1, false, store.ErrDigest},
		{"but not with another content", io.ErrUnexpectedEOF, 40_000, 1, true, store.ErrDigest},
		{"but not for ever", io.ErrUnexpectedEOF, 40_000, 1 << 30, false, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := newFolder(t)
			if err := storetest.Put(t.Context(), folder, "a", content); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				got, err := storetest.Get(t.Context(), store.Retry{Store: &flaky{Store: folder, err: c.err, times: c.times, broken: c.at, swap: c.swap}}, "a")
				if !errors.Is(err, c.wantErr) {
					t.Fatalf("got %v, want %v", err, c.wantErr)
				}
				if err == nil && !bytes.Equal(got, content) {
					t.Error("another content came")
				}
			})
		})
	}
}

func TestRetryGoesOnWithAListing(t *testing.T) {
	folder := newFolder(t)
	for i := range 9 {
		if err := storetest.Put(t.Context(), folder, fmt.Sprintf("a/%d", i), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		got, err := storetest.Names(t.Context(), store.Retry{Store: &flaky{Store: folder, err: errBusy, times: 5}}, "a/")
		if err != nil || strings.Join(got, " ") != "a/0 a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8" {
			t.Errorf("got %v (%v), want each once", got, err)
		}
	})
}

func TestRetryKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store { return store.Retry{Store: newFolder(t)} })
}
