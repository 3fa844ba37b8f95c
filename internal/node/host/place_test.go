package host

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// What a restore that was killed has left in a mount point is known again, and nothing else is.
func TestWhatAKilledRestoreLeftInAMountPoint(t *testing.T) {
	// placed is a mount point into which a restore has moved all but grastate.dat's last name.
	placed := func(t *testing.T) (r *restoring, dir string) {
		dir = t.TempDir()
		r = &restoring{inside: true, folder: filepath.Join(dir, restoreSuffix), fl: &flow{d: stateDir{t.TempDir()}, n: inventory.Node{DataDir: dir + "/"}}}
		err := errors.Join(os.MkdirAll(filepath.Join(r.data(), "mysql"), 0o700), os.Mkdir(filepath.Join(dir, lostFound), 0o700),
			os.WriteFile(filepath.Join(r.data(), "ibdata1"), []byte("pages"), 0o600), os.WriteFile(filepath.Join(r.data(), stateFile), nil, 0o600))
		if err != nil {
			t.Fatal(err)
		}
		journal := filepath.Join(r.fl.d.path, placingFile)
		if err := errors.Join(r.moveUp(), os.Rename(filepath.Join(dir, stateFile), filepath.Join(dir, stateSoon))); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(journal); !gone(err) {
			t.Errorf("the journal stays behind: %v", err)
		}
		p := placing{Dir: dir, Names: map[string]fileMark{}}
		for _, name := range []string{"mysql", "ibdata1", stateSoon} {
			mark, err := entryMark(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if p.Names[name] = mark; name == stateSoon {
				p.State = mark
				delete(p.Names, name)
			}
		}
		if err := r.fl.d.save(placingFile, p); err != nil {
			t.Fatal(err)
		}
		return r, dir
	}
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   string // what stands in the way

		elsewhere bool
	}{
		{name: "as it was left", change: func(string) error { return nil }},
		{name: "a part of it is gone", change: func(dir string) error { return os.RemoveAll(filepath.Join(dir, "mysql")) }},
		{name: "something else came", change: func(dir string) error { return os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600) }, want: "mine"},
		{name: "a server has written to it", change: func(dir string) error {
			later := time.Now().Add(time.Hour)
			return os.Chtimes(filepath.Join(dir, "ibdata1"), later, later)
		}, want: "grastate.dat.kagu-restore ibdata1 mysql"},
		{name: "another folder has the name", change: func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "other"), 0o700), os.Remove(filepath.Join(dir, "mysql")), os.Rename(filepath.Join(dir, "other"), filepath.Join(dir, "mysql")))
		}, want: "grastate.dat.kagu-restore ibdata1 mysql"},
		{name: "it was whole", change: func(dir string) error {
			return os.Rename(filepath.Join(dir, stateSoon), filepath.Join(dir, stateFile))
		}, want: "grastate.dat ibdata1 mysql"},
		{name: "what was noted is of another data directory", change: func(dir string) error {
			return os.Rename(filepath.Join(dir, "mysql"), filepath.Join(dir, "mysql2"))
		}, want: "grastate.dat.kagu-restore ibdata1 mysql2", elsewhere: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, dir := placed(t)
			if c.elsewhere {
				if err := r.fl.d.save(placingFile, placing{Dir: "/srv/other"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			names, err := r.strangers(dir)
			slices.Sort(names)
			if got := strings.Join(names, " "); err != nil || got != c.want {
				t.Errorf("in the way: %q, %v, want %q", got, err, c.want)
			}
			if len(names) > 0 {
				return
			}
			if err := r.clearLeft(); err != nil {
				t.Fatal(err)
			}
			if all, err := os.ReadDir(dir); err != nil || len(all) != 1 || all[0].Name() != lostFound {
				t.Errorf("after clearing away: %v, %v", all, err)
			}
		})
	}
}
