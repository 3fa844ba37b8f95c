package backupd

import (
	"context"
	"encoding/json"
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

// maxIgnored is how many alerts are named in the answer.
const maxIgnored = 20

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

// Received tells the sender of a webhook what became of its alerts.
type Received struct {
	Stored  int       `json:"stored"`
	Ignored []Ignored `json:"ignored,omitempty"` // the first of them
	Error   string    `json:"error,omitempty"`
}

// Ignored is an alert that asks for nothing here, and why.
type Ignored struct {
	Alert  string `json:"alert"`
	Reason string `json:"reason"`
}

// ServeHTTP answers 202 when all hints are on disk, 400 or 413 to what cannot be read, and 503 when
// the hints could not be kept: Alertmanager then sends them again.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	status, a := r.receive(req, time.Now())
	if a.Error != "" {
		r.Log.WarnContext(req.Context(), "webhook not accepted", "status", status, "reason", a.Error)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(a); err != nil {
		r.Log.DebugContext(req.Context(), "sender of a webhook went away", "err", err)
	}
}

func (r *Receiver) receive(req *http.Request, now time.Time) (status int, a Received) {
	msg, status, err := alertmsg.Read(req)
	if err != nil {
		r.count("refused")
		return status, Received{Error: err.Error()}
	}
	var hints []Hint
	for _, alert := range msg.Alerts {
		h, outcome, why := r.hint(alert, now)
		r.count(outcome)
		if why != "" {
			if len(a.Ignored) < maxIgnored {
				a.Ignored = append(a.Ignored, Ignored{alertmsg.Name(alert), why})
			}
			continue
		}
		hints = append(hints, h)
	}
	if len(hints) > 0 {
		if err := r.Store.PutHints(req.Context(), hints); err != nil {
			r.Log.ErrorContext(req.Context(), "hints not kept", "err", err)
			return http.StatusServiceUnavailable, Received{Error: "the catalogue cannot be written: see the log of backupd"}
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
