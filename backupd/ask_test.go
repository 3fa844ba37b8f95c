package backupd

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// hinted puts a hint and lets the asker look once, without its loop.
func (r *rig) hinted(a *Asker, wants What, fingerprint string) {
	r.t.Helper()
	h := Hint{Cluster: "backoffice", Wants: wants, Fingerprint: fingerprint, StartsAt: time.Unix(1, 0), Alert: "BackupStale", Last: r.engine.now()}
	if err := r.engine.Catalogue.PutHints(r.t.Context(), []Hint{h}); err != nil {
		r.t.Fatal(err)
	}
	r.look(a)
}

func (r *rig) look(a *Asker) {
	r.t.Helper()
	if err := a.look(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) wantRuns(n int) []Run {
	r.t.Helper()
	runs, err := r.engine.Catalogue.Runs(r.t.Context(), "", 100)
	if err != nil || len(runs) != n {
		r.t.Fatalf("%d runs, want %d: %+v %v", len(runs), n, runs, err)
	}
	return runs
}

func (r *rig) wantPending(n int) {
	r.t.Helper()
	pending, err := r.engine.Catalogue.PendingHints(r.t.Context())
	if err != nil || len(pending) != n {
		r.t.Fatalf("pending: %+v %v, want %d", pending, err, n)
	}
}

func TestAnAlertBringsAboutOneRunAnHour(t *testing.T) {
	clock := time.Now()
	r := newRigWith(t, t.TempDir(), twoStores(), allKeys(t), func(e *Engine) { e.Now = func() time.Time { return clock } })
	a := NewAsker(r.engine)

	r.hinted(a, Taking, "one")
	if run := r.wantRuns(1)[0]; run.Job != "full" || run.By != "alert BackupStale" {
		t.Errorf("begun by rule: %+v", run)
	}
	r.wait(Run{ID: 1})
	r.wantPending(0)

	r.hinted(a, Taking, "one") // Alertmanager repeats it
	r.wantPending(0)
	r.hinted(a, Taking, "two")
	r.hinted(a, Taking, "three")
	r.hinted(a, Proving, "four")
	r.wantRuns(1)
	r.wantPending(3)

	clock = clock.Add(hintEvery + time.Second)
	r.look(a) // one run serves both that want a backup
	r.wait(Run{ID: 2})
	r.wantPending(1)
	clock = clock.Add(hintEvery + time.Second)
	r.look(a)
	if run := r.wait(Run{ID: 3}); run.What != Proving || run.Error != "" {
		t.Errorf("%+v", run)
	}
	r.wantPending(0)

	clock = clock.Add(hintEvery + time.Second)
	r.hinted(a, Proving, "five") // all is proven
	r.wantPending(0)
	r.wantRuns(3)
}

func TestAHintWaitsForTheRunThatGoesOnAndNotForEver(t *testing.T) {
	clock := time.Now()
	r := newRigWith(t, t.TempDir(), twoStores(), allKeys(t), func(e *Engine) { e.Now = func() time.Time { return clock } })
	a := NewAsker(r.engine)
	inside, leave := make(chan struct{}), make(chan struct{})
	r.kind.take = func(Take) error { close(inside); <-leave; return nil }
	run, err := r.engine.Take(t.Context(), "backoffice", "full", "a test")
	if err != nil {
		t.Fatal(err)
	}
	<-inside
	r.hinted(a, Taking, "one")
	r.wantPending(1)
	clock = clock.Add(hintStale + time.Second)
	r.look(a)
	r.wantPending(0)
	close(leave)
	r.wait(run)
	r.look(a)
	r.wantRuns(1)
}

func TestAHintThatCannotBeHeededIsStruck(t *testing.T) {
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	r.hinted(NewAsker(r.engine), Proving, "one") // there is no backup
	r.wantPending(0)
	r.wantRuns(0)
}

func TestAHintDoesNoMoreThanTheSchedule(t *testing.T) {
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	remediator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"clusters":[{"cluster":"backoffice","maintenance":{"by":"ana","why":"new disk"}}]}`)
	}))
	defer remediator.Close()
	r.engine.Fleet().Remediator.URL = remediator.URL
	a := NewAsker(r.engine)
	r.hinted(a, Taking, "one")
	r.wantPending(1) // until the maintenance ends
	r.wantRuns(0)
}
