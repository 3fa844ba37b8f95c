package galera

import (
	"context"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// A variable is one number of SHOW GLOBAL STATUS and the family that it is.
type variable struct {
	name   string // in lower case
	family *metric.Family
	label  string // value of the family's label; "" if it has none
	unit   float64
}

// workloads are the numbers that need no arithmetic but a unit. Those of one family and label
// stand one after the other and are added up.
var workloads = slices.Concat([]variable{
	{"uptime", metric.GaleraUptimeSeconds, "", 1},
	{"threads_running", metric.GaleraThreadsRunning, "", 1},
	{"threads_created", metric.GaleraThreadsCreatedTotal, "", 1},
	{"memory_used", metric.GaleraMemoryUsedBytes, "", 1},
	{"connections", metric.GaleraConnectionAttemptsTotal, "", 1},
	{"aborted_connects", metric.GaleraConnectionsAbortedTotal, "connect", 1},
	{"aborted_clients", metric.GaleraConnectionsAbortedTotal, "session", 1},
	{"connection_errors_max_connections", metric.GaleraConnectionsRefusedTotal, "", 1},
	{"access_denied_errors", metric.GaleraAccessDeniedTotal, "", 1},
	{"max_used_connections", metric.GaleraConnectionsPeak, "", 1},
	{"prepared_stmt_count", metric.GaleraPreparedStatements, "", 1},
	{"questions", metric.GaleraQuestionsTotal, "", 1},
	{"com_select", metric.GaleraStatementsTotal, "select", 1},
	{"com_insert", metric.GaleraStatementsTotal, "insert", 1},
	{"com_insert_select", metric.GaleraStatementsTotal, "insert", 1},
	{"com_update", metric.GaleraStatementsTotal, "update", 1},
	{"com_update_multi", metric.GaleraStatementsTotal, "update", 1},
	{"com_delete", metric.GaleraStatementsTotal, "delete", 1},
	{"com_delete_multi", metric.GaleraStatementsTotal, "delete", 1},
	{"com_replace", metric.GaleraStatementsTotal, "replace", 1},
	{"com_replace_select", metric.GaleraStatementsTotal, "replace", 1},
	{"com_load", metric.GaleraStatementsTotal, "load", 1},
	{"com_call_procedure", metric.GaleraStatementsTotal, "call", 1},
	{"com_begin", metric.GaleraStatementsTotal, "begin", 1},
	{"com_commit", metric.GaleraStatementsTotal, "commit", 1},
	{"com_rollback", metric.GaleraStatementsTotal, "rollback", 1},
	{"query_time", metric.GaleraQuerySecondsTotal, "", 1},
	{"slow_queries", metric.GaleraSlowQueriesTotal, "", 1},
	{"max_statement_time_exceeded", metric.GaleraStatementTimeoutsTotal, "", 1},
	{"rows_read", metric.GaleraRowsTotal, "read", 1},
	{"rows_sent", metric.GaleraRowsTotal, "sent", 1},
	{"sort_rows", metric.GaleraSortRowsTotal, "", 1},
	{"sort_merge_passes", metric.GaleraSortMergePassesTotal, "", 1},
	{"created_tmp_disk_tables", metric.GaleraTemporaryTablesTotal, "disk", 1},
	{"created_tmp_files", metric.GaleraTemporaryFilesTotal, "", 1},
	{"open_tables", metric.GaleraOpenTables, "", 1},
	{"opened_tables", metric.GaleraOpenedTablesTotal, "", 1},
	{"open_table_definitions", metric.GaleraOpenTableDefinitions, "", 1},
	{"open_files", metric.GaleraOpenFiles, "", 1},
	{"table_open_cache_hits", metric.GaleraTableCacheTotal, "hit", 1},
	{"table_open_cache_misses", metric.GaleraTableCacheTotal, "miss", 1},
	{"table_open_cache_overflows", metric.GaleraTableCacheTotal, "overflow", 1},
	{"table_locks_immediate", metric.GaleraTableLocksTotal, "immediate", 1},
	{"table_locks_waited", metric.GaleraTableLocksTotal, "waited", 1},
	{"bytes_received", metric.GaleraClientBytesTotal, "received", 1},
	{"bytes_sent", metric.GaleraClientBytesTotal, "sent", 1},
	{"innodb_buffer_pool_bytes_dirty", metric.GaleraInnodbBufferPoolDirtyBytes, "", 1},
	{"innodb_buffer_pool_read_requests", metric.GaleraInnodbBufferPoolReadRequestsTotal, "", 1},
	{"innodb_buffer_pool_reads", metric.GaleraInnodbBufferPoolReadsTotal, "", 1},
	{"innodb_buffer_pool_wait_free", metric.GaleraInnodbBufferPoolWaitsTotal, "", 1},
	{"innodb_buffer_pool_read_ahead", metric.GaleraInnodbReadAheadPagesTotal, "read", 1},
	{"innodb_buffer_pool_read_ahead_evicted", metric.GaleraInnodbReadAheadPagesTotal, "evicted", 1},
	{"innodb_pages_read", metric.GaleraInnodbPagesTotal, "read", 1},
	{"innodb_pages_written", metric.GaleraInnodbPagesTotal, "written", 1},
	{"innodb_pages_created", metric.GaleraInnodbPagesTotal, "created", 1},
	{"innodb_data_read", metric.GaleraInnodbDataBytesTotal, "read", 1},
	{"innodb_data_written", metric.GaleraInnodbDataBytesTotal, "written", 1},
	{"innodb_data_reads", metric.GaleraInnodbDataOperationsTotal, "read", 1},
	{"innodb_data_writes", metric.GaleraInnodbDataOperationsTotal, "write", 1},
	{"innodb_data_fsyncs", metric.GaleraInnodbFsyncsTotal, "", 1},
	{"innodb_data_pending_reads", metric.GaleraInnodbPendingOperations, "read", 1},
	{"innodb_data_pending_writes", metric.GaleraInnodbPendingOperations, "write", 1},
	{"innodb_data_pending_fsyncs", metric.GaleraInnodbPendingOperations, "fsync", 1},
	{"innodb_os_log_written", metric.GaleraInnodbRedoWrittenBytesTotal, "", 1},
	{"innodb_log_writes", metric.GaleraInnodbRedoWritesTotal, "", 1},
	{"innodb_log_waits", metric.GaleraInnodbRedoWaitsTotal, "", 1},
	{"innodb_checkpoint_age", metric.GaleraInnodbCheckpointAgeBytes, "", 1},
	{"innodb_checkpoint_max_age", metric.GaleraInnodbCheckpointAgeLimitBytes, "", 1},
	{"innodb_history_list_length", metric.GaleraInnodbHistoryListLength, "", 1},
	{"innodb_deadlocks", metric.GaleraInnodbDeadlocksTotal, "", 1},
	{rowLockWaits, metric.GaleraInnodbRowLockWaits, "", 1},
	{"innodb_row_lock_waits", metric.GaleraInnodbRowLockWaitsTotal, "", 1},
	{"innodb_row_lock_time", metric.GaleraInnodbRowLockWaitSecondsTotal, "", 1e-3}, // milliseconds
	{"binlog_commits", metric.GaleraBinlogCommitsTotal, "", 1},
	{"binlog_group_commits", metric.GaleraBinlogGroupCommitsTotal, "", 1},
	{"binlog_bytes_written", metric.GaleraBinlogWrittenBytesTotal, "", 1},
	{binlogCacheOnDisk, metric.GaleraBinlogCacheTotal, "disk", 1},
},
	labelled(metric.GaleraStatementsTotal, "ddl", "com_create_table", "com_create_index", "com_create_db", "com_create_view", "com_create_trigger",
		"com_create_procedure", "com_create_function", "com_create_user", "com_alter_table", "com_alter_user", "com_drop_table", "com_drop_index",
		"com_drop_db", "com_drop_view", "com_drop_trigger", "com_drop_procedure", "com_drop_function", "com_drop_user", "com_rename_table",
		"com_truncate", "com_grant", "com_revoke", "com_optimize", "com_analyze"),
	prefixed("connection_errors_", metric.GaleraConnectionErrorsTotal),
	prefixed("handler_", metric.GaleraHandlerCallsTotal),
	prefixed("select_", metric.GaleraSelectsTotal),
)

// labelled are variables that are added up under one label.
func labelled(f *metric.Family, label string, names ...string) (all []variable) {
	for _, name := range names {
		all = append(all, variable{name, f, label, 1})
	}
	return all
}

// prefixed are the variables whose names are a prefix and the values of the family's label.
func prefixed(prefix string, f *metric.Family) (all []variable) {
	for _, label := range f.States {
		all = append(all, variable{prefix + label, f, label, 1})
	}
	return all
}

// The numbers that are put together.
const (
	poolData, poolFree, poolOther = "innodb_buffer_pool_pages_data", "innodb_buffer_pool_pages_free", "innodb_buffer_pool_pages_misc"
	pageSize                      = "innodb_page_size"
	temporary, temporaryOnDisk    = "created_tmp_tables", "created_tmp_disk_tables"
	binlogCache                   = "binlog_cache_use"
	binlogCacheOnDisk             = "binlog_cache_disk_use"
)

// workloadQuery reads them with the status, in one statement.
var workloadQuery = func() string {
	names := []string{poolData, poolFree, poolOther, pageSize, temporary, binlogCache}
	for _, v := range workloads {
		names = append(names, v.name)
	}
	return statusQuery + " OR Variable_name IN ('" + strings.Join(names, "', '") + "')"
}()

// workload is the collector of what clients make the server do.
type workload struct{ look *look }

// Name returns "workload".
func (workload) Name() string { return "workload" }

// Collect emits what the status says of it.
func (c workload) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	s, err := c.look.readStatus(ctx)
	if err != nil {
		return err
	}
	e := emitter(emit)
	var sum wsrep.Real
	for i, v := range workloads {
		if n := wsrep.ParseReal(s.vars[v.name]); n.Known {
			sum.Known, sum.Value = true, sum.Value+n.Value*v.unit
		}
		if next := i + 1; next < len(workloads) && workloads[next].family == v.family && workloads[next].label == v.label {
			continue
		}
		if v.label == "" {
			e.real(v.family, sum)
		} else {
			e.real(v.family, sum, v.label)
		}
		sum = wsrep.Real{}
	}
	number := func(name string) wsrep.Int { return wsrep.ParseInt(s.vars[name]) }
	for _, of := range []struct {
		family    *metric.Family
		all, disk string
	}{{metric.GaleraTemporaryTablesTotal, temporary, temporaryOnDisk}, {metric.GaleraBinlogCacheTotal, binlogCache, binlogCacheOnDisk}} {
		if all, disk := number(of.all), number(of.disk); all.Known && disk.Known {
			e(of.family.Sample(float64(max(0, all.Value-disk.Value)), "memory"))
		}
	}
	if size := number(pageSize); size.Known {
		for state, name := range map[string]string{"data": poolData, "free": poolFree, "other": poolOther} {
			if pages := number(name); pages.Known {
				e(metric.GaleraInnodbBufferPoolBytes.Sample(float64(pages.Value*size.Value), state))
			}
		}
	}
	return nil
}
