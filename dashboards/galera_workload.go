package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/kagu-db/kagu/internal/metric"
)

// galeraWorkload is the board for the one who looks for a cause: two screens, first what the
// next failure would cost and what replication does, then what clients make the servers do.
func galeraWorkload() Board {
	board := Board{
		UID:    "kagu-galera-workload",
		Title:  "Galera workload",
		About:  "One Galera cluster for the one who looks for a cause: redundancy, replication, clients, InnoDB, disks and settings.",
		Span:   "now-3h",
		Choose: query{expr: expr("label_values(%s, cluster)", metric.GaleraUp)},
		Marks: []mark{{
			name: "Alerts", color: bad, title: "{{alertname}} {{node}}",
			expr: `ALERTS{alertstate="firing", ` + here + `}`,
		}},
	}
	for i, show := range []func(place) panel{
		margin, proxies, awayTime,
		groupLatency, writeSets, appliers,
		waiting, transactionAge, transactionRows,
		settings, views, transfers,

		statements, threadsRunning, slowStatements,
		connections, failedConnections, clientBytes,
		bufferPool, innodbIO, locks,
		checkpoint, disks, hazards,
	} {
		const width, height = 8, 7
		board.Panels = append(board.Panels, show(place{uint32(i%3) * width, uint32(i/3) * height, width, height}))
	}
	return board
}

func margin(at place) panel {
	return series(at, "Quorum margin",
		"Members that may crash at the same moment. 0: the next one stops the cluster.", units.Short,
		query{expr(`min(%s{%s})`, metric.GaleraQuorumMargin, here), "may crash"},
		query{expr(`max(%s{%s}) - min(%s{%s})`, metric.GaleraClusterExpectedMembers, here, metric.GaleraClusterSizeMin, here), "missing"})
}

func proxies(at place) panel {
	return timeline(at, "Told to proxies",
		"What /health/writer and /health/reader answer, while proxies ask.", "no proxy asks",
		[]face{{"0", "no", bad}, {"1", "yes", good}},
		query{expr(`max by (node, kind) (%s{kind!="any", %s})`, metric.GaleraHealth, here), "{{node}} {{kind}}"})
}

func awayTime(at place) panel {
	return series(at, "Time a node may be away",
		"And still catch up from this node's write-set cache, at the rate of the last hour. Less than a restart takes: a full copy.", units.Seconds,
		query{expr(`max by (node) (%s{%s} / on (node) clamp_min(max by (node) (%s{%s}), 1))`,
			metric.GaleraGcacheSizeBytes, here, metric.GaleraReplicationRate, here), byNode})
}

func groupLatency(at place) panel {
	return series(at, "Group latency",
		"Longest and mean delivery in the group: each commit waits for it. The longest must stay well below the timeout.", units.Seconds,
		query{expr(`max by (node) (%s{%s})`, metric.GaleraEvsReplicationLatencyMaxSeconds, here), "{{node}} longest"},
		query{expr(`max by (node) (%s{%s})`, metric.GaleraEvsReplicationLatencyMeanSeconds, here), "{{node}} mean"},
		query{expr(`min(%s{%s})`, metric.GaleraEvsSuspectTimeoutSeconds, here), "suspected dead"})
}

func writeSets(at place) panel {
	return series(at, "Replication",
		"Bytes of write sets that each node sends and receives.", units.BytesPerSecondSI,
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraReplicatedBytesTotal, here, perTime), "{{node}} sends"},
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraReceivedBytesTotal, here, perTime), "{{node}} receives"})
}

func appliers(at place) panel {
	return series(at, "Appliers",
		"Applier threads that work, and how many could work at once. All busy and room for more: more threads help.", units.Short,
		query{expr(`max by (node) (%s{activity="busy", %s})`, metric.GaleraApplierThreads, here), "{{node}} busy"},
		query{expr(`max by (node) (%s{%s})`, metric.GaleraCertificationDependencyDistance, here), "{{node}} could work"})
}

func waiting(at place) panel {
	return series(at, "Who waits",
		"Sessions that wait for replication, by what for, and for a lock on a table.", units.Short,
		query{expr(`sum by (reason) (%s{%s})`, metric.GaleraWsrepWaitingThreads, here), "{{reason}}"},
		query{expr(`sum(%s{%s})`, metric.GaleraMetadataLockWaiters, here), "metadata lock"})
}

func transactionAge(at place) panel {
	return series(at, "Oldest transaction and statement",
		"Hours: old versions of rows are kept, and schema changes would stop the cluster.", units.Seconds,
		query{expr(`time() - min by (node) (%s{%s})`, metric.GaleraInnodbOldestTransactionStartTimestampSeconds, here), "{{node}} transaction"},
		query{expr(`time() - min by (node) (%s{%s})`, metric.GaleraOldestQueryStartTimestampSeconds, here), "{{node}} statement"})
}

func transactionRows(at place) panel {
	return series(at, "Largest open transaction",
		"Rows that it has changed: they become one write set, and all members wait for it.", units.Short,
		query{expr(`max by (node) (%s{%s})`, metric.GaleraInnodbTransactionRowsModifiedMax, here), byNode})
}

// settings shows each fault of the settings as a lane, and nothing when there is none.
func settings(at place) panel {
	return timeline(at, "Settings",
		"Settings on which the members disagree, and unsafe ones.", "all agree, none is unsafe",
		[]face{{"1", "UNSAFE", bad}, {"2", "two values", careful}, {"3", "three values", careful}},
		query{expr(`count by (variable) (count_values by (variable) ("fingerprint", %s{%s})) > 1`, metric.GaleraVariableFingerprint, here), "{{variable}}"},
		query{expr(`max by (node, setting) (%s{%s}) == 1`, metric.GaleraUnsafeSetting, here), "{{node}} {{setting}}"})
}

func views(at place) panel {
	return series(at, "Views and versions",
		"Different lists of members among primary ones, histories, and provider versions: each should be 1. More views for a minute are a split.", units.Short,
		query{expr(`count(count_values("view", %s{%s} and on (node) %s{status="primary", %s} == 1))`,
			metric.GaleraViewFingerprint, here, metric.GaleraClusterStatus, here), "views"},
		query{expr(`count(count by (cluster_state_uuid) (%s{%s} and on (node) %s{status="primary", %s} == 1))`,
			metric.GaleraClusterInfo, here, metric.GaleraClusterStatus, here), "histories"},
		query{expr(`count(count by (provider_version) (%s{%s}))`, metric.GaleraNodeInfo, here), "provider versions"})
}

func transfers(at place) panel {
	return series(at, "State transfers",
		"How far a transfer is, by the joiner's status file. Needs an exporter on its host.", units.PercentUnit,
		query{expr(`max by (node) (%s{%s} / on (node) %s{%s})`, metric.GaleraSSTDoneBytes, here, metric.GaleraSSTExpectedBytes, here), "{{node}} full"},
		query{expr(`max by (node) (%s{%s} / on (node) %s{%s})`, metric.GaleraISTDoneEvents, here, metric.GaleraISTExpectedEvents, here), "{{node}} incremental"})
}

func statements(at place) panel {
	return series(at, "Statements",
		"By kind, all nodes together.", units.OpsPerSecond,
		query{expr(`sum by (kind) (rate(%s{%s}[%s]))`, metric.GaleraStatementsTotal, here, perTime), "{{kind}}"})
}

func threadsRunning(at place) panel {
	return series(at, "Threads that work",
		"Statements that run at the same time on each node. Far above its cores: clients queue.", units.Short,
		query{expr(`max by (node) (%s{%s})`, metric.GaleraThreadsRunning, here), byNode})
}

func slowStatements(at place) panel {
	return series(at, "Slow statements",
		"Slower than long_query_time, and temporary tables that went to the disk.", units.OpsPerSecond,
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraSlowQueriesTotal, here, perTime), "{{node}} slow"},
		query{expr(`max by (node) (rate(%s{place="disk", %s}[%s]))`, metric.GaleraTemporaryTablesTotal, here, perTime), "{{node}} on disk"})
}

func connections(at place) panel {
	return series(at, "Connections",
		"Share of max_connections. At 100 % clients are refused.", units.PercentUnit,
		query{expr(`max by (node) (%s{%s} / on (node) %s{%s})`, metric.GaleraConnections, here, metric.GaleraConnectionsLimit, here), byNode})
}

func failedConnections(at place) panel {
	return series(at, "Connections that fail",
		"Refused at the limit, ended without a goodbye, or never logged in, per second.", units.OpsPerSecond,
		query{expr(`sum(rate(%s{%s}[%s]))`, metric.GaleraConnectionsRefusedTotal, here, perTime), "refused"},
		query{expr(`sum by (during) (rate(%s{%s}[%s]))`, metric.GaleraConnectionsAbortedTotal, here, perTime), "aborted in {{during}}"})
}

func clientBytes(at place) panel {
	return series(at, "Client traffic",
		"Bytes that clients send and get.", units.BytesPerSecondSI,
		query{expr(`max by (node, direction) (rate(%s{%s}[%s]))`, metric.GaleraClientBytesTotal, here, perTime), "{{node}} {{direction}}"})
}

func bufferPool(at place) panel {
	return series(at, "Buffer pool misses",
		"Share of page requests that had to be read from disk.", units.PercentUnit,
		query{expr(`max by (node) (rate(%s{%s}[%s]) / on (node) clamp_min(rate(%s{%s}[%s]), 1))`,
			metric.GaleraInnodbBufferPoolReadsTotal, here, perTime, metric.GaleraInnodbBufferPoolReadRequestsTotal, here, perTime), byNode})
}

func innodbIO(at place) panel {
	return series(at, "Disk reads and writes",
		"Bytes that InnoDB reads and writes, and changes to the redo log.", units.BytesPerSecondSI,
		query{expr(`max by (node, direction) (rate(%s{%s}[%s]))`, metric.GaleraInnodbDataBytesTotal, here, perTime), "{{node}} {{direction}}"},
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraInnodbRedoWrittenBytesTotal, here, perTime), "{{node}} redo"})
}

func locks(at place) panel {
	return series(at, "Row locks",
		"Transactions that wait for a row at a time, and deadlocks per second within a node.", units.Short,
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraInnodbRowLockWaitSecondsTotal, here, perTime), "{{node}} wait"},
		query{expr(`max by (node) (rate(%s{%s}[%s]))`, metric.GaleraInnodbDeadlocksTotal, here, perTime), "{{node}} deadlocks"})
}

func checkpoint(at place) panel {
	return series(at, "Redo and history",
		"Checkpoint age as a share of what makes writes wait, and old changes that are kept, in millions.", units.Short,
		query{expr(`max by (node) (%s{%s} / on (node) %s{%s})`, metric.GaleraInnodbCheckpointAgeBytes, here, metric.GaleraInnodbCheckpointAgeLimitBytes, here), "{{node}} checkpoint"},
		query{expr(`max by (node) (%s{%s}) / 1e6`, metric.GaleraInnodbHistoryListLength, here), "{{node}} history"})
}

func disks(at place) panel {
	return series(at, "Free disk",
		"Of the data directory. Needs an exporter on the host.", units.PercentUnit,
		query{expr(`min by (node) (%s{%s} / on (node) %s{%s})`, metric.GaleraDatadirAvailableBytes, here, metric.GaleraDatadirSizeBytes, here), byNode})
}

func hazards(at place) panel {
	return series(at, "Tables that replicate badly",
		"By schema: without a primary key, not InnoDB and so not replicated, or big and the target of a cascade. Needs --collector.schema.", units.Short,
		query{expr(`max by (hazard, schema) (%s{%s}) > 0`, metric.GaleraSchemaHazardTables, here), "{{schema}} {{hazard}}"})
}
