package remediator

import (
	"maps"
	"slices"
	"sync"
)

// A queue holds at most one wake-up for each cluster: a thousand hints about one cluster are
// one reason to look at it.
type queue struct {
	mu    sync.Mutex
	wakes map[string]chan struct{}
	start func(cluster string, wake <-chan struct{}) // nil while the engine does not run
}

func (q *queue) open(start func(string, <-chan struct{})) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakes, q.start = map[string]chan struct{}{}, start
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.start = nil
}

// known returns the clusters that have a worker.
func (q *queue) known() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Collect(maps.Keys(q.wakes))
}

// wake makes the cluster's worker look, and starts the worker if there is none.
func (q *queue) wake(cluster string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.start == nil {
		return // when the engine starts it looks at every cluster anyway
	}
	w, ok := q.wakes[cluster]
	if !ok {
		w = make(chan struct{}, 1)
		q.wakes[cluster] = w
		q.start(cluster, w)
	}
	select {
	case w <- struct{}{}:
	default: // it is going to look anyway
	}
}
