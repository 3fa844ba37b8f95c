package backupd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/kagu-db/kagu/internal/httpjson"
)

// A Client talks to a running backupd's API.
type Client struct {
	URL  string // http://127.0.0.1:10044
	HTTP *http.Client
}

// ErrNoBackupd says that no backupd answers at the URL.
var ErrNoBackupd = errors.New("no backupd answers")

// List tells what there is of a cluster, "" of all.
func (c Client) List(ctx context.Context, cluster string) ([]Listing, error) {
	var list []Listing
	return list, c.do(ctx, http.MethodGet, "/api/v1/backups?"+url.Values{"cluster": {cluster}}.Encode(), nil, &list)
}

// Show tells all of one backup.
func (c Client) Show(ctx context.Context, cluster, id string) (Shown, error) {
	var s Shown
	return s, c.do(ctx, http.MethodGet, of(cluster)+"/backups/"+url.PathEscape(id), nil, &s)
}

// Runs returns the newest runs.
func (c Client) Runs(ctx context.Context, cluster string, limit int) ([]Run, error) {
	var runs []Run
	q := url.Values{"cluster": {cluster}, "limit": {fmt.Sprint(limit)}}
	return runs, c.do(ctx, http.MethodGet, "/api/v1/runs?"+q.Encode(), nil, &runs)
}

// Run tells how far a run is.
func (c Client) Run(ctx context.Context, id int64) (Run, error) {
	var r Run
	return r, c.do(ctx, http.MethodGet, fmt.Sprint("/api/v1/runs/", id), nil, &r)
}

// Take begins to take a backup.
func (c Client) Take(ctx context.Context, cluster string, ask TakeRequest) (Run, error) {
	var r Run
	return r, c.do(ctx, http.MethodPost, of(cluster)+"/take", ask, &r)
}

// Prove begins to prove a backup by a restore.
func (c Client) Prove(ctx context.Context, cluster string, ask ProveRequest) (Run, error) {
	var r Run
	return r, c.do(ctx, http.MethodPost, of(cluster)+"/prove", ask, &r)
}

// Cancel ends the run of a cluster.
func (c Client) Cancel(ctx context.Context, cluster string, ask CancelRequest) error {
	return c.do(ctx, http.MethodPost, of(cluster)+"/cancel", ask, nil)
}

// Prune tells what retention gives up, and begins to remove it if that is asked for.
func (c Client) Prune(ctx context.Context, cluster string, ask PruneRequest) (PruneAnswer, error) {
	var a PruneAnswer
	return a, c.do(ctx, http.MethodPost, of(cluster)+"/prune", ask, &a)
}

// Schedule tells what begins when.
func (c Client) Schedule(ctx context.Context) ([]Planned, error) {
	var all []Planned
	return all, c.do(ctx, http.MethodGet, "/api/v1/schedule", nil, &all)
}

func of(cluster string) string { return "/api/v1/clusters/" + url.PathEscape(cluster) }

func (c Client) do(ctx context.Context, method, path string, body, into any) error {
	const remedy = "is it started there (systemctl status backupd)? Or it listens elsewhere: backup.url of kagu.yaml, or --backupd.url"
	return httpjson.Client{URL: c.URL, HTTP: c.HTTP, Who: "backupd", Nobody: ErrNoBackupd, Remedy: remedy}.Do(ctx, method, path, body, into)
}
