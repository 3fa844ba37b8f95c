package host

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/node"
)

func TestWhatWasRestoredIsToldUntilAServerRunsOnIt(t *testing.T) {
	d, data := stateDir{t.TempDir()}, t.TempDir()
	saved := filepath.Join(data, "grastate.dat")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(saved, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	told := func() bool {
		var f facts
		d.tellRestored(data, &f)
		return f.state.Restored != nil
	}
	if told() {
		t.Error("nothing was restored yet")
	}
	write("seqno: 7")
	mark, err := markOf(saved)
	if err != nil {
		t.Fatal(err)
	}
	aside := filepath.Join(t.TempDir(), "data.before-restore-1")
	if err := d.save(restoredFile, restored{Restored: node.Restored{Seqno: 7, Aside: aside}, Saved: mark}); err != nil {
		t.Fatal(err)
	}
	if !told() {
		t.Error("it is there and no server has run on it")
	}
	if was, err := d.lastAside(); was != "" || err != nil {
		t.Errorf("it was never put aside: %q %v", was, err)
	}
	if err := os.Mkdir(aside, 0o700); err != nil {
		t.Fatal(err)
	}
	if was, err := d.lastAside(); was != aside || err != nil {
		t.Errorf("got %q %v", was, err)
	}
	for _, c := range []struct {
		what   string
		change func() error
	}{
		{"a server has written to it", func() error {
			later := time.Now().Add(time.Second)
			return os.Chtimes(saved, later, later)
		}},
		{"another one is in its place", func() error {
			return errors.Join(os.Rename(saved, saved+".old"), os.WriteFile(saved, []byte("seqno: 7"), 0o600))
		}},
		{"a human founds a cluster", func() error { return errors.Join(os.WriteFile(saved, nil, 0o600), os.Remove(saved)) }},
		{"the note is of no use", func() error { return os.WriteFile(filepath.Join(d.path, restoredFile), []byte("{"), 0o600) }},
	} {
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		if told() {
			t.Errorf("%s, and it is told", c.what)
		}
	}
}
