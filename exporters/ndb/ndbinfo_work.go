package ndb

import (
	"context"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// tcEvents and overloads are the counters of ndbinfo and their labels; those of DBSPJ are their
// own names in lower case.
var (
	overloads = map[string]string{
		"LQHKEY_OVERLOAD": "any", "LQHKEY_OVERLOAD_TC": "tc", "LQHKEY_OVERLOAD_READER": "reader",
		"LQHKEY_OVERLOAD_NODE_PEER": "node_peer", "LQHKEY_OVERLOAD_SUBSCRIBER": "subscriber", "LQHSCAN_SLOWDOWNS": "scan_slowdown",
	}
	tcEvents  = upper(metric.NdbTCEventsTotal.States)
	spjEvents = upper(metric.NdbSPJEventsTotal.States)
)

func upper(labels []string) map[string]string {
	names := map[string]string{}
	for _, l := range labels {
		names[strings.ToUpper(l)] = l
	}
	return names
}

func emitCounters(e cells, names nodeNames, rows []map[string]string) {
	all := sums{}
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		counter := row["counter_name"]
		if event, ok := tcEvents[counter]; ok {
			all.add(metric.NdbTCEventsTotal, row, "val", 1, name, id, event)
		} else if at, ok := overloads[counter]; ok {
			all.add(metric.NdbLQHOverloadsTotal, row, "val", 1, name, id, at)
		} else if counter == "OPERATIONS" {
			all.add(metric.NdbLQHOperationsTotal, row, "val", 1, name, id)
		}
	}
	all.emit(e)
}

func emitSPJ(e cells, names nodeNames, rows []map[string]string) {
	all := sums{}
	for _, row := range rows {
		if event, ok := spjEvents[row["counter_name"]]; ok {
			name, id := names.of(row["node_id"])
			all.add(metric.NdbSPJEventsTotal, row, "val", 1, name, id, event)
		}
	}
	all.emit(e)
}

func emitTransporters(e cells, names nodeNames, rows []map[string]string) {
	open := sums{}
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		peer, peerID := names.of(row["remote_node_id"])
		up := row["status"] == "CONNECTED"
		if _, ours := names[row["remote_node_id"]]; !up && row["connect_count"] == "0" && !ours {
			continue // a slot that nobody uses
		}
		e.truth(metric.NdbTransporterUp, up, name, id, peer, peerID)
		e.number(metric.NdbTransporterBytesTotal, row, "bytes_sent", 1, name, id, peer, peerID, "sent")
		e.number(metric.NdbTransporterBytesTotal, row, "bytes_received", 1, name, id, peer, peerID, "received")
		e.number(metric.NdbTransporterOverloadsTotal, row, "overload_count", 1, name, id, peer, peerID)
		e.number(metric.NdbTransporterSlowdownsTotal, row, "slowdown_count", 1, name, id, peer, peerID)
		e.number(metric.NdbTransporterConnectsTotal, row, "connect_count", 1, name, id, peer, peerID)
		if encrypted, ok := number(row, "encrypted"); ok && up {
			open[open.at(metric.NdbTransporterUnencryptedLinks, []string{name, id})] += 1 - float64(min(encrypted, 1))
		}
	}
	open.emit(e)
}

func emitDiskWrites(e cells, names nodeNames, rows []map[string]string) {
	all := sums{}
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		all.add(metric.NdbDiskWriteBytesPerSecond, row, "backup_lcp_speed_last_10sec", 1, name, id, "checkpoint_backup")
		all.add(metric.NdbDiskWriteBytesPerSecond, row, "redo_speed_last_10sec", 1, name, id, "redo")
		all.add(metric.NdbDiskWriteTargetBytesPerSecond, row, "current_target_disk_write_speed", 1, name, id)
		all.add(metric.NdbDiskWriteSlowdownSecondsTotal, row, "slowdowns_due_to_io_lag", 1, name, id, "io_lag")
		all.add(metric.NdbDiskWriteSlowdownSecondsTotal, row, "slowdowns_due_to_high_cpu", 1, name, id, "high_cpu")
		all.add(metric.NdbDiskWriteSlowdownSecondsTotal, row, "disk_write_speed_set_to_min", 1, name, id, "set_to_min")
	}
	all.emit(e)
}

func emitDiskPages(e cells, names nodeNames, rows []map[string]string) {
	all := sums{}
	for _, row := range rows {
		name, id := names.of(row["node_id"])
		all.add(metric.NdbDiskPageRequestsTotal, row, "page_requests_direct_return", 1, name, id, "direct")
		all.add(metric.NdbDiskPageRequestsTotal, row, "page_requests_wait_queue", 1, name, id, "wait_queue")
		all.add(metric.NdbDiskPageRequestsTotal, row, "page_requests_wait_io", 1, name, id, "wait_io")
		all.add(metric.NdbDiskPageBytesTotal, row, "pages_read", page, name, id, "read")
		all.add(metric.NdbDiskPageBytesTotal, row, "pages_written", page, name, id, "written")
		all.add(metric.NdbDiskLogWaitsTotal, row, "log_waits", 1, name, id)
	}
	all.emit(e)
}

// infoThreads is the collector of the data nodes' threads.
type infoThreads struct{ look *sqlLook }

// Name returns "ndbinfo.threads".
func (infoThreads) Name() string { return "ndbinfo.threads" }

// Collect reads both tables of threads.
func (c infoThreads) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	tables := []table{threadStatTable, cpuStatTable}
	rows := make([][]map[string]string, len(tables))
	err := sideBySide(len(tables), func(i int) (err error) {
		rows[i], err = c.look.rows(ctx, tables[i])
		return err
	})
	emitThreads(emit, c.look.names, rows[0], rows[1])
	return err
}

// emitThreads joins what the kernel and what the threads themselves count.
func emitThreads(e cells, names nodeNames, kernel, threads []map[string]string) {
	all := sums{}
	kinds := map[[2]string]string{} // of threads, by node and number
	for _, row := range kernel {
		kind := shown(row["thr_nm"])
		kinds[[2]string{row["node_id"], row["thr_no"]}] = kind
		name, id := names.of(row["node_id"])
		all.add(metric.NdbThreadCPUSecondsTotal, row, "os_ru_utime", 1e-6, name, id, kind, "user")
		all.add(metric.NdbThreadCPUSecondsTotal, row, "os_ru_stime", 1e-6, name, id, kind, "system")
		all.add(metric.NdbThreadInvoluntarySwitchesTotal, row, "os_ru_nivcsw", 1, name, id)
		all[all.at(metric.NdbThreads, []string{name, id, kind})]++
	}
	for _, row := range threads {
		name, id := names.of(row["node_id"])
		exec, ok := number(row, "thread_exec")
		send, sends := number(row, "thread_send")
		full, fills := number(row, "thread_buffer_full")
		kind, known := kinds[[2]string{row["node_id"], row["thr_no"]}]
		if ok && sends && fills && known {
			all.highest(metric.NdbThreadBusiestRatio, min(1, float64(exec+send+full)/100), name, id, kind)
		}
		if fills {
			all.highest(metric.NdbThreadBufferFullRatio, float64(full)/100, name, id)
		}
	}
	all.emit(e)
}
