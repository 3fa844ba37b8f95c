package remediator

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/internal/metric"
)

// memory is what the journal holds about a cluster that matters for a look.
type memory struct {
	hints       []journal.Hint
	open        []journal.Incident
	unfinished  []journal.Intent
	maintenance bool
}

// holds reports whether the incident is that of an unfinished act.
func (m memory) holds(inc journal.Incident) bool {
	return slices.ContainsFunc(m.unfinished, func(in journal.Intent) bool { return in.Incident == inc.ID })
}

func (m memory) holdsFinding(f Finding) bool {
	return slices.ContainsFunc(m.unfinished, func(in journal.Intent) bool { return in.Node == f.Node })
}

func (m memory) empty() bool { return len(m.hints)+len(m.open)+len(m.unfinished) == 0 }

func (w *worker) recall(ctx context.Context) (m memory, err error) {
	if m.hints, err = w.Journal.PendingHints(ctx, w.name); err != nil {
		return m, err
	}
	if m.open, err = w.Journal.Incidents(ctx, journal.Filter{Cluster: w.name, OpenOnly: true}); err != nil {
		return m, err
	}
	if m.unfinished, err = w.Journal.Unfinished(ctx, w.name); err != nil {
		return m, err
	}
	list, err := w.Journal.Maintenances(ctx, time.Now())
	for _, one := range list {
		m.maintenance = m.maintenance || one.Cluster == w.name
	}
	return m, err
}

func (w *worker) journalFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	w.Metrics.journalErrors.WithLabelValues().Inc()
	w.Log.ErrorContext(ctx, "the journal failed: nothing is done to the cluster", "cluster", w.name, "err", err)
}

// show brings the cluster's gauges up to date. Series that stay are not deleted in between, so
// that no scrape misses them.
func (w *worker) show(m memory) {
	shown := map[[3]string]bool{}
	for _, inc := range m.open {
		key := [3]string{inc.Problem, inc.Node, string(inc.State)}
		w.Metrics.open.WithLabelValues(w.name, key[0], key[1], key[2]).Set(1)
		shown[key] = true
	}
	for key := range w.shown {
		if !shown[key] {
			w.Metrics.open.DeleteLabelValues(w.name, key[0], key[1], key[2])
		}
	}
	w.shown = shown
	held := slices.ContainsFunc(m.open, func(inc journal.Incident) bool { return inc.State == journal.StateHeld })
	w.Metrics.held.WithLabelValues(w.name).Set(number(held))
	w.Metrics.maintenance.WithLabelValues(w.name).Set(number(m.maintenance))
}

// forget drops the gauges of a cluster that is not watched any more.
func (m *Metrics) forget(name string) {
	for _, gauge := range []*prometheus.GaugeVec{m.open, m.held, m.mode, m.maintenance} {
		gauge.DeletePartialMatch(map[string]string{metric.Cluster: name})
	}
}

func (m *Metrics) showMode(c inventory.Cluster) {
	for _, mode := range metric.RemediatorMode.States {
		m.mode.WithLabelValues(c.Name, mode).Set(number(string(c.Mode) == mode))
	}
}
