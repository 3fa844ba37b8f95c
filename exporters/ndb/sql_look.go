package ndb

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A sqlSide is what the exporter holds of a cluster's SQL nodes as long as the configuration lives.
type sqlSide struct {
	nodes []*sqlNode
	names nodeNames
	seat  seat

	mu     sync.Mutex
	config intervals // as of the last run of the collector config
}

func openSQL(c inventory.Cluster) *sqlSide {
	return &sqlSide{nodes: openSQLNodes(c), names: namesOf(c)}
}

// close lets go of the connections. What runs apart has ended by then.
func (s *sqlSide) close() {
	for _, n := range s.nodes {
		n.close()
	}
}

// A sqlLook is what the collectors of one scrape share: each thing is read once.
type sqlLook struct {
	*sqlSide
	slow    bool // on the connections for what is slow
	reports map[*sqlNode]*reading[selfReport]
	chosen  reading[*sqlNode]
	mu      sync.Mutex
	tables  map[string]*reading[[]map[string]string]
}

func newSQLLook(s *sqlSide) *sqlLook {
	l := &sqlLook{sqlSide: s, reports: map[*sqlNode]*reading[selfReport]{}, tables: map[string]*reading[[]map[string]string]{}}
	for _, n := range s.nodes {
		l.reports[n] = &reading[selfReport]{}
	}
	return l
}

// A reading is something read once in a look.
type reading[T any] struct {
	once  sync.Once
	value T
	err   error
}

func (r *reading[T]) get(read func() (T, error)) (T, error) {
	r.once.Do(func() { r.value, r.err = read() })
	return r.value, r.err
}

func (l *sqlLook) report(ctx context.Context, n *sqlNode) (selfReport, error) {
	return l.reports[n].get(func() (selfReport, error) { return n.report(ctx) })
}

// everyNode asks all SQL nodes at the same time and joins what they refuse with, in their order.
func (l *sqlLook) everyNode(ask func(n *sqlNode, emit func(prometheus.Metric)) error, emit func(prometheus.Metric)) error {
	parts := make([][]prometheus.Metric, len(l.nodes))
	errs := make([]error, len(l.nodes))
	var wg sync.WaitGroup
	for i, n := range l.nodes {
		wg.Go(func() {
			errs[i] = ask(n, func(m prometheus.Metric) { parts[i] = append(parts[i], m) })
		})
	}
	wg.Wait()
	for _, part := range parts {
		for _, m := range part {
			emit(m)
		}
	}
	return errors.Join(errs...)
}

// sideBySide does n things at the same time. Of errors that say the same it returns one.
func sideBySide(n int, do func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	var different []error
	for _, err := range errs {
		if err != nil && !slices.ContainsFunc(different, func(e error) bool { return e.Error() == err.Error() }) {
			different = append(different, err)
		}
	}
	return errors.Join(different...)
}

// granted lets a collector name the grant that is missing.
func granted(c exporters.Collector, needs []sqlconn.Grant) exporters.Collector {
	return exporters.Granted{Collector: c, Needs: needs, Account: "ndb-exporter"}
}
