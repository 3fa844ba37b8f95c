package galera

import (
	"context"
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

// workloads are the numbers that need no arithmetic but a unit.
var workloads = []variable{
	{"threads_running", metric.GaleraThreadsRunning, "", 1},
	{"connections", metric.GaleraConnectionAttemptsTotal, "", 1},
	{"aborted_connects", metric.GaleraConnectionsAbortedTotal, "connect", 1},
	{"aborted_clients", metric.GaleraConnectionsAbortedTotal, "session", 1},
	{"connection_errors_max_connections", metric.GaleraConnectionsRefusedTotal, "", 1},
	{"questions", metric.GaleraQuestionsTotal, "", 1},
	{"com_select", metric.GaleraStatementsTotal, "select", 1},
	{"com_insert", metric.GaleraStatementsTotal, "insert", 1},
	{"com_update", metric.GaleraStatementsTotal, "update", 1},
	{"com_delete", metric.GaleraStatementsTotal, "delete", 1},
	{"com_replace", metric.GaleraStatementsTotal, "replace", 1},
	{"com_load", metric.GaleraStatementsTotal, "load", 1},
	{"com_begin", metric.GaleraStatementsTotal, "begin", 1},
	{"com_commit", metric.GaleraStatementsTotal, "commit", 1},
	{"com_rollback", metric.GaleraStatementsTotal, "rollback", 1},
	{"slow_queries", metric.GaleraSlowQueriesTotal, "", 1},
	{"created_tmp_disk_tables", metric.GaleraTemporaryTablesTotal, "disk", 1},
	{"open_tables", metric.GaleraOpenTables, "", 1},
	{"opened_tables", metric.GaleraOpenedTablesTotal, "", 1},
	{"bytes_received", metric.GaleraClientBytesTotal, "received", 1},
	{"bytes_sent", metric.GaleraClientBytesTotal, "sent", 1},
	{"innodb_buffer_pool_bytes_dirty", metric.GaleraInnodbBufferPoolDirtyBytes, "", 1},
	{"innodb_buffer_pool_read_requests", metric.GaleraInnodbBufferPoolReadRequestsTotal, "", 1},
	{"innodb_buffer_pool_reads", metric.GaleraInnodbBufferPoolReadsTotal, "", 1},
	{"innodb_buffer_pool_wait_free", metric.GaleraInnodbBufferPoolWaitsTotal, "", 1},
	{"innodb_data_read", metric.GaleraInnodbDataBytesTotal, "read", 1},
	{"innodb_data_written", metric.GaleraInnodbDataBytesTotal, "written", 1},
	{"innodb_data_fsyncs", metric.GaleraInnodbFsyncsTotal, "", 1},
	{"innodb_os_log_written", metric.GaleraInnodbRedoWrittenBytesTotal, "", 1},
	{"innodb_log_waits", metric.GaleraInnodbRedoWaitsTotal, "", 1},
	{"innodb_checkpoint_age", metric.GaleraInnodbCheckpointAgeBytes, "", 1},
	{"innodb_checkpoint_max_age", metric.GaleraInnodbCheckpointAgeLimitBytes, "", 1},
	{"innodb_history_list_length", metric.GaleraInnodbHistoryListLength, "", 1},
	{"innodb_deadlocks", metric.GaleraInnodbDeadlocksTotal, "", 1},
	{"innodb_row_lock_current_waits", metric.GaleraInnodbRowLockWaits, "", 1},
	{"innodb_row_lock_waits", metric.GaleraInnodbRowLockWaitsTotal, "", 1},
	{"innodb_row_lock_time", metric.GaleraInnodbRowLockWaitSecondsTotal, "", 1e-3}, // milliseconds
}

// The numbers that are put together.
const (
	poolData, poolFree, poolOther = "innodb_buffer_pool_pages_data", "innodb_buffer_pool_pages_free", "innodb_buffer_pool_pages_misc"
	pageSize                      = "innodb_page_size"
	temporary, temporaryOnDisk    = "created_tmp_tables", "created_tmp_disk_tables"
)

// workloadQuery reads them with the status, in one statement.
var workloadQuery = func() string {
	names := []string{poolData, poolFree, poolOther, pageSize, temporary}
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
	for _, v := range workloads {
		n := wsrep.ParseInt(s.vars[v.name])
		switch {
		case !n.Known:
		case v.label == "":
			e(v.family.Sample(float64(n.Value) * v.unit))
		default:
			e(v.family.Sample(float64(n.Value)*v.unit, v.label))
		}
	}
	number := func(name string) wsrep.Int { return wsrep.ParseInt(s.vars[name]) }
	if all, disk := number(temporary), number(temporaryOnDisk); all.Known && disk.Known {
		e(metric.GaleraTemporaryTablesTotal.Sample(float64(max(0, all.Value-disk.Value)), "memory"))
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
