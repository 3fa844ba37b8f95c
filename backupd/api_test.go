package backupd

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func newAPI(t *testing.T) http.Handler {
	t.Helper()
	return newRig(t, t.TempDir(), twoStores(), allKeys(t)).api()
}

func (r *rig) api() http.Handler {
	mux := http.NewServeMux()
	a := &API{Desk: EngineDesk{Engine: r.engine, Schedule: &Scheduler{}}, Log: slog.New(slog.DiscardHandler)}
	a.Register(mux)
	return mux
}

func call(h http.Handler, method, path, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAPI(t *testing.T) {
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	r.take("full")
	id := r.entries()[0].Manifest.ID
	inside, leave := make(chan struct{}), make(chan struct{})
	r.kind.take = func(Take) error { close(inside); <-leave; return nil }
	api, json := r.api(), "application/json"
	const of = "/api/v1/clusters/backoffice/"
	ask := func(name, method, path, kind, body string, status int, says string) {
		t.Helper()
		w := call(api, method, path, kind, body)
		if w.Code != status || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: answered %d %s, want %d %q", name, w.Code, w.Body, status, says)
		}
	}
	ask("list", "GET", "/api/v1/backups", "", "", 200, `"cluster":"backoffice"`)
	ask("list has what was taken", "GET", "/api/v1/backups?cluster=backoffice", "", "", 200, id)
	ask("list of no cluster", "GET", "/api/v1/backups?cluster=nowhere", "", "", 404, "kagu.yaml")
	ask("list of a cluster without backups", "GET", "/api/v1/backups?cluster=bare", "", "", 404, "no backup section")
	ask("show", "GET", of+"backups/"+id, "", "", 200, `"checked":"`)
	ask("show what is none", "GET", of+"backups/nope%1b", "", "", 404, "kagu backup list backoffice")
	ask("runs", "GET", "/api/v1/runs?cluster=backoffice&limit=1", "", "", 200, `"what":"take"`)
	ask("a limit that is none", "GET", "/api/v1/runs?limit=0", "", "", 400, "1 to 1000")
	ask("a run", "GET", "/api/v1/runs/1", "", "", 200, `"by":"a test"`)
	ask("a run that is none", "GET", "/api/v1/runs/99", "", "", 404, "run 99")
	ask("a run without a number", "GET", "/api/v1/runs/x", "", "", 400, "number")
	ask("schedule", "GET", "/api/v1/schedule", "", "", 200, "[")
	ask("a form, as a web page could send it", "POST", of+"take", "application/x-www-form-urlencoded", "job=full", 400, "send JSON")
	ask("take without a name", "POST", of+"take", json, `{"job":"full"}`, 400, "say who")
	ask("take without a job", "POST", of+"take", json, `{"by":"ana"}`, 400, "which job")
	ask("take with an unknown key", "POST", of+"take", json, `{"job":"full","by":"ana","to":"/tmp"}`, 400, "to")
	ask("take of no cluster", "POST", "/api/v1/clusters/nowhere/take", json, `{"job":"full","by":"ana"}`, 404, "kagu.yaml")
	ask("take by no job", "POST", of+"take", json, `{"job":"nope","by":"ana"}`, 404, "in kagu.yaml; it has full, ")
	ask("take what has no end", "POST", of+"take", json, `{"job":"log","by":"ana"}`, 400, "not begun by hand")
	ask("prove what is none", "POST", of+"prove", json, `{"id":"nope","by":"ana"}`, 404, "kagu backup list backoffice shows what it has")
	ask("prune tells only", "POST", of+"prune", json, `{"by":"ana"}`, 200, `"why":"`)
	ask("cancel nothing", "POST", of+"cancel", json, `{"by":"ana"}`, 409, "nothing is running")

	ask("take", "POST", of+"take", json, `{"job":"full","by":"ana\u001b[2J"}`, 202, `"by":"ana·[2J"`)
	<-inside
	ask("it runs", "GET", "/api/v1/runs/2", "", "", 200, `"stage":"take"`)
	ask("the list says so", "GET", "/api/v1/backups", "", "", 200, `"running":[{"id":2`)
	ask("another at the same time", "POST", of+"prove", json, `{"by":"bob"}`, 409, "another job of this cluster is running")
	ask("cancel", "POST", of+"cancel", json, `{"by":"bob"}`, 204, "")
	close(leave)
	if run := r.wait(Run{ID: 2}); run.Error == "" {
		t.Error("it was not cancelled")
	}
	ask("the list tells of the failure", "GET", "/api/v1/backups", "", "", 200, `"failed":{"id":2`)
	ask("prove", "POST", of+"prove", json, `{"by":"bob"}`, 202, id)
	if run := r.wait(Run{ID: 3}); run.Error != "" {
		t.Error(run.Error)
	}
	ask("it is proven", "GET", of+"backups/"+id, "", "", 200, `"proven":"`)
	ask("prune", "POST", of+"prune", json, `{"by":"bob","remove":true}`, 202, `"what":"prune"`)
	if run := r.wait(Run{ID: 4}); run.Error != "" {
		t.Error(run.Error)
	}
}
