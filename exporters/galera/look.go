package galera

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// statusQuery reads the status; the server leaves out what is not about replication.
const statusQuery = `SHOW GLOBAL STATUS WHERE Variable_name LIKE 'wsrep\_%' OR Variable_name LIKE 'Rpl\_semi\_sync\_%'
 OR Variable_name IN ('Threads_connected', 'Slaves_connected', 'Innodb_row_lock_current_waits')`

// A look is what the collectors of one scrape share.
type look struct {
	db       querier
	shown    func() (time.Time, bool) // when the certificate ends
	expected int                      // members, by kagu.yaml
	weights  *weights                 // of the cluster's members
	node     string                   // whose look it is, among those

	status  reading[answer]
	vars    reading[map[string]string]
	threads reading[threads]
	query   string // of the status: as wide as the collectors of this look need it
}

// An answer is the status, typed as far as it is about replication.
type answer struct {
	wsrep.Status
	vars map[string]string
}

func newLook(t target) *look {
	return &look{db: t.db, shown: t.shown, expected: t.expected, weights: t.weights, node: t.node, query: statusQuery}
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

// readStatus reads the status, once in a look.
func (l *look) readStatus(ctx context.Context) (answer, error) {
	return l.status.get(func() (answer, error) {
		vars, err := l.db.Pairs(ctx, l.query)
		if err != nil {
			return answer{}, err
		}
		return answer{Status: wsrep.ParseStatus(vars), vars: vars}, nil
	})
}

// readVariables reads the variables, once in a look.
func (l *look) readVariables(ctx context.Context) (map[string]string, error) {
	return l.vars.get(func() (map[string]string, error) { return l.db.Pairs(ctx, variablesQuery) })
}

// A turn waits for the status, so that a server that is silent is asked no second thing. The turns of a look are
// one queue: they have one connection, and so the deadline of a collector is all its own.
type turn struct {
	exporters.Collector
	look  *look
	needs []sqlconn.Grant
}

// Queue says whose turns come one after another.
func (t turn) Queue() any { return t.look }

// Collect collects when it is its turn.
func (t turn) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	if _, err := t.look.readStatus(ctx); err != nil {
		return fmt.Errorf("the status comes first: %w", err)
	}
	return granted(t.Collector, t.needs).Collect(ctx, emit)
}

// granted lets a collector name the grant that is missing.
func granted(c exporters.Collector, needs []sqlconn.Grant) exporters.Collector {
	return exporters.Granted{Collector: c, Needs: needs, Account: "galera-exporter"}
}
