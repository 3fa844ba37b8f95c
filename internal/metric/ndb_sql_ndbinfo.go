package metric

import "github.com/prometheus/client_golang/prometheus"

// The collectors of ndb_exporter that read ndbinfo through one SQL node.
const (
	inNdbinfo          = viaSQL("ndbinfo")
	inMemory           = viaSQL("ndbinfo.memory")
	inLogs             = viaSQL("ndbinfo.logs")
	inCounters         = viaSQL("ndbinfo.counters")
	inSPJ              = viaSQL("ndbinfo.spj")
	inTransporters     = viaSQL("ndbinfo.transporters")
	inDisk             = viaSQL("ndbinfo.disk")
	inThreads          = viaSQL("ndbinfo.threads")
	inMembership       = viaSQL("ndbinfo.membership")
	inConfig           = viaSQL("ndbinfo.config")
	inTables           = viaSQL("ndbinfo.tables")
	inFragments        = viaSQL("ndbinfo.fragments")
	inTCLatency        = viaSQL("ndbinfo.latency")
	inFiles            = viaSQL("ndbinfo.files")
	inOpenTransactions = viaSQL("ndbinfo.transactions")
)

// The families of ndb_exporter from ndbinfo that are read at every scrape. A data node that
// does not run has none of them.
var (
	NdbNdbinfoState = inNdbinfo.ofClusterStates("ndb_ndbinfo_state", "state",
		[]string{"serving", "empty", "offline", "disconnected", "failing", "denied", "missing", "unreachable"},
		"Whether ndbinfo tells anything: 1 for the present state, 0 for the others; all families read from it are absent unless it is serving (ndbinfo.nodes, SHOW).",
		"ndbinfo.nodes, SHOW GLOBAL STATUS, SHOW GLOBAL VARIABLES", "empty: data nodes of another version, as in a rolling upgrade. offline: ndbinfo_offline is on. disconnected: no SQL node has a data node. denied: the account or its grant. missing: the server has no ndbinfo. unreachable: no SQL node answers. failing: the exporter's log has the words.")
	NdbNdbinfoSQLNodeInfo = inNdbinfo.ofNode("ndb_ndbinfo_sql_node_info", gauge, nil,
		"Always 1; the SQL node through which ndbinfo is read now (own).",
		"own", "Another one: the one before failed. It stays until this one does.")
	NdbNdbinfoFailoversTotal = inNdbinfo.ofCluster("ndb_ndbinfo_failovers_total", counter, nil,
		"Times that ndbinfo was read through another SQL node than before (own).",
		"own", "Rising: SQL nodes come and go, or one of them is too slow.")
	NdbNdbinfoColumns = inNdbinfo.ofClusterStates("ndb_ndbinfo_columns", "state", []string{"unknown", "missing"},
		"Columns of the tables we read that this exporter does not know, and those it knows and the server has not (information_schema.COLUMNS).",
		"information_schema.COLUMNS", "missing: an older cluster; some families are absent. unknown: a newer one; nothing is lost.")
	NdbNodeUptimeSeconds = inNdbinfo.ofNode("ndb_node_uptime_seconds", gauge, nil,
		"Seconds since the data node's process started (ndbinfo.nodes).",
		"ndbinfo.nodes", "Small: it restarted.")
	NdbNodeConfigGeneration = inNdbinfo.ofNode("ndb_node_config_generation", gauge, nil,
		"Generation of the configuration that the data node runs with (ndbinfo.nodes).",
		"ndbinfo.nodes", "Lower than the management server's: restart the node to finish the change.")

	NdbDataMemoryBytes = inMemory.ofNodeStates("ndb_data_memory_bytes", "state", []string{"used", "total"},
		"Data memory of the data node: rows and their hash indexes (ndbinfo.memoryusage).",
		"ndbinfo.memoryusage", "Above 0.8: plan. At 1 writes fail with error 827, and a node that must restart may not be able to. Deletes free pages slowly; OPTIMIZE TABLE or more DataMemory do.")
	NdbLongMessageBufferBytes = inMemory.ofNodeStates("ndb_long_message_buffer_bytes", "state", []string{"used", "total"},
		"Buffer for long signals within the data node (ndbinfo.memoryusage).",
		"ndbinfo.memoryusage", "Near the total: operations are refused or the node stops; raise LongMessageBuffer.")
	NdbResourceBytes = inMemory.ofNode("ndb_resource_bytes", gauge, []string{"resource", "state"},
		"Memory by resource: what is used and what it may take at most; a resource without a limit has only used, and grows into shared memory (ndbinfo.resources, pages of 32 KiB).",
		"ndbinfo.resources", "transaction_memory: huge transactions. transporter_buffers near its limit: a node that does not read what it is sent. disk_page_buffer is always full.")
	NdbPoolRecords = inMemory.ofNode("ndb_pool_records", gauge, []string{"pool", "state"},
		"Records of pools that a configuration parameter limits, all threads together (ndbinfo.ndb$pools).",
		"ndbinfo.ndb$pools", "used near total: tables MaxNoOfTables, attributes MaxNoOfAttributes, triggers MaxNoOfTriggers, operations MaxNoOfConcurrentOperations, scans MaxNoOfConcurrentScans, subscriptions MaxNoOfSubscriptions; statements fail with the error that names it.")

	NdbLogSpaceBytes = inLogs.ofNode("ndb_log_space_bytes", gauge, []string{"log", "state"},
		"Space in the redo and undo logs, all parts together (ndbinfo.logspaces).",
		"ndbinfo.logspaces", "redo near its total: local checkpoints do not keep up with the writes; then writes wait or fail with error 410.")
	NdbLogSpaceFullestRatio = inLogs.ofNode("ndb_log_space_fullest_ratio", gauge, []string{"log"},
		"Share that is used of the log part that is fullest (ndbinfo.logspaces).",
		"ndbinfo.logspaces", "Writes fail when one part is full, whatever the others have.")
	NdbLogBufferBytes = inLogs.ofNode("ndb_log_buffer_bytes", gauge, []string{"log", "state"},
		"Memory that buffers log writes: redo, disk data undo, and a backup's data and log (ndbinfo.logbuffers).",
		"ndbinfo.logbuffers", "redo near its total: the disk is too slow, transactions abort with error 1221. backup_log near its total: the backup is about to fail with 1324.")

	NdbTCEventsTotal = inCounters.ofNodeStates("ndb_tc_events_total", "event",
		[]string{"attrinfo", "transactions", "commits", "aborts", "reads", "simple_reads", "writes", "table_scans", "range_scans", "local_reads", "local_writes"},
		"What the data node did as transaction coordinator since its start (ndbinfo.counters, DBTC).",
		"ndbinfo.counters", "The load and its kind. aborts near commits: lock waits or full memory. table_scans rising: a query lost its index.").counter()
	NdbLQHOperationsTotal = inCounters.ofNode("ndb_lqh_operations_total", counter, nil,
		"Operations that the data node carried out on its own fragments, as primary or backup (ndbinfo.counters, DBLQH).",
		"ndbinfo.counters", "Far apart between nodes of a group: one of them holds the hot partitions.")
	NdbLQHOverloadsTotal = inCounters.ofNodeStates("ndb_lqh_overloads_total", "at", []string{"any", "tc", "reader", "node_peer", "subscriber", "scan_slowdown"},
		"Operations refused or slowed because a send buffer was too full, by where it led (ndbinfo.counters, LQHKEY_OVERLOAD…).",
		"ndbinfo.counters", "Rising: clients get error 1218. A node or SQL node that reads too slowly: ndb_transporter_overloads_total says which.").counter()
	NdbSPJEventsTotal = inSPJ.ofNodeStates("ndb_spj_events_total", "event", []string{
		"reads_received", "local_reads_sent", "remote_reads_sent", "reads_not_found", "table_scans_received", "local_table_scans_sent",
		"range_scans_received", "local_range_scans_sent", "remote_range_scans_sent", "scan_batches_returned", "scan_rows_returned",
		"pruned_range_scans_received", "const_pruned_range_scans_received",
	}, "What joins pushed down to the data node did since its start (ndbinfo.counters, DBSPJ).",
		"ndbinfo.counters", "remote_reads far above local_reads: tables that are joined are not partitioned alike.").counter()

	NdbTransporterUp = inTransporters.ofLink("ndb_transporter_up", gauge, nil,
		"1 if the data node is connected to the peer, else 0; absent for an API slot that was never used (ndbinfo.transporters).",
		"ndbinfo.transporters", "0 between two data nodes that run: the network. 0 to an SQL node on one data node only: that path.")
	NdbTransporterBytesTotal = inTransporters.ofLink("ndb_transporter_bytes_total", counter, []string{"direction"},
		"Bytes between the data node and the peer since they connected (ndbinfo.transporters).",
		"ndbinfo.transporters", "Restarts at 0 when they reconnect. Between the nodes of a group: the write load.")
	NdbTransporterOverloadsTotal = inTransporters.ofLink("ndb_transporter_overloads_total", counter, nil,
		"Times that the send buffer to the peer went over its limit since they connected (ndbinfo.transporters).",
		"ndbinfo.transporters", "Rising: the peer does not read fast enough, or SendBufferMemory is too small.")
	NdbTransporterSlowdownsTotal = inTransporters.ofLink("ndb_transporter_slowdowns_total", counter, nil,
		"Times that the send buffer to the peer went over 60 % of its limit since they connected (ndbinfo.transporters).",
		"ndbinfo.transporters", "The warning before ndb_transporter_overloads_total.")
	NdbTransporterConnectsTotal = inTransporters.ofLink("ndb_transporter_connects_total", counter, nil,
		"Times that the data node connected to the peer since its start (ndbinfo.transporters).",
		"ndbinfo.transporters", "Rising while nobody restarts anything: the network flaps, or heartbeats are missed.")
	NdbTransporterUnencryptedLinks = inTransporters.ofNode("ndb_transporter_unencrypted_links", gauge, nil,
		"Connected links of the data node that are not TLS (ndbinfo.transporters).",
		"ndbinfo.transporters", "Above 0 where TLS is wanted: a node without a certificate, or RequireTls is not set.")

	NdbDiskWriteBytesPerSecond = inDisk.ofNodeStates("ndb_disk_write_bytes_per_second", "for", []string{"checkpoint_backup", "redo"},
		"Disk writes by checkpoints and backups, and by the redo log, mean of the last 10 s (ndbinfo.disk_write_speed_aggregate).",
		"ndbinfo.disk_write_speed_aggregate", "redo above what the disk can do: see ndb_disk_write_slowdown_seconds_total.")
	NdbDiskWriteTargetBytesPerSecond = inDisk.ofNode("ndb_disk_write_target_bytes_per_second", gauge, nil,
		"How fast checkpoints and backups may write now (ndbinfo.disk_write_speed_aggregate).",
		"ndbinfo.disk_write_speed_aggregate", "At MinDiskWriteSpeed: the node slows checkpoints down to protect clients.")
	NdbDiskWriteSlowdownSecondsTotal = inDisk.ofNodeStates("ndb_disk_write_slowdown_seconds_total", "reason", []string{"io_lag", "high_cpu", "set_to_min"},
		"Seconds in which checkpoints were slowed down, by why; all LDM threads together (ndbinfo.disk_write_speed_aggregate).",
		"ndbinfo.disk_write_speed_aggregate", "io_lag: the disk is too slow for the redo log. high_cpu: the node is busy. Checkpoints get longer and the redo log fuller.").counter()
	NdbDiskPageRequestsTotal = inDisk.ofNodeStates("ndb_disk_page_requests_total", "result", []string{"direct", "wait_queue", "wait_io"},
		"Requests for pages of disk data: found at once, waited for another's, waited for the disk (ndbinfo.diskpagebuffer).",
		"ndbinfo.diskpagebuffer", "direct less than 0.95 of all: DiskPageBufferMemory is too small. All 0: no disk data.").counter()
	NdbDiskPageBytesTotal = inDisk.ofNodeStates("ndb_disk_page_bytes_total", "direction", []string{"read", "written"},
		"Bytes of disk data read and written, in pages of 32 KiB (ndbinfo.diskpagebuffer).",
		"ndbinfo.diskpagebuffer", "The disk load of disk data.").counter()
	NdbDiskLogWaitsTotal = inDisk.ofNode("ndb_disk_log_waits_total", counter, nil,
		"Page writes that waited for the undo log to be on disk (ndbinfo.diskpagebuffer).",
		"ndbinfo.diskpagebuffer", "Rising: the disk of the undo log is the limit.")

	NdbThreadCPUSecondsTotal = inThreads.ofNode("ndb_thread_cpu_seconds_total", counter, []string{"thread", "mode"},
		"CPU time of the data node's threads since its start, by kind of thread, spinning included (ndbinfo.threadstat).",
		"ndbinfo.threadstat", "Divide the rate by ndb_threads: near 1, the threads of that kind are the limit.")
	NdbThreads = inThreads.ofNode("ndb_threads", gauge, []string{"thread"},
		"Threads of the data node by kind: ldm, tc, main, rep, recv, send, query (ndbinfo.threadstat).",
		"ndbinfo.threadstat", "Moves only with ThreadConfig, AutomaticThreadConfig or NumCPUs.")
	NdbThreadBusiestRatio = inThreads.ofNode("ndb_thread_busiest_ratio", gauge, []string{"thread"},
		"Share of the last second in which the busiest thread of the kind worked, 0 to 1: it executed, sent or waited for a full buffer; spinning is no work (ndbinfo.cpustat).",
		"ndbinfo.cpustat", "Near 1 with the mean far below: one partition is hot.")
	NdbThreadBufferFullRatio = inThreads.ofNode("ndb_thread_buffer_full_ratio", gauge, nil,
		"Share of the last second in which the worst thread could not go on because a job or send buffer was full, 0 to 1 (ndbinfo.cpustat).",
		"ndbinfo.cpustat", "Above 0 for minutes: the node is overloaded within.")
	NdbThreadInvoluntarySwitchesTotal = inThreads.ofNode("ndb_thread_involuntary_switches_total", counter, nil,
		"Times that the kernel took a CPU from a thread of the data node (ndbinfo.threadstat).",
		"ndbinfo.threadstat", "Thousands a second: something else uses the CPUs; heartbeats and latency suffer.")

	NdbArbitrationState = inMembership.ofNodeStates("ndb_arbitration_state", "state", []string{"none", "finding", "ready", "choosing", "crash"},
		"State of arbitration as the data node sees it: 1 for the present one, 0 for the others (ndbinfo.membership).",
		"ndbinfo.membership", "Anything but ready for a minute: the loss of half of the nodes now stops the cluster.")
	NdbArbitratorNodeID = inMembership.ofNode("ndb_arbitrator_node_id", gauge, nil,
		"Node id of the arbitrator that the data node would ask; absent if it has none (ndbinfo.membership).",
		"ndbinfo.membership", "Different between data nodes: they do not agree; look at the network to the management servers.")
	NdbArbitratorConnected = inMembership.ofNode("ndb_arbitrator_connected", gauge, nil,
		"1 if the data node is connected to its arbitrator, else 0; absent if it has none (ndbinfo.membership).",
		"ndbinfo.membership", "0: this node could not ask when it matters.")
	NdbPresidentNodeID = inMembership.ofNode("ndb_president_node_id", gauge, nil,
		"Node id of the president as the data node sees it (ndbinfo.membership).",
		"ndbinfo.membership", "Different between data nodes: two clusters.")
	NdbRestartStatusCode = inMembership.ofNode("ndb_restart_status_code", gauge, nil,
		"How far the newest restart of the data node has come, 19 and 24 completed; absent for a node that did not restart while the cluster ran (ndbinfo.restart_info).",
		"ndbinfo.restart_info", "Below 19 and standing still: ndb_restart_stage_seconds says in which stage; the node's own log says why.")
	NdbRestartStageSeconds = inMembership.ofNode("ndb_restart_stage_seconds", gauge, []string{"stage"},
		"Seconds that the stages of the newest restart took, those that took any (ndbinfo.restart_info).",
		"ndbinfo.restart_info", "The longest is what to work on: a local recovery needs faster disks or more frequent checkpoints, a synchronisation the network.")
	NdbRestartSeconds = inMembership.ofNode("ndb_restart_seconds", gauge, nil,
		"Seconds that the newest restart took so far, or in all (ndbinfo.restart_info).",
		"ndbinfo.restart_info", "How long the node group runs without redundancy each time.")
	NdbBackupNewestID = inMembership.ofCluster("ndb_backup_newest_id", gauge, nil,
		"Id of the backup that was started last, whatever came of it (ndbinfo.backup_id).",
		"ndbinfo.backup_id", "Stands still over a day: nobody takes backups. A smaller one: the cluster was started with --initial.")
)

// The families of ndb_exporter from ndbinfo that are read apart from the scrapes.
var (
	NdbConfigSeconds = inConfig.ofNode("ndb_config_seconds", gauge, []string{"parameter"},
		"Times that the data node runs with, by the name of the configuration parameter (ndbinfo.config_values).",
		"ndbinfo.config_values", "Moves only when the node restarts with another configuration.")
	NdbConfigBytes = inConfig.ofNode("ndb_config_bytes", gauge, []string{"parameter"},
		"Sizes that the data node runs with, by the name of the configuration parameter (ndbinfo.config_values).",
		"ndbinfo.config_values", "Moves only when the node restarts with another configuration.")
	NdbConfigValue = inConfig.ofNode("ndb_config_value", gauge, []string{"parameter"},
		"Numbers and switches that the data node runs with, by the name of the configuration parameter (ndbinfo.config_values).",
		"ndbinfo.config_values", "StopOnError 1: a crashed node stays down. Arbitration 0: nobody decides a tie. Diskless 1: a crash of all nodes loses everything.")
	NdbConfigFingerprint = inConfig.ofNode("ndb_config_fingerprint", gauge, nil,
		"Fingerprint of all values that should be the same on all data nodes: 52 bits of the FNV hash (ndbinfo.config_values).",
		"ndbinfo.config_values", "Different between data nodes for longer than a rolling restart: one runs with an old configuration.")
	NdbProcessInfo = inConfig.ofNode("ndb_process_info", gauge, []string{"type", "process", "version", "pid"},
		"Always 1; the processes that are connected to the cluster, as they say who they are (ndbinfo.processes).",
		"ndbinfo.processes", "A process that nobody knows: an API program, or ndb_restore. Two versions for longer than an upgrade: finish it.")
	NdbCertificateExpiryTimestampSeconds = inConfig.ofNode("ndb_certificate_expiry_timestamp_seconds", gauge, []string{"certificate"},
		"Unix time at which a certificate in use between nodes ends; absent without TLS (ndbinfo.certificates).",
		"ndbinfo.certificates", "Less than 14 days away: `ndb_sign_keys`, then restart the node or let it renew.")

	NdbTableMemoryBytes = inTables.ofCluster("ndb_table_memory_bytes", gauge, []string{"schema", "table", "kind"},
		"Memory of a table on all data nodes together, its ordered indexes and blobs included; the 20 largest, and the others as one (ndbinfo.memory_per_fragment).",
		"ndbinfo.memory_per_fragment", "Which table fills the data memory.")
	NdbTableRows = inTables.ofCluster("ndb_table_rows", gauge, []string{"schema", "table"},
		"Rows of a table, one replica counted; the 20 largest by memory, and the others as one (ndbinfo.memory_per_fragment).",
		"ndbinfo.memory_per_fragment", "Growth: a table that nobody cleans up.")
	NdbTableImbalanceRatio = inTables.ofCluster("ndb_table_imbalance_ratio", gauge, []string{"schema", "table"},
		"Rows of the largest fragment over the mean of all; 1 is even; the 20 largest by memory, if they have rows (ndbinfo.memory_per_fragment).",
		"ndbinfo.memory_per_fragment", "Above 2 for a big table: its partition key is uneven; one node group fills first.")
	NdbTableOperationsTotal = inTables.ofCluster("ndb_table_operations_total", counter, []string{"schema", "table", "operation"},
		"Operations on a table on all data nodes since the exporter's start; the 20 largest by memory, and the others as one (ndbinfo.operations_per_fragment).",
		"ndbinfo.operations_per_fragment", "Which table makes the load. scan: which one is scanned.")
	NdbTableLockWaitsTotal = inTables.ofCluster("ndb_table_lock_waits_total", counter, []string{"schema", "table", "result"},
		"Row locks that had to be waited for, got or not, since the exporter's start; the 20 largest by memory, and the others as one (ndbinfo.locks_per_fragment).",
		"ndbinfo.locks_per_fragment", "failed: deadlocks or TransactionDeadlockDetectionTimeout; clients get error 266 or 274.")
	NdbTableLockWaitSecondsTotal = inTables.ofCluster("ndb_table_lock_wait_seconds_total", counter, []string{"schema", "table", "result"},
		"Seconds of these waits (ndbinfo.locks_per_fragment).",
		"ndbinfo.locks_per_fragment", "Which table makes clients wait.")

	NdbFragments = inFragments.ofClusterStates("ndb_fragments", "state", []string{"whole", "under_replicated"},
		"Fragments of all tables and indexes, by whether all their replicas live (ndbinfo.table_fragments).",
		"ndbinfo.table_fragments", "under_replicated: a node of their group is down or not yet synchronised; the next loss there stops the cluster.")
	NdbPrimaryFragments = inFragments.ofNodeStates("ndb_primary_fragments", "place", []string{"preferred", "elsewhere"},
		"Fragments whose primary is on the data node, by whether it is where it should be (ndbinfo.table_fragments).",
		"ndbinfo.table_fragments", "elsewhere after a restart: primaries move back by themselves; until then this node has more of the load.")

	NdbTCLatencySeconds = inTCLatency.ofBuckets("ndb_tc_latency_seconds", "kind", ndbLatencyBounds,
		"How long transactions, key operations and scans took in the data node as coordinator, since its start; the sum is estimated from the bounds of 50 µs × 1.5ⁿ (ndbinfo.tc_time_track_stats).",
		"ndbinfo.tc_time_track_stats", "A rising tail of read and write: disk, CPU or lock waits in the data nodes. Not here and yet slow: the SQL node or the network.")

	NdbTablespaceBytes = inFiles.ofCluster("ndb_tablespace_bytes", gauge, []string{"tablespace", "state"},
		"Space of disk data by tablespace on one data node: total, and free for new extents (ndbinfo.files).",
		"ndbinfo.files", "free near 0: inserts into tables on disk fail with error 1601. Add a data file.")

	NdbTransactions = inOpenTransactions.ofNode("ndb_transactions", gauge, nil,
		"Transactions that are open in the data node as coordinator (ndbinfo.cluster_transactions).",
		"ndbinfo.cluster_transactions", "Growing: clients that leave transactions open.")
	NdbTransactionInactiveSeconds = inOpenTransactions.ofNode("ndb_transaction_inactive_seconds_max", gauge, nil,
		"How long the open transaction that is idle for longest did nothing; absent if none is open (ndbinfo.cluster_transactions).",
		"ndbinfo.cluster_transactions", "Minutes: a client left it open. It holds locks and makes the redo log and event buffers grow.")
	NdbLocks = inOpenTransactions.ofNodeStates("ndb_row_locks", "state", []string{"held", "waiting"},
		"Row locks in the data node that are held, and that are waited for (ndbinfo.cluster_locks).",
		"ndbinfo.cluster_locks", "waiting: ndbinfo.server_locks on the SQL node names the connection that holds it.")
	NdbLockWaitSeconds = inOpenTransactions.ofNode("ndb_row_lock_wait_seconds_max", gauge, nil,
		"How long the oldest of these waits lasts; absent if there is none (ndbinfo.cluster_locks).",
		"ndbinfo.cluster_locks", "Above TransactionDeadlockDetectionTimeout it ends with error 266.")
)

// ndbNdbinfo lists them, in the order of the documentation.
var ndbNdbinfo = []*Family{
	NdbNdbinfoState, NdbNdbinfoSQLNodeInfo, NdbNdbinfoFailoversTotal, NdbNdbinfoColumns, NdbNodeUptimeSeconds, NdbNodeConfigGeneration,
	NdbDataMemoryBytes, NdbLongMessageBufferBytes, NdbResourceBytes, NdbPoolRecords,
	NdbLogSpaceBytes, NdbLogSpaceFullestRatio, NdbLogBufferBytes,
	NdbTCEventsTotal, NdbLQHOperationsTotal, NdbLQHOverloadsTotal, NdbSPJEventsTotal,
	NdbTransporterUp, NdbTransporterBytesTotal, NdbTransporterOverloadsTotal, NdbTransporterSlowdownsTotal, NdbTransporterConnectsTotal, NdbTransporterUnencryptedLinks,
	NdbDiskWriteBytesPerSecond, NdbDiskWriteTargetBytesPerSecond, NdbDiskWriteSlowdownSecondsTotal, NdbDiskPageRequestsTotal, NdbDiskPageBytesTotal, NdbDiskLogWaitsTotal,
	NdbThreadCPUSecondsTotal, NdbThreads, NdbThreadBusiestRatio, NdbThreadBufferFullRatio, NdbThreadInvoluntarySwitchesTotal,
	NdbArbitrationState, NdbArbitratorNodeID, NdbArbitratorConnected, NdbPresidentNodeID, NdbRestartStatusCode, NdbRestartStageSeconds, NdbRestartSeconds, NdbBackupNewestID,
	NdbConfigSeconds, NdbConfigBytes, NdbConfigValue, NdbConfigFingerprint, NdbProcessInfo, NdbCertificateExpiryTimestampSeconds,
	NdbTableMemoryBytes, NdbTableRows, NdbTableImbalanceRatio, NdbTableOperationsTotal, NdbTableLockWaitsTotal, NdbTableLockWaitSecondsTotal,
	NdbFragments, NdbPrimaryFragments, NdbTCLatencySeconds, NdbTablespaceBytes,
	NdbTransactions, NdbTransactionInactiveSeconds, NdbLocks, NdbLockWaitSeconds,
}

// ndbLatencyBounds is every third bound that the data nodes count by, from 112 µs to 14 s.
var ndbLatencyBounds = []float64{112e-6, 378e-6, 1275e-6, 4302e-6, 14518e-6, 48997e-6, 165363e-6, 558099e-6, 1.883583, 14.303454}

// NdbSQL lists the families of ndb_exporter that come from SQL nodes, in the order of the documentation.
func NdbSQL() []*Family { return append(ndbSQL[:len(ndbSQL):len(ndbSQL)], ndbNdbinfo...) }

// ofLink declares a family about the way from a data node to another node.
func (c viaSQL) ofLink(name string, kind prometheus.ValueType, more []string, help, source, moves string) *Family {
	return c.ofNode(name, kind, append([]string{"peer", "peer_id"}, more...), help, source, moves)
}

func (c viaSQL) ofClusterStates(name, label string, states []string, help, source, moves string) *Family {
	f := *c.ofCluster(name, gauge, []string{label}, help, source, moves)
	f.States = states
	return f.declare()
}

func (c viaSQL) ofBuckets(name, label string, bounds []float64, help, source, moves string) *Family {
	f := *c.ofNode(name, gauge, []string{label}, help, source, moves)
	f.Buckets = bounds
	return f.declare()
}
