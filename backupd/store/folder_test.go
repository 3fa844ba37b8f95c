package store_test

import (
	"testing"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/storetest"
)

func newFolder(t testing.TB) store.Store {
	f := store.NewFolder(t.TempDir())
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFolder(t *testing.T) { storetest.Run(t, newFolder) }
