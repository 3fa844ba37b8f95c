package backupd

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/httpjson"
	"github.com/kagu-db/kagu/internal/statefile"
)

// An API answers kagu and whoever else wants to know. Requests that change something must be JSON,
// so that no web page can send them from a browser unasked. Nothing here restores or deletes a
// backup by name: that needs the keys, or a policy.
type API struct {
	Desk Desk
	Log  *slog.Logger
}

// TakeRequest is the body of POST /api/v1/clusters/{cluster}/take.
type TakeRequest struct {
	Job string `json:"job"` // of kagu.yaml
	By  string `json:"by"`
}

// ProveRequest is the body of POST /api/v1/clusters/{cluster}/prove.
type ProveRequest struct {
	ID string `json:"id,omitempty"` // the backup; "": the newest that can be restored
	By string `json:"by"`
}

// CancelRequest is the body of POST /api/v1/clusters/{cluster}/cancel.
type CancelRequest struct {
	By string `json:"by"`
}

// PruneRequest is the body of POST /api/v1/clusters/{cluster}/prune.
type PruneRequest struct {
	Remove bool   `json:"remove,omitempty"` // false: only tell what would be removed
	By     string `json:"by"`
}

// PruneAnswer is the answer to a PruneRequest.
type PruneAnswer struct {
	Plans []PrunePlan `json:"plans"`
	Run   *Run        `json:"run,omitempty"` // the run that removes; it decides afresh
}

//go:embed openapi.yaml
var description []byte

// A route is one way into the API; openapi.yaml describes each.
type route struct {
	method, path string
	handle       http.HandlerFunc
}

func (a *API) routes() []route {
	return []route{
		{"GET", "/api/v1/openapi.yaml", a.openapi},
		{"GET", "/api/v1/backups", a.list},
		{"GET", "/api/v1/clusters/{cluster}/backups/{id}", a.show},
		{"GET", "/api/v1/runs", a.runs},
		{"GET", "/api/v1/runs/{run}", a.run},
		{"GET", "/api/v1/schedule", a.schedule},
		{"POST", "/api/v1/clusters/{cluster}/take", a.take},
		{"POST", "/api/v1/clusters/{cluster}/prove", a.prove},
		{"POST", "/api/v1/clusters/{cluster}/cancel", a.cancel},
		{"POST", "/api/v1/clusters/{cluster}/prune", a.prune},
	}
}

// Register adds the API's paths to mux.
func (a *API) Register(mux *http.ServeMux) {
	for _, r := range a.routes() {
		mux.HandleFunc(r.method+" "+r.path, r.handle)
	}
}

func (a *API) openapi(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	if _, err := w.Write(description); err != nil {
		a.Log.DebugContext(r.Context(), "client went away", "err", err)
	}
}

func (a *API) list(w http.ResponseWriter, r *http.Request) {
	list, err := a.Desk.List(r.Context(), r.URL.Query().Get("cluster"))
	a.answer(w, r, http.StatusOK, list, err)
}

func (a *API) show(w http.ResponseWriter, r *http.Request) {
	s, err := a.Desk.Show(r.Context(), r.PathValue("cluster"), r.PathValue("id"))
	a.answer(w, r, http.StatusOK, s, err)
}

func (a *API) runs(w http.ResponseWriter, r *http.Request) {
	limit := 50
	if text := r.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 1000 {
			a.answer(w, r, 0, nil, httpjson.BadRequest("limit must be a number from 1 to 1000"))
			return
		}
	}
	runs, err := a.Desk.Runs(r.Context(), r.URL.Query().Get("cluster"), limit)
	if runs == nil {
		runs = []Run{}
	}
	a.answer(w, r, http.StatusOK, runs, err)
}

func (a *API) run(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("run"), 10, 64)
	if err != nil {
		a.answer(w, r, 0, nil, httpjson.BadRequest("a run has a number"))
		return
	}
	run, err := a.Desk.FindRun(r.Context(), id)
	a.answer(w, r, http.StatusOK, run, err)
}

func (a *API) schedule(w http.ResponseWriter, r *http.Request) {
	a.answer(w, r, http.StatusOK, a.Desk.Planned(), nil)
}

func (a *API) take(w http.ResponseWriter, r *http.Request) {
	var ask TakeRequest
	err := a.read(r, &ask, &ask.By)
	if err == nil && ask.Job == "" {
		err = httpjson.BadRequest("say which job of kagu.yaml (job)")
	}
	var run Run
	if err == nil {
		run, err = a.Desk.Take(context.WithoutCancel(r.Context()), r.PathValue("cluster"), ask.Job, ask.By)
	}
	a.answer(w, r, http.StatusAccepted, run, err)
}

func (a *API) prove(w http.ResponseWriter, r *http.Request) {
	var ask ProveRequest
	err := a.read(r, &ask, &ask.By)
	var run Run
	if err == nil {
		run, err = a.Desk.Prove(context.WithoutCancel(r.Context()), r.PathValue("cluster"), ask.ID, ask.By)
	}
	a.answer(w, r, http.StatusAccepted, run, err)
}

func (a *API) cancel(w http.ResponseWriter, r *http.Request) {
	var ask CancelRequest
	err := a.read(r, &ask, &ask.By)
	if err == nil && !a.Desk.Cancel(r.PathValue("cluster"), ask.By) {
		err = errNothingRuns
	}
	if err != nil {
		a.answer(w, r, 0, nil, err)
		return
	}
	a.Log.InfoContext(r.Context(), "run cancelled", "cluster", r.PathValue("cluster"), "by", ask.By)
	w.WriteHeader(http.StatusNoContent)
}

func (a *API) prune(w http.ResponseWriter, r *http.Request) {
	var ask PruneRequest
	var done PruneAnswer
	err := a.read(r, &ask, &ask.By)
	if err == nil {
		done.Plans, err = a.Desk.PrunePlans(r.Context(), r.PathValue("cluster"))
	}
	status := http.StatusOK
	if err == nil && ask.Remove {
		var run Run
		run, err = a.Desk.Prune(context.WithoutCancel(r.Context()), r.PathValue("cluster"), ask.By)
		done.Run, status = &run, http.StatusAccepted
	}
	a.answer(w, r, status, done, err)
}

// read decodes a request that changes something. Who asks must say who it is, for the record.
func (a *API) read(r *http.Request, into any, by *string) error {
	err := httpjson.Read(r, into)
	if err == nil && *by == "" {
		err = httpjson.BadRequest("say who (by)")
	}
	*by = cluster.Printable(httpjson.Clip(*by))
	return err
}

var errNothingRuns = errors.New("nothing is running for this cluster")

func (a *API) answer(w http.ResponseWriter, r *http.Request, status int, body any, err error) {
	answerer := httpjson.Answerer{Log: a.Log, Status: statusOf}
	if err != nil {
		answerer.Fail(w, r, err)
		return
	}
	answerer.Reply(w, r, status, body)
}

// statusOf gives an error its status.
func statusOf(err error) int {
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, statefile.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, ErrBusy), errors.Is(err, errNothingRuns):
		return http.StatusConflict
	case errors.Is(err, ErrNotByHand):
		return http.StatusBadRequest
	case errors.Is(err, errNotRunning):
		return http.StatusServiceUnavailable
	}
	return 0
}
