package ndb

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// sqlReplication is the collector of what replication between clusters has reached.
type sqlReplication struct{ look *sqlLook }

const (
	channelsQuery = "SELECT CHANNEL_NAME AS c, MAX_REPLICATED_EPOCH AS e FROM performance_schema.ndb_replication_applier_status"
	appliedQuery  = "SELECT server_id AS s, epoch AS e FROM mysql.ndb_apply_status"
	indexQuery    = "SELECT MIN(epoch) AS first, MAX(epoch) AS last FROM mysql.ndb_binlog_index"
)

// Name returns "sql.replication".
func (sqlReplication) Name() string { return "sql.replication" }

// Collect asks all SQL nodes that answer, and of those that are connected one for the cluster.
func (c sqlReplication) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	nodes := c.look.everyNode(func(n *sqlNode, emit func(prometheus.Metric)) error {
		if _, err := c.look.report(ctx, n); err != nil {
			return err
		}
		channels, err := n.ask(ctx, channelsQuery)
		if err != nil {
			return err
		}
		for _, row := range channels {
			if epoch, ok := number(row, "e"); ok && epoch > 0 {
				emit(metric.NdbSQLChannelEpoch.Sample(float64(epoch), n.name, n.id, shown(row["c"])))
			}
		}
		index, err := n.ask(ctx, indexQuery)
		for _, row := range index {
			for _, bound := range []string{"first", "last"} {
				cells(emit).number(metric.NdbSQLBinlogIndexEpoch, row, bound, 1, n.name, n.id, bound)
			}
		}
		return err
	}, emit)
	return errors.Join(nodes, c.applied(ctx, emit))
}

// applied emits the positions that all SQL nodes of the cluster share, as the first of them says
// that is connected. With none there is nothing to say, and the collector sql says why.
func (c sqlReplication) applied(ctx context.Context, emit func(prometheus.Metric)) error {
	for _, n := range c.look.nodes {
		if r, err := c.look.report(ctx, n); err != nil || !r.connected() {
			continue
		}
		rows, err := n.ask(ctx, appliedQuery)
		if errors.Is(err, sqlconn.ErrNoCluster) {
			continue // it lost the data nodes just now
		}
		for _, row := range rows {
			cells(emit).number(metric.NdbAppliedEpoch, row, "e", 1, row["s"])
		}
		return err
	}
	return nil
}

// ask reads rows on the SQL node's own connection. A table that an older server has not is empty.
func (n *sqlNode) ask(ctx context.Context, query string) ([]map[string]string, error) {
	rows, err := n.own.Table(ctx, query)
	if errors.Is(err, sqlconn.ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, n.says(err)
	}
	return rows, nil
}
