package remediator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/kagu-db/kagu/internal/httpjson"
	"github.com/kagu-db/kagu/internal/journal"
)

// A Client talks to a running remediator's API.
type Client struct {
	URL  string // http://127.0.0.1:10043
	HTTP *http.Client
}

// ErrNoRemediator says that no remediator answers at the URL.
var ErrNoRemediator = errors.New("no remediator answers")

// Status tells what the remediator is doing.
func (c Client) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, c.do(ctx, http.MethodGet, "/api/v1/status", nil, &s)
}

// Incidents returns incidents, newest first.
func (c Client) Incidents(ctx context.Context, f journal.Filter) ([]journal.Incident, error) {
	q := url.Values{"cluster": {f.Cluster}, "open": {fmt.Sprint(f.OpenOnly)}}
	if f.Limit > 0 {
		q.Set("limit", fmt.Sprint(f.Limit))
	}
	var list []journal.Incident
	return list, c.do(ctx, http.MethodGet, "/api/v1/incidents?"+q.Encode(), nil, &list)
}

// Incident returns one incident with its story.
func (c Client) Incident(ctx context.Context, id string) (journal.Incident, error) {
	var inc journal.Incident
	return inc, c.do(ctx, http.MethodGet, "/api/v1/incidents/"+url.PathEscape(id), nil, &inc)
}

// Approve consents to the plan of an incident.
func (c Client) Approve(ctx context.Context, id, by string) (journal.Incident, error) {
	var inc journal.Incident
	return inc, c.do(ctx, http.MethodPost, "/api/v1/incidents/"+url.PathEscape(id)+"/approve", PersonRequest{by}, &inc)
}

// Release ends the hold of an incident's cluster.
func (c Client) Release(ctx context.Context, id, by string) (journal.Incident, error) {
	var inc journal.Incident
	return inc, c.do(ctx, http.MethodPost, "/api/v1/incidents/"+url.PathEscape(id)+"/release", PersonRequest{by}, &inc)
}

// BeginMaintenance takes a cluster out of the remediator's hands until a moment.
func (c Client) BeginMaintenance(ctx context.Context, cluster string, m MaintenanceRequest) (journal.Maintenance, error) {
	var done journal.Maintenance
	return done, c.do(ctx, http.MethodPut, "/api/v1/clusters/"+url.PathEscape(cluster)+"/maintenance", m, &done)
}

// EndMaintenance gives a cluster back into the remediator's hands.
func (c Client) EndMaintenance(ctx context.Context, cluster string) error {
	return c.do(ctx, http.MethodDelete, "/api/v1/clusters/"+url.PathEscape(cluster)+"/maintenance", nil, nil)
}

func (c Client) do(ctx context.Context, method, path string, body, into any) error {
	const remedy = "is it started there (systemctl status remediator)? Or it listens elsewhere: remediator.url of kagu.yaml, or --remediator.url"
	return httpjson.Client{URL: c.URL, HTTP: c.HTTP, Who: "the remediator", Nobody: ErrNoRemediator, Remedy: remedy}.Do(ctx, method, path, body, into)
}
