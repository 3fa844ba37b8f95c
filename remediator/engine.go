package remediator

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/internal/metric"
)

// An Engine looks at clusters when woken, and heals them if its guards agree. It has one
// worker for each cluster, so that it never looks at or acts on one cluster twice at once.
type Engine struct {
	Fleet   func() *inventory.Fleet
	Kinds   map[cluster.Kind]Kind
	Guards  []Guard // asked for every plan, after those of the Kind, in this order
	Brakes  []Guard // asked again before each step
	Journal *journal.Journal
	Metrics *Metrics
	Log     *slog.Logger

	Relook time.Duration // how long until an open incident is looked at again
	Poll   time.Duration // how long between looks while an act is being verified

	queue queue
	site  site
}

// Run looks at every cluster once, for what an earlier run left behind, and then at those it
// is woken for, until the context ends. An act under way then stays unfinished in the journal:
// the next run holds the cluster.
func (e *Engine) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	e.queue.open(func(name string, wake <-chan struct{}) {
		g.Go(func() error {
			(&worker{Engine: e, name: name}).run(ctx, wake)
			return nil
		})
	})
	e.WakeAll()
	<-ctx.Done()
	e.queue.close()
	return g.Wait()
}

// Wake makes the engine look at a cluster. It may be called at any time.
func (e *Engine) Wake(cluster string) { e.queue.wake(cluster) }

// WakeAll makes the engine look at all clusters, after a reload of kagu.yaml for example.
func (e *Engine) WakeAll() {
	for _, c := range e.Fleet().Clusters {
		e.Metrics.showMode(c)
		e.Wake(c.Name)
	}
}

// A worker looks at one cluster.
type worker struct {
	*Engine
	name         string
	healthySince time.Time // while the cluster is held: since when it has been seen healthy
}

func (w *worker) run(ctx context.Context, wake <-chan struct{}) {
	for {
		var timer <-chan time.Time
		if again := w.lookSafely(ctx); again > 0 {
			timer = time.After(again)
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-timer:
		}
	}
}

// lookSafely keeps a defect in the knowledge of one database from ending the healing of all others.
func (w *worker) lookSafely(ctx context.Context) (again time.Duration) {
	defer func() {
		if r := recover(); r != nil {
			w.Log.ErrorContext(ctx, "a look at the cluster failed with a defect", "cluster", w.name, "panic", r, "stack", string(debug.Stack()))
			w.Metrics.looks.WithLabelValues(w.name, "failed").Inc()
			again = w.Relook
		}
	}()
	return w.look(ctx)
}

// look observes the cluster if there is a reason to, decides, and perhaps acts. It returns
// how long until it wants to look again, 0 if only when woken. One straight story.
func (w *worker) look(ctx context.Context) (again time.Duration) {
	c, ok := w.Fleet().Cluster(w.name)
	if !ok {
		return 0 // taken out of kagu.yaml
	}
	kind, ok := w.Kinds[c.Kind]
	if !ok {
		w.Log.WarnContext(ctx, "the remediator cannot heal this kind of cluster yet", "cluster", c.Name, "kind", c.Kind)
		return w.Relook
	}
	m, err := w.recall(ctx)
	if err != nil {
		w.journalFailed(ctx, err)
		return w.Relook
	}
	w.Metrics.show(c.Name, m)
	if m.empty() {
		return 0
	}

	s, err := kind.Observer.Observe(ctx, c)
	if err != nil {
		w.Log.ErrorContext(ctx, "cluster not observed", "cluster", c.Name, "err", err)
		w.Metrics.looks.WithLabelValues(c.Name, "failed").Inc()
		return w.Relook
	}
	w.Metrics.look.WithLabelValues(c.Name).Observe(s.Took.Seconds())
	found := Diagnose(kind.Problems, s)
	outcome := "healthy"
	if len(found) > 0 {
		outcome = "problem"
	}
	w.Metrics.looks.WithLabelValues(c.Name, outcome).Inc()

	if len(m.unfinished) > 0 {
		again, err = w.hold(ctx, c, m, found)
	} else {
		again, err = w.decideAll(ctx, c, kind, m, s, found)
	}
	if err != nil {
		w.journalFailed(ctx, err)
		return w.Relook
	}
	if m, err = w.recall(ctx); err == nil {
		w.Metrics.show(c.Name, m)
	}
	return again
}

func (w *worker) decideAll(ctx context.Context, c inventory.Cluster, kind Kind, m memory, s cluster.Snapshot, found []Finding) (time.Duration, error) {
	for _, inc := range m.open {
		if !stillThere(inc, found) {
			if err := w.closeGone(ctx, c, inc); err != nil {
				return 0, err
			}
		}
	}
	if len(found) == 0 {
		w.Log.InfoContext(ctx, "looked, found nothing wrong", "cluster", c.Name, "hints", len(m.hints))
		return 0, w.Journal.DoneHints(ctx, c.Name, s.Taken)
	}
	again := w.Relook
	for _, f := range found {
		acted, wait, err := w.decide(ctx, c, kind, m, s, f)
		if err != nil {
			return 0, err
		}
		if acted {
			return time.Nanosecond, nil // the world has changed: look again before anything else
		}
		if wait > 0 {
			again = min(again, wait)
		}
	}
	return again, nil
}

// memory is what the journal holds about a cluster that matters for a look.
type memory struct {
	hints       []journal.Hint
	open        []journal.Incident
	unfinished  []journal.Intent
	maintenance bool
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

func stillThere(inc journal.Incident, found []Finding) bool {
	for _, f := range found {
		if f.Problem.Name == inc.Problem && f.Node == inc.Node {
			return true
		}
	}
	return false
}

func (m *Metrics) show(name string, mem memory) {
	m.open.DeletePartialMatch(map[string]string{metric.Cluster: name})
	for _, inc := range mem.open {
		m.open.WithLabelValues(name, inc.Problem, inc.Node, string(inc.State)).Set(1)
	}
	m.held.WithLabelValues(name).Set(number(len(mem.unfinished) > 0))
	m.maintenance.WithLabelValues(name).Set(number(mem.maintenance))
}

func (m *Metrics) showMode(c inventory.Cluster) {
	for _, mode := range metric.RemediatorMode.States {
		m.mode.WithLabelValues(c.Name, mode).Set(number(string(c.Mode) == mode))
	}
}
