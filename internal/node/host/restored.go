package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/node"
)

// restoredFile keeps what the last restore put in place. It is written before the data takes its
// place: whoever asked may die, or not hear the answer, and must not have all of it sent again.
const restoredFile = "restored.json"

// restored is what it holds. Saved names the grastate.dat that the restore wrote: a server writes it
// anew when it joins, and so does a human who founds a cluster.
type restored struct {
	node.Restored
	Saved fileMark `json:"saved"`
}

// fileMark tells a file from every other and from itself once it was written to.
type fileMark struct {
	Dev      uint64 `json:"dev"`
	Ino      uint64 `json:"ino"`
	Modified int64  `json:"modified"` // nanoseconds
}

func markOf(path string) (fileMark, error) {
	var s unix.Stat_t
	if err := unix.Lstat(path, &s); err != nil {
		return fileMark{}, fmt.Errorf("look at %s: %w", path, err)
	}
	return fileMark{Dev: s.Dev, Ino: s.Ino, Modified: s.Mtim.Nano()}, nil
}

// tellRestored puts into the state what a restore put in place, as long as no server has run on it.
func (d stateDir) tellRestored(dataDir string, f *facts) {
	var last restored
	err := d.load(restoredFile, &last)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		f.state.Notes = append(f.state.Notes, clean("restore: "+err.Error(), 300))
		return
	}
	now, err := within(fileLimit, func() (fileMark, error) { return markOf(filepath.Join(dataDir, "grastate.dat")) })
	if err == nil && now == last.Saved {
		f.state.Restored = &last.Restored
	}
}

// asideInfix is what stands between the name of a data directory that was put aside and the time.
const asideInfix = ".before-restore-"

// lastAside returns the data directory that the last restore put aside, or was about to; "" if there
// is none.
func (d stateDir) lastAside() (string, error) {
	var last restored
	if err := d.load(restoredFile, &last); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if _, err := os.Lstat(last.Aside); last.Aside == "" || gone(err) {
		return "", nil
	}
	return last.Aside, nil
}
