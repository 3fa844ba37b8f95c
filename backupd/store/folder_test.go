package store_test

import (
	"fmt"
	"os"
	"sync"
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

// A folder that is emptied is removed. Who puts something into it at that moment does not see it.
func TestAFolderIsEmptiedWhileAnotherIsFilled(t *testing.T) {
	st := newFolder(t)
	var work sync.WaitGroup
	for w := range 8 {
		work.Go(func() {
			for i := range 100 {
				name := fmt.Sprintf("c/x/parts/%d-%d", w, i)
				if err := storetest.Put(t.Context(), st, name, []byte("x")); err != nil {
					t.Error(err)
				}
				if err := st.Delete(t.Context(), name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	if left, err := os.ReadDir(st.String()); err != nil || len(left) != 2 { // the marker and the folder of what is being written
		t.Errorf("left: %v (%v)", left, err)
	}
}
