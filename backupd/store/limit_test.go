package store_test

import (
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/storetest"
)

func TestLimitKeepsToItsRate(t *testing.T) {
	folder := newFolder(t)
	synctest.Test(t, func(t *testing.T) {
		st := store.Limit{Store: folder, Rate: rate.NewLimiter(1<<20, 64<<10)}
		content := storetest.Content(1, 10<<20)
		for what, do := range map[string]func() error{
			"put": func() error { return storetest.Put(t.Context(), st, "a", content) },
			"get": func() error { _, err := storetest.Get(t.Context(), st, "a"); return err },
		} {
			if what == "get" {
				if err := storetest.Put(t.Context(), folder, "a", content); err != nil {
					t.Fatal(err)
				}
			}
			begun := time.Now()
			if err := do(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun).Seconds(); took < 9.5 || took > 10.5 {
				t.Errorf("%s of 10 MiB at 1 MiB/s took %.1f s", what, took)
			}
		}
	})
}

func TestLimitKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store {
		return store.Limit{Store: newFolder(t), Rate: rate.NewLimiter(1<<30, 1<<20)}
	})
}

func unlimited() *rate.Limiter { return rate.NewLimiter(rate.Inf, 0) }

func TestLimitWithoutALimit(t *testing.T) {
	st := store.Limit{Store: newFolder(t), Rate: unlimited()}
	if err := storetest.Put(t.Context(), st, "a", storetest.Content(1, 1<<20)); err != nil {
		t.Fatal(err)
	}
}
