package exporters

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// A Collector is one source of metrics. The context ends it. What it emitted before it failed
// is kept; what it could not find out it does not emit.
type Collector interface {
	Name() string
	Collect(ctx context.Context, emit func(prometheus.Metric)) error
}

// A Queued collector uses what others of its scrape use too, such as the one connection of a target. Those of one queue
// run one after another, in their order.
type Queued interface {
	Collector
	Queue() any // what is shared; equal values are one queue
}

// Self names the families a scrape carries about itself. All have the label collector.
type Self struct {
	Success, Duration *metric.Family
	Snapshot          *metric.Family // of collectors whose result is kept between scrapes: when it was taken
}

// An outcome is what became of one collector in one scrape.
type outcome struct {
	collector string
	err       error
}

// run runs the collectors at the same time, but for those of one queue, waits for all of them, and returns their metrics
// in the order of the collectors. The scrape began at begun; each collector's part is given to ended as
// soon as it is there.
func run(ctx context.Context, self Self, begun time.Time, collectors []Collector, ended func(name string, part []prometheus.Metric)) ([]prometheus.Metric, []outcome) {
	var (
		wg       sync.WaitGroup
		parts    = make([][]prometheus.Metric, len(collectors))
		outcomes = make([]outcome, len(collectors))
	)
	one := func(i int) {
		c := collectors[i]
		err := collect(ctx, c, func(m prometheus.Metric) { parts[i] = append(parts[i], m) })
		took := time.Since(begun)
		if k, ok := c.(keeper); ok {
			at, of, any := k.snapshot()
			if took = of; any {
				parts[i] = append(parts[i], self.Snapshot.Sample(float64(at.UnixMilli())/1000, c.Name()))
			}
		}
		success := 1.0
		if err != nil {
			success = 0
		}
		parts[i] = append(parts[i],
			self.Success.Sample(success, c.Name()),
			self.Duration.Sample(took.Seconds(), c.Name()))
		outcomes[i] = outcome{c.Name(), err}
		ended(c.Name(), parts[i])
	}
	work := func(queue []int) {
		for _, i := range queue {
			one(i)
		}
	}
	if all := queues(collectors); len(all) > 0 {
		for _, queue := range all[1:] {
			wg.Go(func() { work(queue) })
		}
		work(all[0]) // whoever asks would only wait
	}
	wg.Wait()
	total := 0
	for _, p := range parts {
		total += len(p)
	}
	all := make([]prometheus.Metric, 0, total)
	for _, p := range parts {
		all = append(all, p...)
	}
	return all, outcomes
}

// queues returns the places of the collectors in the list, a queue each. One goroutine for each queue rather than each
// collector matters where many targets are silent at once: each then holds what waits for its answer.
func queues(collectors []Collector) (all [][]int) {
	of := map[any]int{} // the queue's place in all
	for i, c := range collectors {
		if q, ok := c.(Queued); ok {
			if at, there := of[q.Queue()]; there {
				all[at] = append(all[at], i)
				continue
			}
			of[q.Queue()] = len(all)
		}
		all = append(all, []int{i})
	}
	return all
}

// A keeper is a collector whose result outlives the scrape: it says when it was taken and how
// long that took; any is false while there is none.
type keeper interface {
	snapshot() (at time.Time, took time.Duration, any bool)
}

func collect(ctx context.Context, c Collector, emit func(prometheus.Metric)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return c.Collect(ctx, emit)
}

// Within gives a collector a deadline of its own, within that of the scrape.
type Within struct {
	Collector
	Deadline time.Duration
}

// Collect collects until the deadline.
func (w Within) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	ctx, cancel := context.WithTimeout(ctx, w.Deadline)
	defer cancel()
	return w.Collector.Collect(ctx, emit)
}
