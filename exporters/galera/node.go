package galera

import (
	"context"
	"sync"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// A pairer answers a statement of two columns; sqlconn.DB is one.
type pairer interface {
	Pairs(ctx context.Context, query string) (map[string]string, error)
}

// Targets returns one target for each Galera node of the fleet, named CLUSTER/NODE.
func Targets(fleet *inventory.Fleet) []*exporters.Target {
	var all []*exporters.Target
	for _, c := range fleet.Clusters {
		expected := len(c.Nodes)
		if c.Arbitrator != nil {
			expected++
		}
		for _, n := range c.Nodes {
			db := sqlconn.Open(n.SQL, c.Credential, c.TLS)
			all = append(all, &exporters.Target{
				Name:    c.Name + "/" + n.Name,
				Address: n.SQL,
				Labels:  map[string]string{metric.Cluster: c.Name, metric.Node: n.Name},
				Look:    func() []exporters.Collector { return collectors(db, expected) },
				Release: func() { _ = db.Close() }, // nothing is lost with a connection that only reads
			})
		}
	}
	return all
}

// collectors returns the collectors of one scrape. They share one reading of the status.
func collectors(db pairer, expected int) []exporters.Collector {
	l := &look{db: db, expected: expected}
	return []exporters.Collector{status{l}, variables{l}}
}

// statusQuery reads the status; the server leaves out what is not about replication.
const statusQuery = `SHOW GLOBAL STATUS LIKE 'wsrep\_%'`

// A look is what the collectors of one scrape share.
type look struct {
	db       pairer
	expected int // members, by kagu.yaml

	once   sync.Once
	status wsrep.Status
	err    error
}

// read reads the status, once in a look.
func (l *look) read(ctx context.Context) (wsrep.Status, error) {
	l.once.Do(func() {
		vars, err := l.db.Pairs(ctx, statusQuery)
		if err != nil {
			l.err = err
			return
		}
		l.status = wsrep.ParseStatus(vars)
	})
	return l.status, l.err
}
