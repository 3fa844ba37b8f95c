package metric

import "github.com/prometheus/client_golang/prometheus"

// The collectors of ndb_exporter that read SQL nodes. A family names the one that emits it.
const (
	inSQL            = viaSQL("sql")
	inSQLBinlog      = viaSQL("sql.binlog")
	inSQLSync        = viaSQL("sql.sync")
	inSQLReplication = viaSQL("sql.replication")
)

// viaSQL is a collector of ndb_exporter that asks SQL nodes.
type viaSQL string

var (
	ndbSQLTarget = []string{Job, Instance, Cluster}
	ndbSQLNode   = []string{Node, NodeID}
)

// NodeID is the label for the number of a node of an NDB Cluster, beside its name in kagu.yaml.
const NodeID = "node_id"

// The families of ndb_exporter about each SQL node: what it says of itself and of its own
// connection to the cluster.
var (
	NdbSQLUp = inSQL.ofNode("ndb_sql_up", gauge, nil,
		"1 if the SQL node answers SHOW GLOBAL STATUS, else 0, and then nothing else is known of it (handshake, SHOW).",
		"handshake, SHOW GLOBAL STATUS", "0: ndb_sql_failure_info has the kind, the exporter's log the words. Clients of this SQL node get errors; the cluster may be well.")
	NdbSQLFailureInfo = inSQL.ofNode("ndb_sql_failure_info", gauge, []string{"reason"},
		"Always 1, and absent while the SQL node answers; the label is why it does not: refused, unreachable, timeout, broken, denied, grant, busy, other (handshake).",
		"handshake, SHOW GLOBAL STATUS", "denied, grant: the account; `kagu grants ndb-exporter` prints it. busy: max_connections or MAX_USER_CONNECTIONS. timeout: frozen, or the network.")
	NdbSQLInfo = inSQL.ofNode("ndb_sql_info", gauge, []string{"version", "system"},
		"Always 1; the labels are the server's version and the name of the cluster it is part of (version, Ndb_system_name).",
		"version, Ndb_system_name", "Two systems: an SQL node serves another cluster. Two versions for longer than an upgrade: finish it.")
	NdbSQLConnected = inSQL.ofNode("ndb_sql_connected", gauge, nil,
		"1 if the SQL node has a node id in the cluster and a ready data node, else 0 (Ndb_cluster_node_id, Ndb_number_of_ready_data_nodes).",
		"Ndb_cluster_node_id, Ndb_number_of_ready_data_nodes", "0 with ndb_sql_up 1: it answers, and every NDB table gives an error. Take it out of the proxy; look at its error log and the network to the data nodes.")
	NdbSQLDataNodes = inSQL.ofNodeStates("ndb_sql_data_nodes", "state", []string{"configured", "ready"},
		"Data nodes that the SQL node knows of, and those it can use now (Ndb_number_of_data_nodes, Ndb_number_of_ready_data_nodes).",
		"Ndb_number_of_data_nodes, Ndb_number_of_ready_data_nodes", "ready lower on one SQL node than on others: its network to a data node.")
	NdbSQLConfigGeneration = inSQL.ofNode("ndb_sql_config_generation", gauge, nil,
		"Generation of the cluster's configuration that the SQL node runs with (Ndb_config_generation).",
		"Ndb_config_generation", "Lower than the management server's: restart the SQL node to finish the change.")
	NdbSQLReconnectsTotal = inSQL.ofNode("ndb_sql_reconnects_total", counter, nil,
		"Times that the SQL node lost all data nodes and came back; 0 after its first connection (Ndb_connect_count).",
		"Ndb_connect_count", "Rising: each time its clients got errors and its binary log has a gap (an incident event). Replicas of it must change to another source.")
	NdbSQLSchemaParticipants = inSQL.ofNode("ndb_sql_schema_participants", gauge, nil,
		"SQL nodes that take part in schema distribution, as this one sees it (Ndb_schema_participant_count).",
		"Ndb_schema_participant_count", "Lower than the number of SQL nodes: a table made here is not seen there. 0: this one takes no part.")
	NdbSQLMetadataObjectsTotal = inSQL.ofNodeStates("ndb_sql_metadata_objects_total", "result", []string{"detected", "synced", "excluded"},
		"Schema objects that the check for changes found, put right, or gave up since the server's start (Ndb_metadata_detected_count, …).",
		"Ndb_metadata_*_count", "excluded: see ndb_sql_sync_objects; the SQL node cannot see a table that is there.").counter()
	NdbSQLSetting = inSQL.ofNodeStates("ndb_sql_setting", "setting", []string{"log_bin", "ndb_log_bin", "ndbinfo_offline", "ndb_clear_apply_status", "ndb_metadata_sync", "read_only"},
		"1 if the switch is on, 0 if it is off (SHOW GLOBAL VARIABLES).",
		"SHOW GLOBAL VARIABLES", "ndb_log_bin 0 on a replication source: it logs nothing of NDB. ndb_clear_apply_status 1: RESET REPLICA forgets the position of every channel. ndbinfo_offline 1: ndbinfo is empty here.")
	NdbSQLEventBufferLimitBytes = inSQL.ofNode("ndb_sql_event_buffer_limit_bytes", gauge, nil,
		"Memory that the event buffer may take; absent if there is no limit (ndb_eventbuffer_max_alloc).",
		"ndb_eventbuffer_max_alloc", "Moves only when somebody sets it. How full the buffer is, only events say.")

	NdbSQLAPIWaitsTotal = inSQL.ofNodeStates("ndb_sql_api_waits_total", "for", []string{"execute", "scan", "meta"},
		"Times that the SQL node waited for the data nodes (Ndb_api_wait_*_count).",
		"Ndb_api_wait_exec_complete_count, …", "With ndb_sql_api_wait_seconds_total: the mean time of a round trip to the data nodes, as the SQL node sees it.").counter()
	NdbSQLAPIWaitSecondsTotal = inSQL.ofNode("ndb_sql_api_wait_seconds_total", counter, nil,
		"Seconds that threads of the SQL node spent waiting for the data nodes, of all kinds; its own threads' waits for work count too (Ndb_api_wait_nanos_count).",
		"Ndb_api_wait_nanos_count", "Rising faster than the waits: the data nodes or the network got slower.")
	NdbSQLAPIBytesTotal = inSQL.ofNodeStates("ndb_sql_api_bytes_total", "direction", []string{"sent", "received"},
		"Bytes between the SQL node and the data nodes (Ndb_api_bytes_sent_count, Ndb_api_bytes_received_count).",
		"Ndb_api_bytes_*_count", "received far above what clients get: conditions that are not pushed down; read EXPLAIN.").counter()
	NdbSQLAPITransactionsTotal = inSQL.ofNodeStates("ndb_sql_api_transactions_total", "event", []string{"start", "commit", "abort"},
		"Transactions that the SQL node started, committed and aborted (Ndb_api_trans_*_count).",
		"Ndb_api_trans_*_count", "abort near commit: lock waits, or memory or redo is full; look at the application's errors.").counter()
	NdbSQLAPIOperationsTotal = inSQL.ofNodeStates("ndb_sql_api_operations_total", "kind", []string{"primary_key", "unique_key", "table_scan", "range_scan", "pruned_scan"},
		"Operations that the SQL node asked of the data nodes, by kind; a pruned scan is also one of the others (Ndb_api_*_count).",
		"Ndb_api_pk_op_count, …", "table_scan rising: a query lost its index. pruned_scan 0 with many range scans: each asks every data node.").counter()
	NdbSQLAPIRowsTotal = inSQL.ofNode("ndb_sql_api_rows_total", counter, nil,
		"Rows that the SQL node read from the data nodes (Ndb_api_read_row_count).",
		"Ndb_api_read_row_count", "Far above what clients get: see ndb_sql_api_bytes_total.")
	NdbSQLInjectorEventsTotal = inSQL.ofNodeStates("ndb_sql_injector_events_total", "kind", []string{"data", "other"},
		"Events that the binary log's injector took from the data nodes (Ndb_api_event_data_count_injector, …_nondata_…).",
		"Ndb_api_event_*_count_injector", "data 0 while the cluster is written to: this SQL node logs nothing.").counter()
	NdbSQLInjectorBytesTotal = inSQL.ofNode("ndb_sql_injector_bytes_total", counter, nil,
		"Bytes of these events (Ndb_api_event_bytes_count_injector).",
		"Ndb_api_event_bytes_count_injector", "The write load as the binary log sees it.")
	NdbSQLLogPurgeQueue = inSQL.ofNode("ndb_sql_log_purge_queue_files", gauge, nil,
		"Binary log files whose rows in mysql.ndb_binlog_index wait to be removed; absent before 9.0 (Ndb_log_purge_queue_size).",
		"Ndb_log_purge_queue_size", "Growing: the index is not cleaned up as fast as binary logs are; see ndb_log_purge_rate.")

	NdbSQLReplicatedEpoch = inSQL.ofNode("ndb_sql_replicated_epoch", gauge, nil,
		"Highest epoch that the SQL node applied as a replica since its start; absent on one that is none (Ndb_replica_max_replicated_epoch).",
		"Ndb_replica_max_replicated_epoch, Ndb_slave_max_replicated_epoch", "Stands still: the channel is stopped, or its source writes nothing.")
	NdbSQLConflictsTotal = inSQL.ofNodeStates("ndb_sql_conflicts_total", "function",
		[]string{"max", "old", "max_del_win", "max_ins", "max_del_win_ins", "epoch", "epoch_trans", "epoch2", "epoch2_trans"},
		"Rows found in conflict while applying, by conflict function (Ndb_conflict_fn_*).",
		"Ndb_conflict_fn_*", "Rising: two sides write the same rows. The exceptions tables have the keys.").counter()
	NdbSQLConflictTransactionsTotal = inSQL.ofNodeStates("ndb_sql_conflict_transactions_total", "event",
		[]string{"row_conflict", "row_reject", "reject", "detect_iteration", "conflict_commit"},
		"What transactional conflict detection did (Ndb_conflict_trans_*_count).",
		"Ndb_conflict_trans_*_count", "reject rising: whole transactions of the secondary are undone.").counter()

	NdbSQLBinlogEpoch = inSQLBinlog.ofNodeStates("ndb_sql_binlog_epoch", "state", []string{"latest", "latest_transaction", "received", "handled", "applied"},
		"Epochs that the SQL node knows of: the cluster's latest, the latest with a transaction of its own, and those that its binary log received, handled and wrote; the upper 32 bits count global checkpoints (SHOW ENGINE NDB STATUS).",
		"SHOW ENGINE NDB STATUS", "handled behind latest: ndb_sql_binlog_lag_seconds has it in seconds. applied stands still while nothing is written.")
	NdbSQLBinlogLagSeconds = inSQLBinlog.ofNode("ndb_sql_binlog_lag_seconds", gauge, nil,
		"How far the binary log's injector is behind the cluster: epochs between latest and handled, as time by the configured intervals; absent without a binary log or a cluster (SHOW ENGINE NDB STATUS, TimeBetweenGlobalCheckpoints, TimeBetweenEpochs).",
		"SHOW ENGINE NDB STATUS", "Growing: the SQL node cannot log as fast as the cluster writes; its event buffer fills, and when that is full it disconnects or loses events.")

	NdbSQLSyncObjects = inSQLSync.ofNodeStates("ndb_sql_sync_objects", "state", []string{"pending", "excluded"},
		"Schema objects that the SQL node will still synchronise, and those it gave up (performance_schema.ndb_sync_pending_objects, ndb_sync_excluded_objects).",
		"performance_schema.ndb_sync_pending_objects, ndb_sync_excluded_objects", "excluded above 0: the SQL node cannot see a table that is in the cluster, as after a restore. ndb_sql_sync_excluded_info names them; SHOW TABLES or SELECT from one by hand tries again.")
	NdbSQLSyncExcludedInfo = inSQLSync.ofNode("ndb_sql_sync_excluded_info", gauge, []string{"schema", "object", "type"},
		"Always 1; the first 10 schema objects that the SQL node gave up (performance_schema.ndb_sync_excluded_objects).",
		"performance_schema.ndb_sync_excluded_objects", "The table's column REASON says why.")

	NdbSQLChannelEpoch = inSQLReplication.ofNode("ndb_sql_channel_epoch", gauge, []string{"channel"},
		"Highest epoch that the channel applied; absent for one that applied none (performance_schema.ndb_replication_applier_status).",
		"performance_schema.ndb_replication_applier_status", "Stands still: SHOW REPLICA STATUS of this channel. Less than the source's ndb_sql_binlog_epoch by how far it is behind.")
	NdbAppliedEpoch = inSQLReplication.ofCluster("ndb_applied_epoch", gauge, []string{"server_id"},
		"Highest epoch applied in this cluster, by the server id of its origin; 0 is ndb_restore (mysql.ndb_apply_status).",
		"mysql.ndb_apply_status", "The position from which a channel goes on after a failover. It must not vanish: RESET REPLICA removes it if ndb_clear_apply_status is on.")
	NdbSQLBinlogIndexEpoch = inSQLReplication.ofNode("ndb_sql_binlog_index_epoch", gauge, []string{"bound"},
		"First and last epoch that the SQL node's index of binary logs has; absent while it is empty (mysql.ndb_binlog_index).",
		"mysql.ndb_binlog_index", "first above a replica's ndb_applied_epoch: this SQL node cannot take the channel over without a gap.")
)

// ndbSQL lists them, in the order of the documentation.
var ndbSQL = []*Family{
	NdbSQLUp, NdbSQLFailureInfo, NdbSQLInfo, NdbSQLConnected, NdbSQLDataNodes, NdbSQLConfigGeneration, NdbSQLReconnectsTotal,
	NdbSQLSchemaParticipants, NdbSQLMetadataObjectsTotal, NdbSQLSetting, NdbSQLEventBufferLimitBytes,
	NdbSQLAPIWaitsTotal, NdbSQLAPIWaitSecondsTotal, NdbSQLAPIBytesTotal, NdbSQLAPITransactionsTotal, NdbSQLAPIOperationsTotal, NdbSQLAPIRowsTotal,
	NdbSQLInjectorEventsTotal, NdbSQLInjectorBytesTotal, NdbSQLLogPurgeQueue,
	NdbSQLReplicatedEpoch, NdbSQLConflictsTotal, NdbSQLConflictTransactionsTotal,
	NdbSQLBinlogEpoch, NdbSQLBinlogLagSeconds, NdbSQLSyncObjects, NdbSQLSyncExcludedInfo,
	NdbSQLChannelEpoch, NdbAppliedEpoch, NdbSQLBinlogIndexEpoch,
}

// ofCluster declares a family about the cluster as a whole, ofNode one about a node of it.
func (c viaSQL) ofCluster(name string, kind prometheus.ValueType, labels []string, help, source, moves string) *Family {
	return Family{
		Name: name, Type: kind, Help: help, Labels: labels, Target: ndbSQLTarget,
		Source: source, Cost: c.cost(), Moves: moves, Collector: string(c),
	}.declare()
}

func (c viaSQL) ofNode(name string, kind prometheus.ValueType, more []string, help, source, moves string) *Family {
	return c.ofCluster(name, kind, append(ndbSQLNode[:2:2], more...), help, source, moves)
}

// ofNodeStates declares a family about a node whose last label has a closed list of values.
func (c viaSQL) ofNodeStates(name, label string, states []string, help, source, moves string) *Family {
	f := *c.ofNode(name, gauge, []string{label}, help, source, moves)
	f.States = states
	return f.declare()
}

// cost is the class of the collector's families. exporters/ndb has a test that it agrees.
func (c viaSQL) cost() Cost {
	switch c {
	case inConfig, inTables, inFragments, inTCLatency, inFiles, inOpenTransactions, inClients, inMgmMemory, inSessions:
		return Slow
	default:
		return EveryScrape
	}
}
