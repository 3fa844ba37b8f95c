package backupd

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// holdsIn lists the objects that hold something.
func holdsIn(m *memory) (all []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.objects {
		if strings.HasPrefix(name, holdsFolder) {
			all = append(all, name)
		}
	}
	return all
}

func TestWhatARestoreReadsIsNotPruned(t *testing.T) {
	r, clock := pruneRig(t, 4)
	oldest := r.entries()[0].Manifest
	main := r.stores["main"]
	main.objects[holdOf("backoffice", oldest.ID, clock.now().Add(holdFor))] = []byte("a restore on another machine")
	if run := r.prune(); run.Error != "" {
		t.Fatal(run.Error)
	}
	if n := r.mustBeWhole("main"); n != 6 {
		t.Errorf("%d are left, want the two of the first day, which is restored, and those of the last two", n)
	}
	if n := r.mustBeWhole("offsite"); n != 4 {
		t.Errorf("%d are left in the store that nobody restores from, want 4", n)
	}
	if d := r.last.Pruned[0].Plan.Decisions[0]; !d.Keep || !strings.Contains(d.Why, "is being restored") {
		t.Errorf("%+v", d)
	}
	clock.add(holdFor + time.Minute)
	if run := r.prune(); run.Error != "" {
		t.Fatal(run.Error)
	}
	if n := r.mustBeWhole("main"); n != 4 || len(holdsIn(main)) > 0 {
		t.Errorf("when the hold has lapsed %d are left, and %v", n, holdsIn(main))
	}
}

func TestAPruneThatCannotTellWhatIsHeldRemovesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		hurt func(r *rig)
		says string
	}{
		{"a hold of a newer release", func(r *rig) {
			r.stores["main"].objects[holdsFolder+"backoffice/"+r.entries()[0].Manifest.ID+"/for-ever"] = nil
		}, "is no hold that this release understands"},
		{"a store that does not list them", func(r *rig) {
			r.stores["main"].hide(holdsFolder)
		}, "access denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := pruneRig(t, 4)
			c.hurt(r)
			if run := r.prune(); !strings.Contains(run.Error, c.says) {
				t.Errorf("the run says %q", run.Error)
			}
			if n := r.mustBeWhole("main"); n != 8 {
				t.Errorf("%d are left, want all 8", n)
			}
			if n := r.mustBeWhole("offsite"); n != 4 {
				t.Errorf("%d are left in the other store, want 4", n)
			}
		})
	}
}

func TestARestoreThatBeginsWhileAPruneRunsStopsIt(t *testing.T) {
	r, clock := pruneRig(t, 6)
	oldest := r.entries()[0].Manifest
	main := r.stores["main"]
	main.del = func(string) error { // the first removal is on its way
		main.mu.Lock()
		defer main.mu.Unlock()
		if _, there := main.objects[manifestOf("backoffice", oldest.ID)]; !there {
			t.Error("the oldest is removed first")
		}
		main.objects[holdOf("backoffice", oldest.ID, clock.now().Add(holdFor))] = nil
		return nil
	}
	if run := r.prune(); run.Error != "" {
		t.Fatal(run.Error)
	}
	main.del = nil
	if p := r.last.Pruned[0]; len(p.Removed) != 1 || len(p.Left) != 1 || !strings.Contains(p.Left[0], "has begun meanwhile") {
		t.Errorf("removed %v, left %v", p.Removed, p.Left)
	}
	r.prune()
	if n := r.mustBeWhole("main"); n != 6 {
		t.Errorf("%d are left, want the two that are restored and the four that retention keeps", n)
	}
}

func TestAHoldIsThereAsLongAsTheRestore(t *testing.T) {
	const cluster, id = "backoffice", "20260301T020000Z-physical-aaaaaaaa"
	held := func(v Vault) bool {
		h, err := v.holds(t.Context(), cluster, time.Now())
		return err == nil && h.pins[id] != ""
	}
	setUp := func() (Vault, *memory) {
		m := newMemory()
		m.objects[manifestOf(cluster, id)] = nil
		return Vault{Store: m}, m
	}
	none := func(err error) { t.Error(err) }
	t.Run("over hours, by one object", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v, m := setUp()
			err := v.HoldDuring(t.Context(), cluster, id, "ana", t.TempDir(), none, func() error {
				for range 5 * 60 {
					if !held(v) || len(holdsIn(m)) != 1 {
						t.Fatalf("%v", holdsIn(m))
					}
					time.Sleep(time.Minute)
					synctest.Wait()
				}
				return nil
			})
			if err != nil || held(v) {
				t.Errorf("%v, %v", err, holdsIn(m))
			}
		})
	})
	t.Run("one that failed is held until it lapses", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v, _ := setUp()
			broken := errors.New("the disk is full")
			if err := v.HoldDuring(t.Context(), cluster, id, "ana", t.TempDir(), none, func() error { return broken }); !errors.Is(err, broken) || !held(v) {
				t.Errorf("%v", err)
			}
			time.Sleep(holdFor + time.Minute)
			if held(v) {
				t.Error("it never lapses")
			}
		})
	})
	t.Run("who ends well gives up what tries before held that were cut short", func(t *testing.T) {
		v, m := setUp()
		dir, broken := t.TempDir(), errors.New("killed")
		for range 2 {
			if err := v.HoldDuring(t.Context(), cluster, id, "ana", dir, none, func() error { return broken }); !errors.Is(err, broken) {
				t.Error(err)
			}
		}
		if err := v.HoldDuring(t.Context(), cluster, id, "bob", t.TempDir(), none, func() error { return broken }); !errors.Is(err, broken) {
			t.Error(err)
		}
		if n := len(holdsIn(m)); n != 3 {
			t.Errorf("%d holds", n)
		}
		if err := v.HoldDuring(t.Context(), cluster, id, "ana", dir, none, func() error { return nil }); err != nil || len(holdsIn(m)) != 1 {
			t.Errorf("%v; bob's alone should be left of %v", err, holdsIn(m))
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left in the folder: %v", left)
		}
	})
	t.Run("who may not write to the store restores all the same, and is told", func(t *testing.T) {
		v, m := setUp()
		m.put = refuse(holdsFolder)
		done := false
		var told error
		err := v.HoldDuring(t.Context(), cluster, id, "ana", t.TempDir(), func(err error) { told = err }, func() error { done = true; return nil })
		if err != nil || !done || told == nil || !strings.Contains(told.Error(), "nothing keeps a prune from removing") {
			t.Errorf("%v, done %v, told %v", err, done, told)
		}
	})
	t.Run("one that was removed before it was held is not begun", func(t *testing.T) {
		err := Vault{Store: newMemory()}.HoldDuring(t.Context(), cluster, id, "ana", t.TempDir(), none, func() error { t.Error("it was"); return nil })
		if err == nil || !strings.Contains(err.Error(), "chooses again") {
			t.Errorf("%v", err)
		}
	})
}
