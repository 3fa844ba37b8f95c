package backupd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// planned remembers the steps it did, and fails at one.
type planned struct {
	fakeKind
	did    []string
	failAt string
	unfit  string // ID of a backup that is of no use for a member
}

func (p *planned) Plan(_ context.Context, r Restore) (Plan, error) {
	if r.Goal == ToNode && r.Links[0].Manifest.ID == p.unfit {
		return Plan{}, fmt.Errorf("%w: rows are no files", ErrUnfit)
	}
	plan := Plan{Goal: r.Goal, Until: "the end", Steps: []Step{{Name: "fetch"}, {Name: "prepare"}, {Name: "start"}}}
	for _, l := range r.Links {
		plan.Backups = append(plan.Backups, l.Manifest.ID)
	}
	return plan, nil
}

func (p *planned) Do(_ context.Context, _ Restore, s Step) error {
	if s.Name == p.failAt {
		return errors.New("the disk is full")
	}
	p.did = append(p.did, s.Name)
	return nil
}

// three takes three full backups and returns the vault they are in.
func three(t *testing.T) (*rig, Vault) {
	t.Helper()
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	for range 3 {
		if run := r.take("full"); run.Error != "" {
			t.Fatal(run.Error)
		}
	}
	return r, Vault{Store: r.stores["main"], Keys: r.engine.Keys()}
}

func TestTheNewestGoodBackupIsChosen(t *testing.T) {
	r, v := three(t)
	all := r.entries()
	ids := []string{all[0].Manifest.ID, all[1].Manifest.ID, all[2].Manifest.ID}
	gone := func(id string) {
		delete(r.stores["main"].objects, manifestOf("backoffice", id))
	}
	between := all[1].Manifest.Begun.Add(time.Microsecond)
	for _, c := range []struct {
		name   string
		hurt   func()
		id     string
		point  Point
		want   string
		passed []string // parts of what is said of newer ones
		says   string   // part of the error
	}{
		{name: "without a wish", want: ids[2]},
		{name: "by its ID", id: ids[0], want: ids[0]},
		{name: "by an ID that is not there", id: "20260101T000000Z-physical-aaaaaaaa", says: "no backup"},
		{name: "before a moment", point: Point{Time: between}, want: ids[1], passed: []string{"later state", "older than the newest"}},
		{name: "before all of them", point: Point{Time: all[0].Manifest.Begun.Add(-time.Second)}, says: "none of 3 backups can be used"},
		{
			name: "the newest is found bad", hurt: func() { all[2].Records = append(all[2].Records, Record{Said: "row counts differ", Ended: time.Now()}) },
			want: ids[1], passed: []string{"row counts differ", "older than the newest"},
		},
		{name: "the newest is gone", hurt: func() { gone(ids[2]) }, want: ids[1], passed: []string{"not found", ids[1] + " is used"}},
		{name: "the one that is asked for is gone", id: ids[2], says: "not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := slices.Clone(all)
			if c.hurt != nil {
				c.hurt()
			}
			defer copy(all, before)
			got, err := Choose(t.Context(), &planned{}, v, all, c.id, Restore{Cluster: r.engine.Fleet().Clusters[0], Goal: ToScratch, Point: c.point})
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{c.want}, got.Plan.Backups); diff != "" {
				t.Error(diff)
			}
			said := strings.Join(got.Passed, "\n")
			for _, p := range c.passed {
				if !strings.Contains(said, p) {
					t.Errorf("%q is not in %q", p, said)
				}
			}
		})
	}
}

func TestABackupThatDoesNotServeTheGoalIsNotChosen(t *testing.T) {
	r, v := three(t)
	all := r.entries()
	kind := &planned{unfit: all[2].Manifest.ID}
	got, err := Choose(t.Context(), kind, v, all, "", Restore{Cluster: r.engine.Fleet().Clusters[0], Goal: ToNode})
	if err != nil || got.Plan.Backups[0] != all[1].Manifest.ID || len(got.Passed) > 0 {
		t.Errorf("%v, %+v", err, got)
	}
	if _, err := Choose(t.Context(), kind, v, all, kind.unfit, Restore{Cluster: r.engine.Fleet().Clusters[0], Goal: ToNode}); !errors.Is(err, ErrUnfit) {
		t.Errorf("asked for by its ID: %v", err)
	}
}

func TestARestoreGoesOnWhereItWasCutShort(t *testing.T) {
	r, v := three(t)
	kind := &planned{failAt: "prepare"}
	choice, err := Choose(t.Context(), kind, v, r.entries(), "", Restore{Cluster: r.engine.Fleet().Clusters[0], Goal: ToScratch})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restore")
	var told []string
	step := func(_ int, s Step) { told = append(told, s.Name) }
	if err := CarryOut(t.Context(), kind, choice, dir, step); err == nil || !strings.Contains(err.Error(), "step 2, prepare: the disk is full") {
		t.Errorf("got %v", err)
	}
	kind.failAt = ""
	if err := CarryOut(t.Context(), kind, choice, dir, step); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"fetch", "prepare", "start"}, kind.did); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"fetch", "prepare", "prepare", "start"}, told); diff != "" {
		t.Error(diff)
	}
	other := choice
	other.Restore.Point.GTID = "0-1-7"
	if err := CarryOut(t.Context(), kind, other, dir, step); err == nil || !strings.Contains(err.Error(), "another restore, of "+choice.Plan.Backups[0]+" to scratch, of which 3 of 3 steps are done") {
		t.Errorf("a folder of another restore: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, progressFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CarryOut(t.Context(), kind, choice, dir, step); err == nil {
		t.Error("a torn note of progress was taken for none")
	}
}

func TestTheSameCommandOnceItIsDone(t *testing.T) {
	for _, c := range []struct {
		name string
		goal Goal
		want []string
	}{
		{"a scratch server may have a human on it: its last step alone", ToScratch, []string{"fetch", "prepare", "start", "start"}},
		{"a member that is lost once more: all of it", ToNode, []string{"fetch", "prepare", "start", "fetch", "prepare", "start"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, dir := &planned{}, t.TempDir()
			choice := Choice{Plan: Plan{Goal: c.goal, Steps: []Step{{Name: "fetch"}, {Name: "prepare", Why: "1 piece"}, {Name: "start"}}}}
			for range 2 {
				if err := CarryOut(t.Context(), kind, choice, dir, func(int, Step) {}); err != nil {
					t.Fatal(err)
				}
				choice.Plan.Steps = slices.Clone(choice.Plan.Steps)
				choice.Plan.Steps[1].Why = "2 pieces" // more was archived meanwhile
			}
			if diff := cmp.Diff(c.want, kind.did); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTwoDoNotRestoreInOneFolder(t *testing.T) {
	dir, kind := t.TempDir(), &planned{}
	choice := Choice{Plan: Plan{Steps: []Step{{Name: "fetch"}}}}
	err := CarryOut(t.Context(), kind, choice, dir, func(int, Step) {
		if err := CarryOut(t.Context(), kind, choice, dir, func(int, Step) {}); err == nil || !strings.Contains(err.Error(), "another kagu") {
			t.Errorf("the second: %v", err)
		}
	})
	if err != nil || len(kind.did) != 1 {
		t.Errorf("%v, did %v", err, kind.did)
	}
}

func TestNothingIsReplacedWithoutConsent(t *testing.T) {
	kind := &planned{}
	c := Choice{Plan: Plan{Consent: "backoffice/db2", Steps: []Step{{Name: "replace"}}}}
	for _, typed := range []string{"", "yes", "backoffice/db1"} {
		c.Restore.Consent = typed
		if err := CarryOut(t.Context(), kind, c, t.TempDir(), func(int, Step) {}); err == nil || len(kind.did) > 0 {
			t.Errorf("%q: %v", typed, err)
		}
	}
	c.Restore.Consent = "backoffice/db2"
	if err := CarryOut(t.Context(), kind, c, t.TempDir(), func(int, Step) {}); err != nil || len(kind.did) != 1 {
		t.Errorf("with consent: %v", err)
	}
}

func TestBinaryLogsAreReadFromTheBeginOfAFile(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 28, 2, minute, 0, 0, time.UTC) }
	piece := func(id, node, file string, minute int) Piece {
		return Piece{ID: id, Node: node, Ended: at(minute), To: Place{File: file}}
	}
	pieces := []Piece{
		piece("a", "db3", "log.1", 0), piece("b", "db3", "log.2", 1), piece("c", "db3", "log.2", 2), piece("d", "db3", "log.3", 3),
		piece("e", "db3", "log.3", 5), piece("f", "db3", "log.4", 6), piece("g", "db2", "log.9", 7),
	}
	var got []string
	for _, m := range since(pieces, Manifest{Begun: at(4)}) {
		got = append(got, m.ID)
	}
	if diff := cmp.Diff([]string{"b", "c", "d", "e", "f", "g"}, got); diff != "" {
		t.Error(diff)
	}
}
