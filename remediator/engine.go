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

// WakeAll makes the engine look at all clusters, after a reload of kagu.yaml for example; also
// at those that are not in it any more.
func (e *Engine) WakeAll() {
	for _, name := range e.queue.known() {
		e.Wake(name)
	}
	for _, c := range e.Fleet().Clusters {
		e.Metrics.showMode(c)
		e.Wake(c.Name)
	}
}

// A worker looks at one cluster.
type worker struct {
	*Engine
	name         string
	healthySince time.Time          // while the cluster is held: since when it has been seen healthy
	shown        map[[3]string]bool // the series of metric.RemediatorIncidentOpen that are set
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
	m, err := w.recall(ctx)
	if err != nil {
		w.journalFailed(ctx, err)
		return w.Relook
	}
	w.show(m)
	c, ok := w.Fleet().Cluster(w.name)
	if !ok {
		return w.leave(ctx, m)
	}
	kind, ok := w.Kinds[c.Kind]
	if !ok {
		return w.cannot(ctx, c)
	}
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

	again, err = w.decideAll(ctx, c, kind, m, s, found)
	if err == nil && len(m.unfinished) > 0 {
		var soon time.Duration
		soon, err = w.hold(ctx, c, found)
		again = min(again, soon)
	}
	if err != nil {
		w.journalFailed(ctx, err)
		return w.Relook
	}
	if m, err = w.recall(ctx); err == nil {
		w.show(m)
	}
	return again
}

// leave lets go of a cluster that was taken out of kagu.yaml. An unfinished act stays in the
// journal, in case the cluster comes back.
func (w *worker) leave(ctx context.Context, m memory) time.Duration {
	now := time.Now()
	for _, inc := range m.open {
		if m.holds(inc) {
			continue
		}
		inc.State, inc.Updated, inc.Summary = journal.StateGone, now, "the cluster is not in kagu.yaml any more"
		if err := w.Journal.SetIncident(ctx, inc, "", journal.Event{At: now, Kind: string(inc.State), Node: inc.Node, Text: inc.Summary}); err != nil {
			w.journalFailed(ctx, err)
			return w.Relook
		}
	}
	w.Metrics.forget(w.name)
	return 0
}

// cannot deals with a cluster of a kind that there is no knowledge of: it is told in the log,
// and its hints are over.
func (w *worker) cannot(ctx context.Context, c inventory.Cluster) time.Duration {
	w.Log.WarnContext(ctx, "the remediator cannot heal this kind of cluster yet", "cluster", c.Name, "kind", c.Kind)
	if err := w.Journal.DoneHints(ctx, c.Name, time.Now(), false); err != nil {
		w.journalFailed(ctx, err)
		return w.Relook
	}
	return 0
}

func (w *worker) decideAll(ctx context.Context, c inventory.Cluster, kind Kind, m memory, s cluster.Snapshot, found []Finding) (time.Duration, error) {
	for _, inc := range m.open {
		// While another problem has the node, this one may only be hidden by it.
		if !hasNode(found, inc.Node) && !m.holds(inc) {
			if err := w.closeGone(ctx, c, inc); err != nil {
				return 0, err
			}
		}
	}
	if err := w.Journal.DoneHints(ctx, c.Name, s.Taken, len(found) > 0); err != nil {
		return 0, err
	}
	if len(found) == 0 && len(m.unfinished) == 0 {
		w.Log.InfoContext(ctx, "looked, found nothing wrong", "cluster", c.Name, "hints", len(m.hints))
		return 0, nil
	}
	again := w.Relook
	for _, f := range found {
		if m.holdsFinding(f) {
			continue // see hold; the others are decided, and the guard "held" vetoes
		}
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
