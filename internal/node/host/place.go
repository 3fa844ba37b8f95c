package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/failpoint"
)

// A data directory that is a mount point cannot be put in place by one renaming. What is restored into it is moved up name by
// name, and grastate.dat, without which no server takes a data directory for a whole one, comes last.

// placingFile keeps what a restore is about to move into a data directory, from before the first name until after the last.
const placingFile = "placing.json"

// placing is what it holds.
type placing struct {
	Dir   string              `json:"dir"`
	State fileMark            `json:"state"` // grastate.dat
	Names map[string]fileMark `json:"names"` // of the rest; of a folder what tells it from others
}

const (
	stateFile = "grastate.dat"
	stateSoon = stateFile + restoreSuffix // under which it waits
	lostFound = "lost+found"              // of the file system itself
)

// moveUp moves what was restored into the data directory that it lies below.
func (r *restoring) moveUp() error {
	dir := filepath.Clean(r.fl.n.DataDir)
	p := placing{Dir: dir, Names: map[string]fileMark{}}
	entries, err := os.ReadDir(r.data())
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		mark, err := entryMark(filepath.Join(r.data(), e.Name()))
		if err != nil {
			return err
		}
		if e.Name() == stateFile {
			p.State = mark
			continue
		}
		names = append(names, e.Name())
		p.Names[e.Name()] = mark
	}
	if err := r.fl.d.save(placingFile, p); err != nil {
		return fmt.Errorf("write down what is put into %s: %w", dir, err)
	}
	failpoint.Here("restore-placing")
	for i, name := range names {
		if err := moveTo(filepath.Join(r.data(), name), filepath.Join(dir, name)); err != nil {
			return err
		}
		if i == len(names)/2 {
			failpoint.Here("restore-half-placed")
		}
	}
	if err := moveTo(filepath.Join(r.data(), stateFile), filepath.Join(dir, stateSoon)); err != nil {
		return err
	}
	failpoint.Here("restore-state-waits")
	if err := errors.Join(os.Remove(r.data()), os.Remove(r.folder), syncDir(dir)); err != nil { // a server would take the folder for a schema
		return err
	}
	failpoint.Here("restore-all-placed")
	if err := errors.Join(moveTo(filepath.Join(dir, stateSoon), filepath.Join(dir, stateFile)), syncDir(dir)); err != nil {
		return err
	}
	failpoint.Here("restore-placed")
	return r.fl.d.remove(placingFile)
}

// moveTo renames within a file system, and onto nothing.
func moveTo(from, to string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE); err != nil {
		return fmt.Errorf("move %s to %s: %w; restore again, that clears away what is there", from, to, err)
	}
	return nil
}

// entryMark is the mark of a file; of a folder, which changes with what is in it, without the time.
func entryMark(path string) (fileMark, error) {
	mark, err := markOf(path)
	if info, errInfo := os.Lstat(path); errInfo == nil && info.IsDir() {
		mark.Modified = 0
	}
	return mark, err
}

// strangers lists what is in a data directory that is a mount point and that a restore may not go beside: all but what
// belongs to the file system and what a restore that was killed has left there.
func (r *restoring) strangers(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	left, err := r.left(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name := e.Name(); name != lostFound && !slices.Contains(left, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// left lists what a restore that was killed has left in a data directory. That is so only as long as its grastate.dat is
// not in place, and only of what is as it was moved: a server that was started on it all the same has written to it, and then it is not
// ours any more.
func (r *restoring) left(dir string) ([]string, error) {
	names := []string{filepath.Base(r.folder)}
	var p placing
	err := r.fl.d.load(placingFile, &p)
	if errors.Is(err, os.ErrNotExist) {
		return names, nil
	}
	if err != nil {
		return nil, err
	}
	if p.Dir != dir || p.Names == nil { // kagu.yaml names another one since
		return names, nil
	}
	if _, err := os.Lstat(filepath.Join(dir, stateFile)); !gone(err) {
		return names, err
	}
	p.Names[stateSoon] = p.State
	for name, was := range p.Names {
		now, err := entryMark(filepath.Join(dir, name))
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if now != was { // of one the server has written to: all of it may be in use
			return names[:1], nil
		}
		names = append(names, name)
	}
	return names, nil
}

// clearLeft removes what a restore that was killed has left.
func (r *restoring) clearLeft() error {
	dir := filepath.Clean(r.fl.n.DataDir)
	names, err := r.left(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(dir), r.fl.d.remove(placingFile))
}
