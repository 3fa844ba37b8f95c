package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/kagu-db/kagu/internal/metric"
)

// galeraStatements is the board for the one who is asked why it is slow, or old: one screen of how
// long statements take, who holds up whom, and what flows in and out beside Galera's own stream.
func galeraStatements() Board {
	board := Board{
		UID:    "kagu-galera-statements",
		Title:  "Galera statements",
		About:  "One Galera cluster for the one who is asked why it is slow: latency, locks, memory and disks, replicas, certificates and clocks.",
		Span:   "now-3h",
		Choose: query{expr: expr("label_values(%s, cluster)", metric.GaleraUp)},
		Marks: []mark{{
			name: "Alerts", color: bad, title: "{{alertname}} {{node}}",
			expr: `ALERTS{alertstate="firing", ` + here + `}`,
		}},
	}
	const width = 8
	y := uint32(0)
	for _, row := range []struct {
		height uint32
		panels []func(place) panel
	}{
		{6, []func(place) panel{latency, latencyByKind, costlyForms}},
		{6, []func(place) panel{blockers, lockWaits, examinedRows}},
		{6, []func(place) panel{memoryUsed, diskWaits, refusals}},
		{5, []func(place) panel{channels, channelLag, binaryLogs}},
		{5, []func(place) panel{schemaSizes, clocks, certificates}},
	} {
		for x, show := range row.panels {
			board.Panels = append(board.Panels, show(place{uint32(x) * width, y, width, row.height}))
		}
		y += row.height
	}
	return board
}

func latency(at place) panel {
	return series(at, "Time of a statement",
		"Mean of all, and the time that 99 of 100 stay below. The latter needs the plugin query_response_time.", units.Seconds,
		query{expr(`max by (node) (rate(%s{%s}[%s]) / on (node) (rate(%s{%s}[%s]) > 0))`,
			metric.GaleraQuerySecondsTotal, here, perTime, metric.GaleraQuestionsTotal, here, perTime), "{{node}} mean"},
		query{expr(`histogram_quantile(0.99, sum by (node, le) (rate(%s_bucket{%s}[%s])))`, metric.GaleraQueryDurationSeconds, here, perTime), "{{node}} 99 %"})
}

func latencyByKind(at place) panel {
	return series(at, "Time by kind",
		"Mean of each kind of statement. commit: replication and the disk. Needs performance_schema.", units.Seconds,
		query{expr(`sum by (kind) (rate(%s{%s}[5m])) / on (kind) (sum by (kind) (rate(%s{%s}[5m])) > 0)`,
			metric.GaleraTimedStatementSecondsTotal, here, metric.GaleraTimedStatementsTotal, here), "{{kind}}"})
}

func costlyForms(at place) panel {
	return series(at, "Costliest forms of statements",
		"How many of a form run at a time; a node tells the text by the hash. Needs performance_schema.", units.Short,
		query{expr(`topk(5, sum by (schema, kind, digest) (rate(%s{%s}[5m])))`, metric.GaleraDigestSecondsTotal, here), "{{schema}} {{kind}} {{digest}}"})
}

func examinedRows(at place) panel {
	return series(at, "Rows looked at for one that is sent",
		"The forms with the most. Thousands: an index is missing. Needs performance_schema.", units.Short,
		query{expr(`topk(5, sum by (schema, kind, digest) (rate(%s{%s}[5m])) / on (schema, kind, digest) (sum by (schema, kind, digest) (rate(%s{%s}[5m])) > 0))`,
			metric.GaleraDigestRowsExaminedTotal, here, metric.GaleraDigestRowsSentTotal, here), "{{schema}} {{kind}} {{digest}}"})
}

// blockers names a session for as long as somebody waits for it.
func blockers(at place) panel {
	return series(at, "Who holds up others",
		"Sessions that wait for the worst one, with its user and its thread, which KILL ends.", units.Short,
		query{expr(`max by (node, lock, user, thread_id) (%s{%s} * on (node, lock) group_left () max by (node, lock) (%s{%s}))`,
			metric.GaleraLockBlockerInfo, here, metric.GaleraLockBlockerWaiters, here), "{{node}} {{user}} {{thread_id}}: {{lock}}"})
}

func lockWaits(at place) panel {
	return series(at, "Longest wait for a lock",
		"And how long the one that holds it has had it.", units.Seconds,
		query{expr(`time() - min by (node, lock) (%s{%s})`, metric.GaleraLockOldestWaitStartTimestampSeconds, here), "{{node}} {{lock}} waits"},
		query{expr(`time() - min by (node, lock) (%s{%s})`, metric.GaleraLockBlockerStartTimestampSeconds, here), "{{node}} {{lock}} is held"})
}

func memoryUsed(at place) panel {
	return series(at, "Memory",
		"What the server has taken for itself and its sessions.", units.BytesSI,
		query{expr(`max by (node) (%s{%s})`, metric.GaleraMemoryUsedBytes, here), byNode})
}

func diskWaits(at place) panel {
	return series(at, "Waits for the disk",
		"Reads, writes and flushes that are pending, and waits for room in the buffer pool and the log buffer per second.", units.Short,
		query{expr(`sum by (node) (%s{%s})`, metric.GaleraInnodbPendingOperations, here), "{{node}} pending"},
		query{expr(`max by (node) (rate(%s{%s}[%s]) + on (node) rate(%s{%s}[%s])) > 0`,
			metric.GaleraInnodbBufferPoolWaitsTotal, here, perTime, metric.GaleraInnodbRedoWaitsTotal, here, perTime), "{{node}} waits"})
}

func refusals(at place) panel {
	return series(at, "Statements that fail",
		"Refused for want of a right, and ended because they took too long, per second.", units.OpsPerSecond,
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraAccessDeniedTotal, here, perTime), "{{node}} refused"},
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraStatementTimeoutsTotal, here, perTime), "{{node}} too long"})
}

func channels(at place) panel {
	return timeline(at, "Channels of replication",
		"From other servers into this cluster. Each source should have one lane that runs.", "no channel",
		[]face{{"0", "stopped", bad}, {"1", "half", careful}, {"2", "runs", good}},
		query{expr(`max by (node, source_host) ((%s{%s} + on (node, channel) %s{%s}) * on (node, channel) group_left (source_host) %s{%s})`,
			metric.GaleraAsyncReplicaIORunning, here, metric.GaleraAsyncReplicaSQLRunning, here, metric.GaleraAsyncReplicaInfo, here), "{{source_host}} on {{node}}"})
}

func channelLag(at place) panel {
	return series(at, "Behind the source",
		"How old what a channel applies is.", units.Seconds,
		query{expr(`max by (node, source_host) (%s{%s} * on (node, channel) group_left (source_host) %s{%s})`,
			metric.GaleraAsyncReplicaLagSeconds, here, metric.GaleraAsyncReplicaInfo, here), "{{source_host}} on {{node}}"})
}

func binaryLogs(at place) panel {
	return series(at, "Binary logs",
		"Bytes that are kept.", units.BytesSI,
		query{expr(`max by (node) (%s{%s})`, metric.GaleraBinlogSizeBytes, here), byNode})
}

func schemaSizes(at place) panel {
	return series(at, "Largest schemas",
		"Bytes of their InnoDB files. Needs --collector.schema.", units.BytesSI,
		query{expr(`topk(5, max by (schema) (%s{%s}))`, metric.GaleraSchemaSizeBytes, here), "{{schema}}"})
}

func clocks(at place) panel {
	return series(at, "Clocks",
		"Of each server beside that of the exporter that asks it. Lines that part are clocks that do.", units.Seconds,
		query{expr(`max by (node) (%s{%s})`, metric.GaleraServerClockOffsetSeconds, here), byNode})
}

func certificates(at place) panel {
	return tile(at, "Certificates end in",
		"The first of those that servers show to clients. Needs TLS to the database in kagu.yaml.", units.Seconds,
		nil, []step{{0, bad}, {14 * 86400, careful}, {30 * 86400, good}},
		query{expr(`min(%s{%s}) - time()`, metric.GaleraTLSCertificateExpiryTimestampSeconds, here), "first"})
}
