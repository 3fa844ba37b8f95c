package remediator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/httpjson"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// An API answers kagu and whoever else wants to know. Requests that change something must be
// JSON, so that no web page can send them from a browser unasked.
type API struct {
	Fleet      func() *inventory.Fleet
	Journal    *journal.Journal
	Engine     *Engine
	KillSwitch KillSwitch
	Log        *slog.Logger
}

// Status is the answer to GET /api/v1/status.
type Status struct {
	KillSwitch string          `json:"kill_switch,omitempty"` // why nothing is done anywhere; "" if off
	Clusters   []ClusterStatus `json:"clusters"`
}

// ClusterStatus is what the remediator is doing about one cluster.
type ClusterStatus struct {
	Cluster     string               `json:"cluster"`
	Mode        cluster.Mode         `json:"mode"`
	Held        bool                 `json:"held"`
	Maintenance *journal.Maintenance `json:"maintenance,omitempty"`
	Incidents   []journal.Incident   `json:"incidents"` // open ones
}

// MaintenanceRequest is the body of PUT /api/v1/clusters/{cluster}/maintenance.
type MaintenanceRequest struct {
	Until time.Time `json:"until"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
}

// PersonRequest is the body of the requests by which a human decides about an incident.
type PersonRequest struct {
	By string `json:"by"`
}

// MaxMaintenance bounds how long a cluster can be taken out of the remediator's hands at once.
const MaxMaintenance = 30 * 24 * time.Hour

// Register adds the API's paths to mux.
func (a *API) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/status", a.status)
	mux.HandleFunc("GET /api/v1/incidents", a.incidents)
	mux.HandleFunc("GET /api/v1/incidents/{id}", a.incident)
	mux.HandleFunc("POST /api/v1/incidents/{id}/approve", a.person(a.Engine.Approve))
	mux.HandleFunc("POST /api/v1/incidents/{id}/release", a.person(a.Engine.Release))
	mux.HandleFunc("PUT /api/v1/clusters/{cluster}/maintenance", a.beginMaintenance)
	mux.HandleFunc("DELETE /api/v1/clusters/{cluster}/maintenance", a.endMaintenance)
}

func (a *API) status(w http.ResponseWriter, r *http.Request) {
	s := Status{Clusters: []ClusterStatus{}}
	if veto := check(r.Context(), a.KillSwitch, Case{}); veto != nil {
		s.KillSwitch = veto.Reason
	}
	list, err := a.Journal.Maintenances(r.Context(), time.Now())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	for _, c := range a.Fleet().Clusters {
		one := ClusterStatus{Cluster: c.Name, Mode: c.Mode}
		for _, m := range list {
			if m.Cluster == c.Name {
				one.Maintenance = &m
			}
		}
		if one.Incidents, err = a.Journal.Incidents(r.Context(), journal.Filter{Cluster: c.Name, OpenOnly: true}); err != nil {
			a.fail(w, r, err)
			return
		}
		acts, err := a.Journal.Unfinished(r.Context(), c.Name)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		for _, act := range acts {
			one.Held = one.Held || a.heldBy(one.Incidents, act)
		}
		s.Clusters = append(s.Clusters, one)
	}
	a.reply(w, r, http.StatusOK, s)
}

func (a *API) heldBy(open []journal.Incident, act journal.Intent) bool {
	for _, inc := range open {
		if inc.ID == act.Incident {
			return inc.State == journal.StateHeld
		}
	}
	return true // unfinished without an open incident: not an act under way
}

func (a *API) incidents(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := journal.Filter{Cluster: q.Get("cluster"), OpenOnly: q.Get("open") == "true"}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			a.fail(w, r, httpjson.BadRequest("limit must be a number from 1 to 1000"))
			return
		}
		f.Limit = n
	}
	list, err := a.Journal.Incidents(r.Context(), f)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.reply(w, r, http.StatusOK, list)
}

func (a *API) incident(w http.ResponseWriter, r *http.Request) {
	inc, err := a.Journal.Incident(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.reply(w, r, http.StatusOK, inc)
}

func (a *API) beginMaintenance(w http.ResponseWriter, r *http.Request) {
	var m MaintenanceRequest
	name, err := a.knownCluster(r)
	if err == nil {
		err = httpjson.Read(r, &m)
	}
	now := time.Now()
	switch {
	case err != nil:
	case m.By == "" || m.Why == "":
		err = httpjson.BadRequest("say who (by) and why")
	case !m.Until.After(now):
		err = httpjson.BadRequest("until must be in the future")
	case m.Until.Sub(now) > MaxMaintenance:
		err = httpjson.BadRequest("until must be within 30 days")
	}
	done := journal.Maintenance{Cluster: name, Since: now, Until: m.Until, By: httpjson.Clip(m.By), Why: httpjson.Clip(m.Why)}
	if err == nil {
		err = a.Journal.SetMaintenance(r.Context(), done)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.Log.InfoContext(r.Context(), "maintenance begins", "cluster", name, "until", m.Until, "by", done.By, "why", done.Why)
	a.Engine.Wake(name)
	a.reply(w, r, http.StatusOK, done)
}

func (a *API) endMaintenance(w http.ResponseWriter, r *http.Request) {
	name, err := a.knownCluster(r)
	if err == nil {
		err = a.Journal.EndMaintenance(r.Context(), name)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.Log.InfoContext(r.Context(), "maintenance ends", "cluster", name)
	a.Engine.Wake(name)
	w.WriteHeader(http.StatusNoContent)
}

func (a *API) person(decide func(ctx context.Context, incident, by string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var p PersonRequest
		err := httpjson.Read(r, &p)
		if err == nil && p.By == "" {
			err = httpjson.BadRequest("say who (by)")
		}
		if err == nil {
			err = decide(r.Context(), r.PathValue("id"), httpjson.Clip(p.By))
		}
		if err != nil {
			a.fail(w, r, err)
			return
		}
		a.incident(w, r)
	}
}

func (a *API) knownCluster(r *http.Request) (string, error) {
	name := r.PathValue("cluster")
	fleet := a.Fleet()
	if _, ok := fleet.Cluster(name); !ok {
		return "", fmt.Errorf("%w: %w", journal.ErrNotFound, fleet.NoCluster(httpjson.Clip(name), "kagu.yaml"))
	}
	return name, nil
}

// statusOf gives an error its status.
func statusOf(err error) int {
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, ErrNotNow):
		return http.StatusConflict
	}
	return 0
}

func (a *API) answerer() httpjson.Answerer { return httpjson.Answerer{Log: a.Log, Status: statusOf} }

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.PathValue("id") != "" && errors.Is(err, journal.ErrNotFound) {
		err = fmt.Errorf("%w; kagu incidents shows those there are", err)
	}
	a.answerer().Fail(w, r, err)
}

func (a *API) reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	a.answerer().Reply(w, r, status, body)
}
