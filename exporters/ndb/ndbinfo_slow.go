package ndb

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// What walks fragments or records is off unless somebody wants it, and is read this often.
const (
	slowEvery    = 5 * time.Minute
	slowDeadline = 30 * time.Second
)

// topTables is how many tables have series of their own.
const topTables = 20

// A slowCollector asks statements of its own, on a connection of its own.
type slowCollector struct {
	side  *sqlSide
	name  string
	query string
	emit  func(e cells, names nodeNames, rows []map[string]string)
}

// Name returns the collector's name.
func (c slowCollector) Name() string { return c.name }

// Collect asks.
func (c slowCollector) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	l := newSQLLook(c.side)
	l.slow = true
	if err := l.alive(ctx); err != nil {
		return err
	}
	rows, err := l.readAs(ctx, c.query, func(map[string]map[string]bool) string { return c.query })
	if err != nil {
		return err
	}
	c.emit(emit, l.names, rows)
	return nil
}

const fragmentsQuery = `SELECT current_primary, current_primary <> preferred_primary AS elsewhere, num_alive_replicas < no_of_replicas AS under, COUNT(*) AS n
 FROM ndbinfo.table_fragments GROUP BY 1, 2, 3`

func emitFragments(e cells, names nodeNames, rows []map[string]string) {
	if len(rows) == 0 {
		return
	}
	all := sums{}
	for _, state := range metric.NdbFragments.States {
		all[all.at(metric.NdbFragments, []string{state})] = 0
	}
	for _, row := range rows {
		state, place := "whole", "preferred"
		if row["under"] != "0" {
			state = "under_replicated"
		}
		if row["elsewhere"] != "0" {
			place = "elsewhere"
		}
		all.add(metric.NdbFragments, row, "n", 1, state)
		name, id := names.of(row["current_primary"])
		for _, p := range metric.NdbPrimaryFragments.States {
			all[all.at(metric.NdbPrimaryFragments, []string{name, id, p})] += 0
		}
		all.add(metric.NdbPrimaryFragments, row, "n", 1, name, id, place)
	}
	all.emit(e)
}

const latencyQuery = `SELECT node_id, upper_bound, SUM(transactions) AS transaction, SUM(read_key_ops) AS key_read, SUM(write_key_ops) AS key_write, SUM(scans) AS scan
 FROM ndbinfo.tc_time_track_stats GROUP BY 1, 2`

// emitLatency makes a histogram for each kind of work: the data nodes count what took longer
// than one bound and no longer than the next.
func emitLatency(e cells, names nodeNames, rows []map[string]string) {
	type track struct{ node, kind string }
	type step struct {
		bound float64 // seconds
		count uint64
	}
	steps := map[track][]step{}
	for _, row := range rows {
		bound, ok := number(row, "upper_bound")
		if !ok {
			continue
		}
		for _, kind := range []string{"transaction", "key_read", "key_write", "scan"} {
			if count, ok := number(row, kind); ok {
				t := track{row["node_id"], kind}
				steps[t] = append(steps[t], step{float64(bound) * 1e-6, count})
			}
		}
	}
	for t, all := range steps {
		slices.SortFunc(all, func(a, b step) int { return cmp.Compare(a.bound, b.bound) })
		bounds := metric.NdbTCLatencySeconds.Buckets
		buckets := make([]metric.Bucket, len(bounds))
		var count uint64
		sum, below := 0.0, 0.0
		for _, s := range all {
			count += s.count
			sum += float64(s.count) * (below + s.bound) / 2
			below = s.bound
			for i, bound := range bounds {
				if s.bound <= bound*1.001 {
					buckets[i].Count += s.count
				}
			}
		}
		for i, bound := range bounds {
			buckets[i].Bound = bound
		}
		name, id := names.of(t.node)
		e(metric.NdbTCLatencySeconds.Distribution(count, sum, buckets, name, id, t.kind))
	}
}

const filesQuery = `SELECT parent_name AS tablespace, SUM(total_extents * extent_size) AS total, SUM(free_extents * extent_size) AS free
 FROM ndbinfo.files WHERE type LIKE 'Data%file' AND parent_name IS NOT NULL GROUP BY 1`

func emitFiles(e cells, _ nodeNames, rows []map[string]string) {
	for _, row := range rows {
		e.number(metric.NdbTablespaceBytes, row, "total", 1, shown(row["tablespace"]), "total")
		e.number(metric.NdbTablespaceBytes, row, "free", 1, shown(row["tablespace"]), "free")
	}
}

const transactionsQuery = `SELECT n.node_id, t.n AS open, t.idle, l.held, l.waiting, l.waited FROM ndbinfo.nodes n
 LEFT JOIN (SELECT node_id, COUNT(*) AS n, MAX(inactive_seconds) AS idle FROM ndbinfo.cluster_transactions GROUP BY 1) t ON t.node_id = n.node_id
 LEFT JOIN (SELECT node_id, SUM(ASCII(state) = ASCII('H')) AS held, SUM(ASCII(state) = ASCII('W')) AS waiting, MAX(IF(ASCII(state) = ASCII('W'), duration_millis, NULL)) AS waited FROM ndbinfo.cluster_locks GROUP BY 1) l
 ON l.node_id = n.node_id`

// emitTransactions emits 0 where a data node that runs has none.
func emitTransactions(e cells, names nodeNames, rows []map[string]string) {
	none := func(row map[string]string, column string) float64 {
		n, _ := number(row, column)
		return float64(n)
	}
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		e(metric.NdbTransactions.Sample(none(row, "open"), name, id))
		e.number(metric.NdbTransactionInactiveSeconds, row, "idle", 1, name, id)
		e(metric.NdbLocks.Sample(none(row, "held"), name, id, "held"))
		e(metric.NdbLocks.Sample(none(row, "waiting"), name, id, "waiting"))
		e.number(metric.NdbLockWaitSeconds, row, "waited", 1e-3, name, id)
	}
}

// infoTables is the collector of the largest tables. The data nodes count from their start; it
// counts from its own, so that the restart of one data node is not a flood in the sum of all.
type infoTables struct {
	side *sqlSide

	mu    sync.Mutex
	seen  map[string]uint64     // what a fragment replica counted last, by kind
	since map[metricKey]float64 // what was counted since
}

type metricKey struct {
	family      *metric.Family
	table, kind string
}

// The statements join an index and a blob's parts with their table. Only the first has a row for
// each fragment: the others are one for each node and table.
const (
	tableMemoryQuery = `SELECT COALESCE(parent_fq_name, fq_name) AS name, parent_fq_name IS NULL AND type LIKE '%table' AS own, type, fragment_num,
 MAX(fixed_elem_count) AS n, SUM(fixed_elem_alloc_bytes) AS fixed, SUM(var_elem_alloc_bytes) AS variable, SUM(hash_index_alloc_bytes) AS hash
 FROM ndbinfo.memory_per_fragment GROUP BY 1, 2, 3, 4`
	tableWorkQuery = `SELECT COALESCE(parent_fq_name, fq_name) AS name, node_id, SUM(tot_key_reads) AS read_key, SUM(tot_key_inserts + tot_key_updates + tot_key_writes + tot_key_deletes) AS write_key,
 SUM(tot_frag_scans) AS scan FROM ndbinfo.operations_per_fragment GROUP BY 1, 2`
	tableLocksQuery = `SELECT COALESCE(parent_fq_name, fq_name) AS name, node_id, SUM(ex_wait_ok + sh_wait_ok) AS got, SUM(ex_wait_fail + sh_wait_fail) AS failed,
 SUM(wait_ok_millis) AS got_millis, SUM(wait_fail_millis) AS failed_millis FROM ndbinfo.locks_per_fragment GROUP BY 1, 2`
)

// Name returns "ndbinfo.tables".
func (*infoTables) Name() string { return "ndbinfo.tables" }

// Collect emits the largest tables and what is done to them.
func (c *infoTables) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	l := newSQLLook(c.side)
	l.slow = true
	if err := l.alive(ctx); err != nil {
		return err
	}
	var answers [3][]map[string]string
	for i, query := range []string{tableMemoryQuery, tableWorkQuery, tableLocksQuery} {
		rows, err := l.readAs(ctx, query, func(map[string]map[string]bool) string { return query })
		if err != nil {
			return err
		}
		answers[i] = rows
	}
	largest := emitTableMemory(emit, answers[0])
	c.emitWork(emit, largest, answers[1], answers[2])
	return nil
}

// emitTableMemory returns the tables that have series of their own.
func emitTableMemory(e cells, rows []map[string]string) map[string]bool {
	bytes := map[string]float64{}
	for _, row := range rows {
		for _, column := range []string{"fixed", "variable", "hash"} {
			n, _ := number(row, column)
			bytes[row["name"]] += float64(n)
		}
	}
	order := slices.SortedFunc(maps.Keys(bytes), func(a, b string) int {
		return cmp.Or(cmp.Compare(bytes[b], bytes[a]), cmp.Compare(a, b))
	})
	largest := map[string]bool{}
	for _, name := range order[:min(topTables, len(order))] {
		largest[name] = true
	}
	all := sums{}
	fragments := map[string][]float64{}
	for _, row := range rows {
		schema, table := tableLabels(row["name"], largest)
		memory := func(column, kind string) { all.add(metric.NdbTableMemoryBytes, row, column, 1, schema, table, kind) }
		if strings.Contains(row["type"], "index") {
			memory("fixed", "index")
			memory("variable", "index")
		} else {
			memory("fixed", "fixed")
			memory("variable", "variable")
		}
		memory("hash", "hash_index")
		if n, ok := number(row, "n"); ok && row["own"] == "1" {
			all.add(metric.NdbTableRows, row, "n", 1, schema, table)
			if largest[row["name"]] {
				fragments[row["name"]] = append(fragments[row["name"]], float64(n))
			}
		}
	}
	for name, counts := range fragments {
		total := 0.0
		for _, n := range counts {
			total += n
		}
		if total > 0 {
			schema, table := tableLabels(name, largest)
			e(metric.NdbTableImbalanceRatio.Sample(slices.Max(counts)*float64(len(counts))/total, schema, table))
		}
	}
	all.emit(e)
	return largest
}

// tableLabels splits SCHEMA/def/TABLE. What is not among the largest is other.
func tableLabels(name string, largest map[string]bool) (schema, table string) {
	if !largest[name] {
		return "", "other"
	}
	parts := strings.SplitN(name, "/", 3)
	if len(parts) < 3 {
		return "", shown(name)
	}
	return shown(parts[0]), shown(parts[2])
}

// emitWork adds what was counted since the last run to what was counted before.
func (c *infoTables) emitWork(e cells, largest map[string]bool, work, locks []map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since == nil {
		c.seen, c.since = map[string]uint64{}, map[metricKey]float64{}
	}
	first := len(c.seen) == 0
	count := func(row map[string]string, column string, f *metric.Family, kind string, unit float64) {
		n, ok := number(row, column)
		if !ok {
			return
		}
		key := row["name"] + "\x00" + row["node_id"] + "\x00" + column
		more := n
		if before, known := c.seen[key]; known && n >= before {
			more = n - before
		} else if !known && first {
			more = 0
		}
		c.seen[key] = n
		c.since[metricKey{f, row["name"], kind}] += float64(more) * unit
	}
	for _, row := range work {
		count(row, "read_key", metric.NdbTableOperationsTotal, "read", 1)
		count(row, "write_key", metric.NdbTableOperationsTotal, "write", 1)
		count(row, "scan", metric.NdbTableOperationsTotal, "scan", 1)
	}
	for _, row := range locks {
		count(row, "got", metric.NdbTableLockWaitsTotal, "got", 1)
		count(row, "failed", metric.NdbTableLockWaitsTotal, "failed", 1)
		count(row, "got_millis", metric.NdbTableLockWaitSecondsTotal, "got", 1e-3)
		count(row, "failed_millis", metric.NdbTableLockWaitSecondsTotal, "failed", 1e-3)
	}
	all := sums{}
	for k, n := range c.since {
		schema, table := tableLabels(k.table, largest)
		all[all.at(k.family, []string{schema, table, k.kind})] += n
	}
	all.emit(e)
}
