package exporters

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Target is one thing to scrape.
type Target struct {
	Name    string            // what /probe?target= takes
	Address string            // becomes the label instance
	Labels  map[string]string // what /sd gives Prometheus to attach

	// Look returns the collectors of one scrape: those asked for by name, or with no name those
	// that are on. They may share what they read. It is called for each scrape; an error says
	// that the names are wrong.
	Look func(asked []string) ([]Collector, error)

	// Release lets go of what the target holds, its connection. It is called once, after the
	// last scrape.
	Release func()

	// Checkup begins a checkup for proxies; nil if the target has no health to tell. It is
	// called when somebody asks, again after nobody did for a while, and never twice at once.
	Checkup func() Checkup

	ward ward

	using  sync.RWMutex // held for reading during a scrape, for writing to close
	closed bool

	mu      sync.Mutex
	flights map[string]*flight // by what was asked for
	failed  map[string]bool    // collectors that failed last time, so that a fault is told once
}

// errCollectors says that a scrape asked for collectors that there are not.
var errCollectors = errors.New("collect[]")

// errClosed says that a reload replaced the target.
var errClosed = errors.New("the target was replaced by a reload")

// scrape returns the target's metrics. If a scrape that asks for the same runs already, its result is shared. The
// scrape goes on to its deadline even if whoever asked for it goes away, since others may wait for it. One
// who waits until its own deadline gets what there is by then.
func (t *Target) scrape(ctx context.Context, asked []string, self Self, log *slog.Logger) (metrics []prometheus.Metric, shared bool, err error) {
	t.using.RLock()
	defer t.using.RUnlock()
	if t.closed {
		return nil, false, errClosed
	}
	collectors, err := t.Look(asked)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", errCollectors, err)
	}
	begun := time.Now()
	collectors = t.attended(asked, collectors)
	key := strings.Join(asked, " ")
	t.mu.Lock()
	if f := t.flights[key]; f != nil {
		t.mu.Unlock()
		select {
		case <-f.landed:
			return f.metrics, true, nil
		case <-ctx.Done():
			return f.soFar(ctx, self, begun, collectors), true, nil
		}
	}
	f := newFlight()
	if t.flights == nil {
		t.flights = map[string]*flight{}
	}
	t.flights[key] = f
	t.mu.Unlock()

	bounded := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		bounded, cancel = context.WithDeadline(bounded, deadline)
		defer cancel()
	}
	metrics, outcomes := run(bounded, self, begun, collectors, f.ended)
	t.tell(log, outcomes)

	f.metrics = metrics
	t.mu.Lock()
	delete(t.flights, key)
	t.mu.Unlock()
	close(f.landed)
	return metrics, false, nil
}

// tell logs a collector that begins to fail and one that works again.
func (t *Target) tell(log *slog.Logger, outcomes []outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range outcomes {
		switch {
		case o.err != nil && !t.failed[o.collector]:
			log.Warn("collector fails", "target", t.Name, "collector", o.collector, "reason", o.err)
		case o.err == nil && t.failed[o.collector]:
			log.Info("collector works again", "target", t.Name, "collector", o.collector)
		}
		if t.failed == nil {
			t.failed = map[string]bool{}
		}
		t.failed[o.collector] = o.err != nil
	}
}

// close waits for the scrape that runs and releases the target.
func (t *Target) close() {
	t.ward.close()
	t.using.Lock()
	defer t.using.Unlock()
	if !t.closed && t.Release != nil {
		t.Release()
	}
	t.closed = true
}
