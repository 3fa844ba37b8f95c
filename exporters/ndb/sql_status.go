package ndb

import (
	"context"
	"math"
	"regexp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// sqlStatus is the collector of what each SQL node says of itself. It also says which are up.
type sqlStatus struct{ look *sqlLook }

// Name returns "sql".
func (sqlStatus) Name() string { return "sql" }

// Collect asks all SQL nodes.
func (c sqlStatus) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	return c.look.everyNode(func(n *sqlNode, emit func(prometheus.Metric)) error {
		r, err := c.look.report(ctx, n)
		if err != nil {
			emit(metric.NdbSQLUp.Sample(0, n.name, n.id))
			emit(metric.NdbSQLFailureInfo.Sample(1, n.name, n.id, reasonOf(err)))
			return err
		}
		emit(metric.NdbSQLUp.Sample(1, n.name, n.id))
		emitSelf(cells(emit), r, n.name, n.id)
		return nil
	}, emit)
}

// A variable is one number of a status or of variables and the family that it is.
type variable struct {
	name   string // in lower case
	family *metric.Family
	label  string // value of the family's last label; "" if it has none of its own
	unit   float64
}

// statusNumbers are those of the whole server. Others of the same names count for a session only.
var statusNumbers = []variable{
	{"ndb_number_of_data_nodes", metric.NdbSQLDataNodes, "configured", 1},
	{"ndb_number_of_ready_data_nodes", metric.NdbSQLDataNodes, "ready", 1},
	{"ndb_config_generation", metric.NdbSQLConfigGeneration, "", 1},
	{"ndb_connect_count", metric.NdbSQLReconnectsTotal, "", 1},
	{"ndb_schema_participant_count", metric.NdbSQLSchemaParticipants, "", 1},
	{"ndb_metadata_detected_count", metric.NdbSQLMetadataObjectsTotal, "detected", 1},
	{"ndb_metadata_synced_count", metric.NdbSQLMetadataObjectsTotal, "synced", 1},
	{"ndb_metadata_excluded_count", metric.NdbSQLMetadataObjectsTotal, "excluded", 1},
	{"ndb_api_wait_exec_complete_count", metric.NdbSQLAPIWaitsTotal, "execute", 1},
	{"ndb_api_wait_scan_result_count", metric.NdbSQLAPIWaitsTotal, "scan", 1},
	{"ndb_api_wait_meta_request_count", metric.NdbSQLAPIWaitsTotal, "meta", 1},
	{"ndb_api_wait_nanos_count", metric.NdbSQLAPIWaitSecondsTotal, "", 1e-9},
	{"ndb_api_bytes_sent_count", metric.NdbSQLAPIBytesTotal, "sent", 1},
	{"ndb_api_bytes_received_count", metric.NdbSQLAPIBytesTotal, "received", 1},
	{"ndb_api_trans_start_count", metric.NdbSQLAPITransactionsTotal, "start", 1},
	{"ndb_api_trans_commit_count", metric.NdbSQLAPITransactionsTotal, "commit", 1},
	{"ndb_api_trans_abort_count", metric.NdbSQLAPITransactionsTotal, "abort", 1},
	{"ndb_api_pk_op_count", metric.NdbSQLAPIOperationsTotal, "primary_key", 1},
	{"ndb_api_uk_op_count", metric.NdbSQLAPIOperationsTotal, "unique_key", 1},
	{"ndb_api_table_scan_count", metric.NdbSQLAPIOperationsTotal, "table_scan", 1},
	{"ndb_api_range_scan_count", metric.NdbSQLAPIOperationsTotal, "range_scan", 1},
	{"ndb_api_pruned_scan_count", metric.NdbSQLAPIOperationsTotal, "pruned_scan", 1},
	{"ndb_api_read_row_count", metric.NdbSQLAPIRowsTotal, "", 1},
	{"ndb_api_event_data_count_injector", metric.NdbSQLInjectorEventsTotal, "data", 1},
	{"ndb_api_event_nondata_count_injector", metric.NdbSQLInjectorEventsTotal, "other", 1},
	{"ndb_api_event_bytes_count_injector", metric.NdbSQLInjectorBytesTotal, "", 1},
	{"ndb_log_purge_queue_size", metric.NdbSQLLogPurgeQueue, "", 1},
	{"ndb_conflict_fn_max", metric.NdbSQLConflictsTotal, "max", 1},
	{"ndb_conflict_fn_old", metric.NdbSQLConflictsTotal, "old", 1},
	{"ndb_conflict_fn_max_del_win", metric.NdbSQLConflictsTotal, "max_del_win", 1},
	{"ndb_conflict_fn_max_ins", metric.NdbSQLConflictsTotal, "max_ins", 1},
	{"ndb_conflict_fn_max_del_win_ins", metric.NdbSQLConflictsTotal, "max_del_win_ins", 1},
	{"ndb_conflict_fn_epoch", metric.NdbSQLConflictsTotal, "epoch", 1},
	{"ndb_conflict_fn_epoch_trans", metric.NdbSQLConflictsTotal, "epoch_trans", 1},
	{"ndb_conflict_fn_epoch2", metric.NdbSQLConflictsTotal, "epoch2", 1},
	{"ndb_conflict_fn_epoch2_trans", metric.NdbSQLConflictsTotal, "epoch2_trans", 1},
	{"ndb_conflict_trans_row_conflict_count", metric.NdbSQLConflictTransactionsTotal, "row_conflict", 1},
	{"ndb_conflict_trans_row_reject_count", metric.NdbSQLConflictTransactionsTotal, "row_reject", 1},
	{"ndb_conflict_trans_reject_count", metric.NdbSQLConflictTransactionsTotal, "reject", 1},
	{"ndb_conflict_trans_detect_iter_count", metric.NdbSQLConflictTransactionsTotal, "detect_iteration", 1},
	{"ndb_conflict_trans_conflict_commit_count", metric.NdbSQLConflictTransactionsTotal, "conflict_commit", 1},
}

// emitSelf emits what one SQL node says of itself.
func emitSelf(e cells, r selfReport, name, id string) {
	for _, v := range statusNumbers {
		labels := []string{name, id}
		if v.label != "" {
			labels = append(labels, v.label)
		}
		e.number(v.family, r.status, v.name, v.unit, labels...)
	}
	if r.vars["version"] != "" {
		e(metric.NdbSQLInfo.Sample(1, name, id, shown(r.vars["version"]), shown(r.status["ndb_system_name"])))
	}
	e.truth(metric.NdbSQLConnected, r.connected(), name, id)
	for _, setting := range metric.NdbSQLSetting.States {
		if value, ok := r.vars[setting]; ok {
			e.truth(metric.NdbSQLSetting, on(value), name, id, setting)
		}
	}
	if limit, ok := number(r.vars, "ndb_eventbuffer_max_alloc"); ok && limit > 0 {
		e(metric.NdbSQLEventBufferLimitBytes.Sample(float64(limit), name, id))
	}
	for _, epoch := range []string{"ndb_replica_max_replicated_epoch", "ndb_slave_max_replicated_epoch"} {
		if n, ok := number(r.status, epoch); ok && n > 0 {
			e(metric.NdbSQLReplicatedEpoch.Sample(float64(n), name, id))
			break
		}
	}
}

// sqlBinlog is the collector of how far each SQL node's binary log is behind the cluster.
type sqlBinlog struct{ look *sqlLook }

// Name returns "sql.binlog".
func (sqlBinlog) Name() string { return "sql.binlog" }

// Collect asks all SQL nodes that answer.
func (c sqlBinlog) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	return c.look.everyNode(func(n *sqlNode, emit func(prometheus.Metric)) error {
		r, err := c.look.report(ctx, n)
		if err != nil {
			return err
		}
		rows, err := n.own.Table(ctx, "SHOW ENGINE NDB STATUS")
		if err != nil {
			return n.says(err)
		}
		for _, row := range rows {
			if row["name"] != "binlog" {
				continue
			}
			b := parseBinlog(row["status"])
			for _, state := range metric.NdbSQLBinlogEpoch.States {
				if epoch, ok := b[state]; ok {
					emit(metric.NdbSQLBinlogEpoch.Sample(float64(epoch), n.name, n.id, state))
				}
			}
			if lag, ok := c.look.intervals().lag(b); ok && on(r.vars["ndb_log_bin"]) && r.connected() {
				emit(metric.NdbSQLBinlogLagSeconds.Sample(lag, n.name, n.id))
			}
		}
		return nil
	}, emit)
}

// epochWords are the words of SHOW ENGINE NDB STATUS and ours for them.
var epochWords = map[string]string{
	"latest_epoch":                 "latest",
	"latest_trans_epoch":           "latest_transaction",
	"latest_received_binlog_epoch": "received",
	"latest_handled_binlog_epoch":  "handled",
	"latest_applied_binlog_epoch":  "applied",
}

var epochWord = regexp.MustCompile(`([a-z_]+)=([0-9]+)`)

// parseBinlog reads the row binlog. An epoch of 0 or of all ones is one that the server does not
// know, as when it has no connection to the cluster.
func parseBinlog(text string) map[string]uint64 {
	epochs := map[string]uint64{}
	for _, m := range epochWord.FindAllStringSubmatch(text, -1) {
		epoch, ok := number(map[string]string{"": m[2]}, "")
		if word, known := epochWords[m[1]]; known && ok && epoch != 0 && epoch != math.MaxUint64 {
			epochs[word] = epoch
		}
	}
	return epochs
}

// intervals are how often epochs begin, in seconds; 0 if unknown.
type intervals struct{ checkpoint, epoch float64 }

func (s *sqlSide) intervals() intervals {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

func (s *sqlSide) setIntervals(i intervals) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config = i
}

// lag tells how many seconds the binary log is behind. The upper half of an epoch counts global
// checkpoints, the lower half the epochs since the last one.
func (i intervals) lag(epochs map[string]uint64) (seconds float64, ok bool) {
	latest, known := epochs["latest"]
	handled, logged := epochs["handled"]
	if !known || !logged || i.checkpoint == 0 || i.epoch == 0 {
		return 0, false
	}
	if handled >= latest {
		return 0, true
	}
	checkpoints, rest := float64(latest>>32)-float64(handled>>32), float64(uint32(latest))-float64(uint32(handled))
	return max(0, checkpoints*i.checkpoint+rest*i.epoch), true
}

// sqlSync is the collector of schema objects that a SQL node has not got.
type sqlSync struct{ look *sqlLook }

// syncQuery is one answer; a server without these tables is older than 8.0.22.
const (
	syncQuery = `SELECT (SELECT COUNT(*) FROM performance_schema.ndb_sync_pending_objects) AS pending,
 (SELECT COUNT(*) FROM performance_schema.ndb_sync_excluded_objects) AS excluded`
	excludedQuery = `SELECT COALESCE(SCHEMA_NAME, '') AS s, COALESCE(NAME, '') AS n, TYPE AS t FROM performance_schema.ndb_sync_excluded_objects ORDER BY 1, 2, 3 LIMIT 10`
)

// Name returns "sql.sync".
func (sqlSync) Name() string { return "sql.sync" }

// Collect asks all SQL nodes that answer.
func (c sqlSync) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	return c.look.everyNode(func(n *sqlNode, emit func(prometheus.Metric)) error {
		if _, err := c.look.report(ctx, n); err != nil {
			return err
		}
		rows, err := n.ask(ctx, syncQuery)
		if err != nil {
			return err
		}
		e := cells(emit)
		for _, row := range rows {
			e.number(metric.NdbSQLSyncObjects, row, "pending", 1, n.name, n.id, "pending")
			e.number(metric.NdbSQLSyncObjects, row, "excluded", 1, n.name, n.id, "excluded")
			if row["excluded"] == "0" {
				continue
			}
			names, err := n.ask(ctx, excludedQuery)
			if err != nil {
				return err
			}
			for _, o := range names {
				e(metric.NdbSQLSyncExcludedInfo.Sample(1, n.name, n.id, shown(o["s"]), shown(o["n"]), shown(o["t"])))
			}
		}
		return nil
	}, emit)
}
