package exporters

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Apart runs a collector apart from the scrapes, so that none of them is as slow as it is, and
// never twice at once. It belongs to a target, which closes it.
//
// With Every, what the collector emitted is kept. A scrape is given what there is and waits for
// nothing; if that is older than Every, it also sets off the next run (after a failure sooner). So the first
// scrape has nothing of it, and a target nobody scrapes costs nothing.
//
// Without Every, a scrape waits for a run that it sets off, until its own end. This is for what
// may hang where no context reaches: the files of a disk that died.
type Apart struct {
	Collector
	Every    time.Duration
	Deadline time.Duration // of one run

	mu      sync.Mutex
	running chan struct{} // closed at the end of the run; nil if none runs
	cancel  context.CancelFunc
	closed  bool
	last    result
}

// A result is what one run yielded.
type result struct {
	metrics []prometheus.Metric
	err     error
	at      time.Time // when it ended; zero if there was no run yet
	took    time.Duration
	tried   time.Time // when the newest run began
	good    bool      // metrics are those of a run that succeeded, and at is its end
}

// Collect emits the result of a run: the last one, or with no Every a new one.
func (a *Apart) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	if a.Every == 0 {
		select {
		case <-a.run():
		case <-ctx.Done():
			return fmt.Errorf("it still runs: %w", ctx.Err())
		}
	} else {
		if a.due() {
			a.run()
		}
	}
	a.mu.Lock()
	last := a.last
	a.mu.Unlock()
	for _, m := range last.metrics {
		emit(m)
	}
	return last.err
}

// due tells whether the last run is long ago. One that failed is tried again sooner.
func (a *Apart) due() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := a.Every
	if a.last.err != nil {
		wait /= 12
	}
	return a.last.tried.IsZero() || time.Since(a.last.tried) >= wait
}

// run starts a run unless one runs already, and returns what is closed at its end.
func (a *Apart) run() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running != nil || a.closed {
		return a.running
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.Deadline)
	ended := make(chan struct{})
	a.running, a.cancel, a.last.tried = ended, cancel, time.Now()
	go func() {
		defer close(ended)
		defer cancel()
		start := time.Now()
		var metrics []prometheus.Metric
		err := collect(ctx, a.Collector, func(m prometheus.Metric) { metrics = append(metrics, m) })
		a.mu.Lock()
		defer a.mu.Unlock()
		a.running = nil
		a.last.err, a.last.took = err, time.Since(start)
		// An old result that is whole is worth more than a new one that is not; its age shows.
		if err == nil || a.Every == 0 || !a.last.good {
			a.last.metrics, a.last.at, a.last.good = metrics, time.Now(), err == nil
		}
	}()
	return ended
}

// snapshot makes Apart a keeper.
func (a *Apart) snapshot() (at time.Time, took time.Duration, any bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last.at, a.last.took, a.Every > 0 && a.last.good
}

// closeWait is how long Close waits for a run. What hangs in the kernel longer cannot be ended
// by anybody, and must not hang a reload too.
const closeWait = 5 * time.Second

// Close ends the run, if there is one, and waits for its end. No other begins.
func (a *Apart) Close() error {
	a.mu.Lock()
	a.closed = true
	ended := a.running
	if ended != nil {
		a.cancel()
	}
	a.mu.Unlock()
	if ended == nil {
		return nil
	}
	select {
	case <-ended:
		return nil
	case <-time.After(closeWait):
		return errors.New("the collector " + a.Name() + " does not end")
	}
}
