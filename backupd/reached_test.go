package backupd

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestThatAnArchiveIsUpToDateIsWrittenDown(t *testing.T) {
	clock := &tickingClock{}
	clock.add(time.Duration(time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC).UnixNano()))
	r := newRigWith(t, t.TempDir(), twoStores(), allKeys(t), func(e *Engine) { e.Now = clock.now })
	c := r.engine.Fleet().Clusters[0]
	idle := r.engine.idle(c, r.engine.Log)
	looks := 0
	look := func(known bool, err error) func(context.Context) (Reached, bool, error) {
		return func(context.Context) (Reached, bool, error) {
			looks++
			return Reached{Node: "db3", File: "log.000007", Offset: uint64(looks), At: clock.now()}, known, err
		}
	}
	newest := func(store string) uint64 {
		t.Helper()
		got, err := Vault{Store: r.stores[store], Keys: r.engine.Keys()}.reached(t.Context(), c.Name)
		if err != nil {
			t.Fatal(err)
		}
		if got == nil {
			return 0
		}
		return got.Offset
	}
	for _, step := range []struct {
		name   string
		after  time.Duration
		look   func(context.Context) (Reached, bool, error)
		looks  int
		newest uint64
	}{
		{"something was written meanwhile", 0, look(false, nil), 1, 0},
		{"it is not looked again at once", time.Minute, look(true, nil), 1, 0},
		{"up to date", reachedEvery, look(true, nil), 2, 2},
		{"the member does not catch up: what was known stays", reachedEvery, look(true, errors.New("no answer")), 3, 2},
		{"the newest takes the place of the one before", reachedEvery, look(true, nil), 4, 4},
		{"a clock that was put back", -24 * time.Hour, look(false, nil), 5, 4},
	} {
		clock.add(step.after)
		idle(t.Context(), step.look)
		if looks != step.looks || newest("main") != step.newest || newest("offsite") != step.newest {
			t.Errorf("%s: %d looks, %d and %d are known, want %d and %d", step.name, looks, newest("main"), newest("offsite"), step.looks, step.newest)
		}
	}
	var kept []string
	for name := range r.stores["main"].objects {
		if strings.HasPrefix(name, reachedFolder) {
			kept = append(kept, name)
		}
	}
	if len(kept) != 1 {
		t.Errorf("%v are kept, want the newest alone", kept)
	}

	// What nobody signed whom we trust, or what was of another moment, proves nothing.
	later := reachedOf(c.Name, clock.now().Add(72*time.Hour))
	r.stores["main"].objects[later] = r.stores["main"].objects[kept[0]]
	if n := newest("main"); n != 0 {
		t.Errorf("one that was moved to a later time counts as %d", n)
	}
	r.stores["main"].objects[later] = []byte(`{"format":1,"cluster":"backoffice","node":"db3"}` + "\n")
	if n := newest("main"); n != 0 {
		t.Errorf("one that is not signed counts as %d", n)
	}
}

func TestTheEndOfAPieceIsMetExactly(t *testing.T) {
	piece := Manifest{Facts: Facts{Origin: Origin{Nodes: []string{"db3"}}, Position: Position{File: "log.000007", Offset: 900}}}
	for _, c := range []struct {
		name string
		r    *Reached
		want bool
	}{
		{"nothing is known", nil, false},
		{"there", &Reached{Node: "db3", File: "log.000007", Offset: 900}, true},
		{"more was written", &Reached{Node: "db3", File: "log.000007", Offset: 901}, false},
		{"the next file", &Reached{Node: "db3", File: "log.000008", Offset: 900}, false},
		{"another member", &Reached{Node: "db2", File: "log.000007", Offset: 900}, false},
	} {
		if got := c.r.Ends(piece); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
