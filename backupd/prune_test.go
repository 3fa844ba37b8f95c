package backupd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A tickingClock goes on by a millisecond each time somebody looks.
type tickingClock struct{ nanos atomic.Int64 }

func (c *tickingClock) now() time.Time {
	return time.Unix(0, c.nanos.Add(int64(time.Millisecond))).UTC()
}
func (c *tickingClock) add(d time.Duration) { c.nanos.Add(int64(d)) }

// A pruneRig is a rig with a clock, and with some days of backups: each day a full one, proven, and
// an incremental.
func pruneRig(t *testing.T, days int, prepare ...func(*Engine)) (r *rig, clock *tickingClock) {
	t.Helper()
	clock = &tickingClock{}
	clock.add(time.Duration(time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC).UnixNano()))
	r = newRigWith(t, t.TempDir(), twoStores(), allKeys(t), func(e *Engine) {
		e.Now = clock.now
		b := e.Fleet().Clusters[0].Backup
		b.Zone, b.Retention = time.UTC, inventory.Retention{Daily: 2, Least: 1}
		for _, do := range prepare {
			do(e)
		}
	})
	for range days {
		for _, run := range []Run{r.take("full"), r.prove("")} {
			if run.Error != "" {
				t.Fatal(run.Error)
			}
		}
		clock.add(6 * time.Hour)
		r.take("changes")
		clock.add(18 * time.Hour)
	}
	return r, clock
}

func (r *rig) prune() Run {
	r.t.Helper()
	run, err := r.engine.Prune(r.t.Context(), "backoffice", "a test")
	if err != nil {
		r.t.Fatal(err)
	}
	return r.wait(run)
}

// mustBeWhole wants every backup that a store lists to be restorable, and returns how many there are.
func (r *rig) mustBeWhole(name string) int {
	r.t.Helper()
	v := Vault{Store: r.stores[name], Keys: r.engine.Keys()}
	list, err := v.List(r.t.Context(), "backoffice")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, l := range list {
		if l.Err != nil {
			r.t.Errorf("%s lists %s: %v", name, l.ID, l.Err)
			continue
		}
		if _, err := v.Check(r.t.Context(), l.Manifest, nil); err != nil {
			r.t.Errorf("%s lists %s, which cannot be restored: %v", name, l.ID, err)
		}
		if base := l.Manifest.Base; base != "" && !slices.ContainsFunc(list, func(o Listed) bool { return o.ID == base }) {
			r.t.Errorf("%s lists %s without %s", name, l.ID, base)
		}
	}
	return len(list)
}

func TestPruneRemovesWhatRetentionGivesUp(t *testing.T) {
	r, _ := pruneRig(t, 4)
	plans, err := r.engine.PrunePlans(t.Context(), "backoffice")
	if err != nil || len(plans) != 2 || plans[0].Store != "main" || len(plans[0].Decisions) != 8 || plans[0].Free == 0 {
		t.Fatalf("%+v, %v", plans, err)
	}
	if n := r.mustBeWhole("main"); n != 8 {
		t.Fatalf("a plan removed something: %d are left", n)
	}
	if run := r.prune(); run.Error != "" {
		t.Fatal(run.Error)
	}
	if p := r.last.Pruned; len(p) != 2 || len(p[0].Removed) != 4 || p[0].Freed != plans[0].Free || len(p[0].Left) != 0 {
		t.Errorf("%+v", p)
	}
	for name, st := range r.stores {
		if n := r.mustBeWhole(name); n != 4 {
			t.Errorf("%s: %d backups are left, want those of two days", name, n)
		}
		for object := range st.objects {
			if _, id, _, _ := belongsAnywhere(object); !slices.ContainsFunc(r.entries(), func(e Entry) bool { return e.Manifest.ID == id }) {
				t.Errorf("%s still has %s", name, object)
			}
		}
	}
	if run := r.prove(""); run.Error != "" {
		t.Errorf("the newest one cannot be proven any more: %s", run.Error)
	}
}

func belongsAnywhere(object string) (cluster, id, rest string, ok bool) {
	for _, folder := range []string{manifestsFolder, partsFolder, proofsFolder} {
		if cluster, id, rest, ok = belongs(folder, object); ok {
			return cluster, id, rest, ok
		}
	}
	return "", "", "", false
}

// A process that dies in the middle is a Delete after which all others fail, too.
func TestPruneInterruptedAnywhereLeavesOnlyWholeBackupsAndIsTakenUpAgain(t *testing.T) {
	for stop := range 40 {
		r, _ := pruneRig(t, 3)
		var deleted atomic.Int64
		for _, st := range r.stores {
			st.del = func(string) error {
				if deleted.Add(1) > int64(stop) {
					return errors.New("killed")
				}
				return nil
			}
		}
		run := r.prune()
		for name, st := range r.stores {
			st.del = nil
			r.mustBeWhole(name)
		}
		if again := r.prune(); again.Error != "" {
			t.Fatalf("stopped after %d: the second time it said %s", stop, again.Error)
		}
		for name, st := range r.stores {
			if n := r.mustBeWhole(name); n != 4 {
				t.Errorf("stopped after %d: %s has %d backups", stop, name, n)
			}
			left := 0
			for object := range st.objects {
				if _, id, _, _ := belongsAnywhere(object); !slices.ContainsFunc(r.entries(), func(e Entry) bool { return e.Manifest.ID == id }) {
					left++
				}
			}
			if left > 0 {
				t.Errorf("stopped after %d: %s keeps %d objects of what is removed", stop, name, left)
			}
		}
		r.stop()
		if run.Error == "" {
			return // it came to its end before it was stopped
		}
	}
	t.Error("it was never seen to come to its end")
}

func TestPruneOfALockedBackupIsNoFailureAndKeepsItsChain(t *testing.T) {
	r, _ := pruneRig(t, 4)
	oldest := r.entries()[1].Manifest // the incremental of the first day
	r.stores["main"].del = func(name string) error {
		if strings.HasSuffix(name, oldest.ID) {
			return fmt.Errorf("%s: %w", name, store.ErrLocked)
		}
		return nil
	}
	if run := r.prune(); run.Error != "" {
		t.Fatal(run.Error)
	}
	if n := r.mustBeWhole("main"); n != 6 {
		t.Errorf("%d are left, want the two of the first day and those of the last two", n)
	}
	if p := r.last.Pruned[0]; len(p.Left) != 1 || !strings.HasPrefix(p.Left[0], oldest.ID) {
		t.Errorf("it does not say what is left: %+v", p.Left)
	}
}

func TestPruneFindsWhatWasLeftBehind(t *testing.T) {
	r, clock := pruneRig(t, 2)
	st := r.stores["main"]
	old := NewID(Physical, clock.now().Add(-72*time.Hour))
	young := NewID(Physical, clock.now().Add(-time.Hour))
	for _, id := range []string{old, young} {
		st.objects[partOf("backoffice", id, "data", 0)] = []byte("left")
	}
	st.objects["parts/backoffice/what-is-this/data/0"] = []byte("not ours")
	plans, err := r.engine.PrunePlans(t.Context(), "backoffice")
	if err != nil || len(plans[0].Orphans) != 2 || plans[1].Orphans != nil {
		t.Fatalf("%+v, %v", plans[0].Orphans, err)
	}
	for _, o := range plans[0].Orphans {
		if o.Remove != (o.ID == old) || o.Why == "" {
			t.Errorf("%+v", o)
		}
	}
	r.prune()
	if _, there := st.objects[partOf("backoffice", old, "data", 0)]; there {
		t.Error("the old parts are still there")
	}
	for _, object := range []string{partOf("backoffice", young, "data", 0), "parts/backoffice/what-is-this/data/0"} {
		if _, there := st.objects[object]; !there {
			t.Errorf("%s is gone", object)
		}
	}
}

func TestPruneWithAClockThatIsWrongRemovesNothing(t *testing.T) {
	for name, shift := range map[string]time.Duration{"behind": -60 * time.Hour, "far ahead": 400 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			r, clock := pruneRig(t, 4)
			r.stores["main"].objects[partOf("backoffice", NewID(Physical, clock.now().Add(-240*time.Hour)), "data", 0)] = []byte("left")
			objects := len(r.stores["main"].objects)
			clock.add(shift)
			if run := r.prune(); run.Error != "" || len(r.last.Pruned[0].Removed) > 0 || len(r.stores["main"].objects) != objects {
				t.Errorf("%s: %+v", run.Error, r.last.Pruned[0].Removed)
			}
			for _, d := range r.last.Pruned[0].Plan.Decisions {
				if !strings.Contains(d.Why, "clock") {
					t.Errorf("%s: %s", d.ID, d.Why)
				}
			}
		})
	}
}

func TestPruneForgetsWhatAnEarlierOneHadNoTimeToForget(t *testing.T) {
	r, _ := pruneRig(t, 1)
	e := r.entries()
	if len(e) != 2 {
		t.Fatal(len(e))
	}
	m := e[1].Manifest
	for _, st := range r.stores { // removed, and then killed
		delete(st.objects, manifestOf(m.Cluster, m.ID))
	}
	r.prune()
	if left := r.entries(); len(left) != 1 || left[0].Manifest.ID == m.ID {
		t.Errorf("the catalogue still has %d", len(left))
	}
}
