package backupd

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/alertmanager/template"

	"github.com/kagu-db/kagu/internal/alertmsg"
	"github.com/kagu-db/kagu/internal/httpjson"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
)

// BackupLabel is the label by which an alert asks for something, and wants are its values.
const BackupLabel = "backup"

var wants = map[string]What{"take": Taking, "verify": Proving}

// A Receiver takes Alertmanager's webhooks (payload version 4). What an alert asks for is kept and
// answered with 202; an Asker looks after it.
type Receiver struct {
	Fleet func() *inventory.Fleet
	Store HintStore
	Wake  func()               // there is something to look after
	Count func(outcome string) // is told what became of each alert; nil: nobody is
	Log   *slog.Logger
}

// A HintStore keeps hints; when PutHints returns nil they are on disk.
type HintStore interface {
	PutHints(ctx context.Context, hints []Hint) error
}

// ServeHTTP answers 202 when all hints are on disk, 400 or 413 to what cannot be read, and 503 when
// the hints could not be kept: Alertmanager then sends them again.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	status, a := r.receive(req, time.Now())
	a.Write(w, req, status, r.Log)
}

func (r *Receiver) receive(req *http.Request, now time.Time) (status int, a alertmsg.Answer) {
	msg, status, err := alertmsg.Read(req)
	if err != nil {
		r.count("refused")
		return status, alertmsg.Answer{Error: err.Error()}
	}
	var hints []Hint
	for _, alert := range msg.Alerts {
		h, outcome, why := r.hint(alert, now)
		r.count(outcome)
		if why != "" {
			a.Ignore(alertmsg.Name(alert), why)
			continue
		}
		hints = append(hints, h)
	}
	if len(hints) > 0 {
		if err := r.Store.PutHints(req.Context(), hints); err != nil {
			r.Log.ErrorContext(req.Context(), "hints not kept", "err", err)
			return http.StatusServiceUnavailable, alertmsg.Answer{Error: "the catalogue cannot be written: see the log of backupd"}
		}
		r.Wake()
	}
	a.Stored = len(hints)
	return http.StatusAccepted, a
}

// hint reads what an alert asks for. Beyond the cluster and one of two words nothing of it counts.
func (r *Receiver) hint(alert template.Alert, now time.Time) (h Hint, outcome, why string) {
	want, asks := wants[alert.Labels[BackupLabel]]
	c, known := r.Fleet().Cluster(alert.Labels[metric.Cluster])
	switch {
	case !asks:
		return h, "unmarked", `no label backup="take" or backup="verify"`
	case !known:
		return h, "unknown_cluster", fmt.Sprintf("the cluster %q is not in kagu.yaml", httpjson.Clip(alert.Labels[metric.Cluster]))
	case c.Backup == nil:
		return h, "no_backups", "the cluster has no backup section in kagu.yaml"
	case alert.Status == "resolved":
		return h, "resolved", "it is resolved"
	}
	return Hint{
		Cluster: c.Name, Wants: want, Fingerprint: alertmsg.Fingerprint(alert), StartsAt: alertmsg.StartsAt(alert), Alert: alertmsg.Name(alert), Last: now,
	}, "stored", ""
}

func (r *Receiver) count(outcome string) {
	if r.Count != nil {
		r.Count(outcome)
	}
}
