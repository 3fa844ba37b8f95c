package remediator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/template"

	"github.com/kagu-db/kagu/internal/alertmsg"
	"github.com/kagu-db/kagu/internal/httpjson"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/internal/metric"
)

// The outcomes of a hint, values of the label of metric.RemediatorHints.
const (
	hintStored         = "stored"
	hintUnmarked       = "unmarked"
	hintUnknownCluster = "unknown_cluster"
	hintUnknownNode    = "unknown_node"
	hintMalformed      = "malformed"
	hintTooLarge       = "too_large"
	hintLost           = "lost"
)

// A Receiver takes Alertmanager's webhooks (payload version 4). It stores what it is told and
// answers 202; it never observes or acts itself.
type Receiver struct {
	Fleet   func() *inventory.Fleet
	Store   HintStore
	Wake    func(cluster string)
	Metrics *Metrics
	Log     *slog.Logger
}

// A HintStore keeps hints; when PutHints returns nil they are on disk.
type HintStore interface {
	PutHints(ctx context.Context, hints []journal.Hint) error
}

// ServeHTTP answers 202 when all hints are on disk, 400 or 413 to what cannot be read, and 503
// when the hints could not be stored: Alertmanager then sends them again.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	began := time.Now()
	status, a := r.receive(req, began)
	a.Write(w, req, status, r.Log)
	r.Metrics.receive.WithLabelValues().Observe(time.Since(began).Seconds())
}

func (r *Receiver) receive(req *http.Request, now time.Time) (status int, a alertmsg.Answer) {
	msg, status, err := alertmsg.Read(req)
	switch status {
	case 0:
	case http.StatusRequestEntityTooLarge: // what it would have said is unknown
		r.Metrics.hints.WithLabelValues(hintTooLarge).Inc()
		if status, a, ok := r.store(req, r.everywhere(now)); !ok {
			return status, a
		}
		return status, alertmsg.Answer{Error: err.Error() + "; all clusters are looked at. Lower max_alerts of the receiver"}
	case http.StatusBadRequest:
		r.Metrics.hints.WithLabelValues(hintMalformed).Inc()
		return status, alertmsg.Answer{Error: err.Error()}
	default:
		return status, alertmsg.Answer{Error: err.Error()}
	}

	hints, outcomes, a := r.sort(msg, now)
	if status, failed, ok := r.store(req, hints); !ok {
		return status, failed
	}
	for _, outcome := range outcomes {
		r.Metrics.hints.WithLabelValues(outcome).Inc()
	}
	a.Stored = len(hints)
	return http.StatusAccepted, a
}

// store keeps the hints and wakes their clusters; ok is false if they are not on disk.
func (r *Receiver) store(req *http.Request, hints []journal.Hint) (status int, a alertmsg.Answer, ok bool) {
	if len(hints) == 0 {
		return 0, a, true
	}
	err := r.Store.PutHints(req.Context(), hints)
	switch {
	case errors.Is(err, context.Canceled): // the sender hung up, and sends it again
		return http.StatusServiceUnavailable, alertmsg.Answer{Error: "the sender did not wait"}, false
	case err != nil:
		r.Metrics.hints.WithLabelValues(hintLost).Add(float64(len(hints)))
		r.Metrics.journalErrors.WithLabelValues().Inc()
		r.Log.ErrorContext(req.Context(), "hints not stored", "err", err)
		return http.StatusServiceUnavailable, alertmsg.Answer{Error: "the journal cannot be written: see the remediator's log"}, false
	}
	for _, name := range clustersOf(hints) {
		r.Wake(name)
	}
	return 0, a, true
}

// sort turns alerts into hints and says why the others are none.
func (r *Receiver) sort(msg alertmsg.Message, now time.Time) (hints []journal.Hint, outcomes []string, a alertmsg.Answer) {
	fleet := r.Fleet()
	for _, alert := range msg.Alerts {
		h := hintOf(alert, now)
		c, known := fleet.Cluster(h.Cluster)
		switch {
		case alert.Labels["remediate"] != "true":
			outcomes = append(outcomes, hintUnmarked)
			a.Ignore(h.Alert, `no label remediate="true"`)
			continue
		case !known:
			outcomes = append(outcomes, hintUnknownCluster)
			a.Ignore(h.Alert, fmt.Sprintf("the cluster %q is not in kagu.yaml", httpjson.Clip(h.Cluster)))
			r.Log.Warn("alert about a cluster that is not in kagu.yaml", "alert", httpjson.Clip(h.Alert), "cluster", httpjson.Clip(h.Cluster))
			continue
		}
		if _, ok := c.Node(h.Node); h.Node != "" && !ok {
			outcomes = append(outcomes, hintUnknownNode)
			r.Log.Warn("alert about a node that is not in kagu.yaml; looking at the cluster all the same",
				"alert", httpjson.Clip(h.Alert), "cluster", c.Name, "node", httpjson.Clip(h.Node))
			h.Node = ""
		}
		outcomes = append(outcomes, hintStored)
		hints = append(hints, h)
	}
	if msg.TruncatedAlerts > 0 {
		r.Metrics.truncated.WithLabelValues().Inc()
		r.Log.Warn("payload was truncated; looking at all clusters", "truncated", msg.TruncatedAlerts)
		hints = append(hints, r.everywhere(now)...)
	}
	return hints, outcomes, a
}

// everywhere returns a hint for each cluster: what a cut payload left out is unknown, and a
// look does no harm. The hints count as resolved, so that they never allow an act by themselves.
func (r *Receiver) everywhere(now time.Time) []journal.Hint {
	var hints []journal.Hint
	for _, c := range r.Fleet().Clusters {
		hints = append(hints, journal.Hint{
			Cluster: c.Name, Alert: "truncated payload", Fingerprint: "truncated",
			StartsAt: now.Truncate(time.Minute), Resolved: true, Last: now,
		})
	}
	return hints
}

func hintOf(alert template.Alert, now time.Time) journal.Hint {
	return journal.Hint{
		Cluster: alert.Labels[metric.Cluster], Node: alert.Labels[metric.Node], Alert: alertmsg.Name(alert), Fingerprint: alertmsg.Fingerprint(alert),
		StartsAt: alertmsg.StartsAt(alert), Resolved: alert.Status == "resolved", Last: now,
	}
}

func clustersOf(hints []journal.Hint) []string {
	var names []string
	for _, h := range hints {
		names = append(names, h.Cluster)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
