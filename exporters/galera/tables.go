package galera

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// view is the collector of the view's fingerprint.
type view struct{ db pairer }

// viewQuery has one row for the view and one for each of its members.
const viewQuery = `SELECT cluster_uuid, view_id FROM mysql.wsrep_cluster
 UNION ALL SELECT node_uuid, cluster_uuid FROM mysql.wsrep_cluster_members`

// Name returns "view".
func (view) Name() string { return "view" }

// Collect emits the fingerprint. It is the same on all members of one view.
func (c view) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	rows, err := c.db.Pairs(ctx, viewQuery)
	if err != nil {
		return err
	}
	if len(rows) < 2 {
		return nil // never in a component
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		parts = append(parts, key, rows[key])
	}
	emit(metric.GaleraViewFingerprint.Sample(fingerprint(parts...)))
	return nil
}

// members is the collector of one series for each member.
type members struct{ db pairer }

const membersQuery = `SELECT node_uuid, CONCAT(node_name, CHAR(10), node_incoming_address) FROM mysql.wsrep_cluster_members`

// Name returns "members".
func (members) Name() string { return "members" }

// Collect emits who is in the view.
func (c members) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	rows, err := c.db.Pairs(ctx, membersQuery)
	if err != nil {
		return err
	}
	for _, uuid := range slices.Sorted(maps.Keys(rows)) {
		name, address, _ := strings.Cut(rows[uuid], "\n")
		emitter(emit).info(metric.GaleraClusterMemberInfo, uuid, name, address)
	}
	return nil
}

// streaming is the collector of transactions that are sent while they run.
type streaming struct{ db pairer }

// streamingQuery never reads the fragments themselves: they are as large as the transaction.
const streamingQuery = `SELECT COUNT(*), COUNT(DISTINCT node_uuid, trx_id) FROM mysql.wsrep_streaming_log`

// Name returns "streaming".
func (streaming) Name() string { return "streaming" }

// Collect emits how many fragments and transactions there are.
func (c streaming) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	rows, err := c.db.Pairs(ctx, streamingQuery)
	if err != nil {
		return err
	}
	for fragments, transactions := range rows { // it is one row
		emitter(emit).number(metric.GaleraStreamingFragments, wsrep.ParseInt(fragments))
		emitter(emit).number(metric.GaleraStreamingTransactions, wsrep.ParseInt(transactions))
	}
	return nil
}
