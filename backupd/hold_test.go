package backupd

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

func TestMaintenanceIsAskedOfTheRemediator(t *testing.T) {
	const status = `{"clusters":[{"cluster":"voip","mode":"auto","held":false,"incidents":[]},
		{"cluster":"backoffice","mode":"propose","held":false,"incidents":[],
		"maintenance":{"cluster":"backoffice","since":"2026-03-01T10:00:00Z","until":"2026-03-01T12:00:00Z","by":"ana","why":"new disk"}}]}`
	answer, code := status, http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/status" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(answer))
	}))
	r := Remediator{URL: server.URL + "/", HTTP: server.Client()}
	for name, want := range map[string]string{"backoffice": "new disk, by ana until 2026-03-01T12:00:00Z", "voip": "", "other": ""} {
		if got, err := r.Maintenance(t.Context(), name); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	answer = "no JSON"
	if _, err := r.Maintenance(t.Context(), "voip"); err == nil || !strings.Contains(err.Error(), "read the remediator's answer") {
		t.Error(err)
	}
	code = http.StatusInternalServerError
	if _, err := r.Maintenance(t.Context(), "voip"); err == nil || !strings.Contains(err.Error(), "500") {
		t.Error(err)
	}
	server.Close()
	if _, err := r.Maintenance(t.Context(), "voip"); err == nil {
		t.Error("a remediator that is away counts as one that allows")
	}
}

// movedKind is a Kind of whose cluster a member receives its state.
type movedKind struct{ *fakeKind }

func (movedKind) Transfer(context.Context, inventory.Cluster) (string, error) {
	return "db3 is joined", nil
}

func TestAJobFindsOutWhatHoldsItBack(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	r := newRigWith(t, t.TempDir(), twoStores(), allKeys(t), func(e *Engine) {
		e.Fleet().Remediator.URL = away.URL
		e.Kinds[cluster.KindGalera] = movedKind{e.Kinds[cluster.KindGalera].(*fakeKind)}
	})
	a := r.engine.Around(t.Context(), Slot{Cluster: "backoffice", What: Taking})
	if a.Running != nil || a.Transfer != "db3 is joined" || len(a.Unknown) != 1 || !strings.Contains(a.Unknown[0], "in maintenance") {
		t.Errorf("a backup: %+v", a)
	}
	if a := r.engine.Around(t.Context(), Slot{Cluster: "backoffice", What: Proving}); a.Transfer != "" || a.Unknown != nil {
		t.Errorf("a proof asked for what does not concern it: %+v", a)
	}
	begun, proceed := make(chan bool), make(chan bool)
	r.kind.take = func(Take) error {
		begun <- true
		<-proceed
		return nil
	}
	run, err := r.engine.Take(t.Context(), "backoffice", "full", "a test")
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	if a := r.engine.Around(t.Context(), Slot{Cluster: "backoffice", What: Pruning}); a.Running == nil || a.Running.ID != run.ID {
		t.Errorf("beside a run: %+v", a)
	}
	close(proceed)
	r.wait(run)
}
