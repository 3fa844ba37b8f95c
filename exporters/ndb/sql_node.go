package ndb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// An asker answers SQL; sqlconn.DB is one.
type asker interface {
	Pairs(ctx context.Context, query string) (map[string]string, error)
	Table(ctx context.Context, query string) ([]map[string]string, error)
	Opened() uint64
	Close() error
}

// How many connections a SQL node is asked on, at most: one for what it says of itself, lanes for
// ndbinfo, and one for what is read apart. A scan of ndbinfo is a visit to one data node after the
// other, each of which lets it wait, so the tables are read side by side.
const (
	lanes          = 6
	sqlConnections = 1 + lanes + 1
)

// nodeDeadline is how long a SQL node may take for what it knows itself.
const nodeDeadline = 2 * time.Second

// A sqlNode is a SQL node with our connections to it, which live as long as the configuration.
type sqlNode struct {
	name, id string
	own      asker // for what it says of itself
	info     asker // for ndbinfo
	apart    asker // for what is slow

	hangs atomic.Bool // a statement on ndbinfo did not end in time, and none did since

	mu       sync.Mutex
	features features
}

func openSQLNodes(c inventory.Cluster) []*sqlNode {
	var all []*sqlNode
	for _, n := range c.SQL {
		if n.SQL == "" {
			continue // an API node speaks no SQL
		}
		all = append(all, &sqlNode{
			name: n.Name, id: strconv.Itoa(n.ID),
			own:   sqlconn.Open(n.SQL, c.Credential, c.TLS),
			info:  sqlconn.Open(n.SQL, c.Credential, c.TLS).Lanes(lanes),
			apart: sqlconn.Open(n.SQL, c.Credential, c.TLS),
		})
	}
	return all
}

func (n *sqlNode) close() {
	for _, db := range []asker{n.own, n.info, n.apart} {
		_ = db.Close() // nothing is lost with connections that only read
	}
}

// reasons are the words of ndb_sql_failure_info.
var reasons = []struct {
	kind error
	word string
}{
	{sqlconn.ErrRefused, "refused"},
	{sqlconn.ErrUnreachable, "unreachable"},
	{sqlconn.ErrTimeout, "timeout"},
	{sqlconn.ErrBroken, "broken"},
	{sqlconn.ErrDenied, "denied"},
	{sqlconn.ErrGrant, "grant"},
	{sqlconn.ErrBusy, "busy"},
}

func reasonOf(err error) string {
	for _, r := range reasons {
		if errors.Is(err, r.kind) {
			return r.word
		}
	}
	return "other"
}

// A selfReport is what a SQL node says of itself: its status and its variables, in lower case.
type selfReport struct{ status, vars map[string]string }

const (
	statusQuery    = `SHOW GLOBAL STATUS LIKE 'Ndb\_%'`
	variablesQuery = `SHOW GLOBAL VARIABLES WHERE Variable_name LIKE 'ndb%' OR Variable_name IN ('version', 'log_bin', 'read_only')`
)

// report asks the SQL node what it is.
func (n *sqlNode) report(ctx context.Context) (r selfReport, err error) {
	ctx, cancel := context.WithTimeout(ctx, nodeDeadline)
	defer cancel()
	if r.status, err = n.own.Pairs(ctx, statusQuery); err != nil {
		return selfReport{}, n.says(err)
	}
	if r.vars, err = n.own.Pairs(ctx, variablesQuery); err != nil {
		return selfReport{}, n.says(err)
	}
	return r, nil
}

func (n *sqlNode) says(err error) error { return fmt.Errorf("SQL node %s: %w", n.name, err) }

// connected tells whether the SQL node is part of the cluster and has a data node to ask.
func (r selfReport) connected() bool {
	id, named := number(r.status, "ndb_cluster_node_id")
	ready, counted := number(r.status, "ndb_number_of_ready_data_nodes")
	return named && counted && id > 0 && ready > 0
}

// number reads a whole number; what is none is absent.
func number(row map[string]string, column string) (uint64, bool) {
	n, err := strconv.ParseUint(row[column], 10, 64)
	return n, err == nil
}
