package backupd

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var errPulled = errors.New("the plug is pulled")

// A plug is pulled at the n-th thing that backupd does to its stores: from there on nothing reaches
// them, and what is on disk then is all that the next backupd finds.
type plug struct {
	t      *testing.T
	dir    string // of the catalogue
	left   int
	pulled bool
	found  string                       // copy of the catalogue at that moment
	stores map[string]map[string][]byte // what the stores held
}

// at is called before each act on a store.
func (p *plug) at(stores map[string]*memory) error {
	if p.pulled {
		return errPulled
	}
	if p.left--; p.left > 0 {
		return nil
	}
	p.pulled = true
	p.found = p.t.TempDir()
	files, err := filepath.Glob(filepath.Join(p.dir, "catalogue.db*"))
	if err != nil {
		p.t.Error(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(filepath.Join(p.found, filepath.Base(f)), text, 0o600)
		}
		if err != nil {
			p.t.Error(err)
		}
	}
	p.stores = map[string]map[string][]byte{}
	for name, st := range stores {
		st.mu.Lock()
		p.stores[name] = maps.Clone(st.objects)
		st.mu.Unlock()
	}
	return errPulled
}

// Whenever backupd is killed: the next one lists no backup that cannot be restored, leaves no part
// without a manifest, owes nothing, and takes the next backup well.
func TestBackupdMayBeKilledAtAnyMoment(t *testing.T) {
	keys := allKeys(t)
	for n := 1; ; n++ {
		p := &plug{t: t, dir: t.TempDir(), left: n}
		stores := twoStores()
		r := newRig(t, p.dir, stores, keys)
		if run := r.take("full"); run.Error != "" { // one that was there before
			t.Fatal(run.Error)
		}
		old := r.entries()[0].Manifest.ID
		for _, st := range stores {
			st.put = func(string) error { return p.at(stores) }
		}
		r.take("changes")
		if !p.pulled {
			t.Logf("killed at each of %d acts on the stores", n-1)
			if n < 6 {
				t.Errorf("only %d acts: parts, manifest, record and their copies are more", n-1)
			}
			return
		}
		r.stop()

		next := twoStores()
		for name, objects := range p.stores {
			next[name].objects = objects
		}
		r = newRig(t, p.found, next, keys)
		if run := <-r.ended; !strings.Contains(run.Error, "backupd ended") {
			t.Errorf("act %d: the run that was cut short is told as %+v", n, run)
		}
		v := Vault{Store: next["main"], Keys: keys}
		list, err := v.List(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			if l.Err != nil {
				t.Errorf("act %d: %v", n, l.Err)
				continue
			}
			if _, err := v.Check(t.Context(), l.Manifest, nil); err != nil {
				t.Errorf("act %d: a listed backup cannot be restored: %v", n, err)
			}
		}
		if !slices.ContainsFunc(list, func(l Listed) bool { return l.ID == old }) {
			t.Errorf("act %d: the older backup was touched", n)
		}
		for name := range next["main"].objects {
			if _, id, _, ok := belongs(partsFolder, name); ok {
				if _, listed := next["main"].objects[manifestOf("backoffice", id)]; !listed {
					t.Errorf("act %d: %s is left without a manifest", n, name)
				}
			}
		}
		for len(owed(t, r)) > 0 { // settled as soon as nothing of the cluster runs
			time.Sleep(time.Millisecond)
		}
		if run := r.take("full"); run.Error != "" {
			t.Errorf("act %d: the next backup: %s", n, run.Error)
		}
		r.stop()
	}
}
