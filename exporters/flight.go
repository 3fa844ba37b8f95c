package exporters

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A flight is a scrape that runs and whose result others may wait for.
type flight struct {
	landed  chan struct{}
	metrics []prometheus.Metric // once it has landed

	mu    sync.Mutex
	parts map[string][]prometheus.Metric // of each collector that has ended
}

func newFlight() *flight {
	return &flight{landed: make(chan struct{}), parts: map[string][]prometheus.Metric{}}
}

func (f *flight) ended(name string, part []prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parts[name] = part
}

// soFar is for one whose time is over before the flight has landed: the parts that are there, and of
// each other collector what it says of a server that does not answer in time. That it says itself: it
// is run with the context that is over, which it asks nobody with.
func (f *flight) soFar(over context.Context, self Self, begun time.Time, collectors []Collector) []prometheus.Metric {
	var metrics []prometheus.Metric
	var late []Collector
	f.mu.Lock()
	for _, c := range collectors {
		if part, there := f.parts[c.Name()]; there {
			metrics = append(metrics, part...)
		} else {
			late = append(late, c)
		}
	}
	f.mu.Unlock()
	rest, _ := run(over, self, begun, late, func(string, []prometheus.Metric) {})
	return append(metrics, rest...)
}
