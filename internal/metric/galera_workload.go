package metric

// The families of galera_exporter about what clients make the server do. All counters are since
// the server's start, and FLUSH STATUS may reset them.
var (
	GaleraThreadsRunning = inWorkload.family("galera_threads_running", gauge, nil,
		"Threads that carry out a statement now (Threads_running).",
		"Threads_running", "Far above the number of cores: clients queue. Look at galera_wsrep_waiting_threads and the slowest statements.")
	GaleraConnectionAttemptsTotal = inWorkload.family("galera_connection_attempts_total", counter, nil,
		"Connections that clients tried to make (Connections).",
		"Connections", "A high rate: clients keep no connections, and each costs a handshake.")
	GaleraConnectionsAbortedTotal = inWorkload.states("galera_connections_aborted_total", "during", []string{"connect", "session"},
		"Connections that ended without a goodbye, before or after the log-in (Aborted_connects, Aborted_clients).",
		"Aborted_connects, Aborted_clients", "connect: wrong passwords, a port scan, or the network. session: clients that die, or wait_timeout.").counter()
	GaleraConnectionsRefusedTotal = inWorkload.family("galera_connections_refused_total", counter, nil,
		"Connections refused because galera_connections_limit was reached (Connection_errors_max_connections).",
		"Connection_errors_max_connections", "Rising: clients get errors now. Find who holds the connections before raising max_connections.")
	GaleraQuestionsTotal = inWorkload.family("galera_questions_total", counter, nil,
		"Statements that clients sent (Questions).",
		"Questions", "The load. 0 where there should be some: look at the proxy.")
	GaleraStatementsTotal = inWorkload.states("galera_statements_total", "kind", []string{"select", "insert", "update", "delete", "replace", "load", "begin", "commit", "rollback"},
		"Statements by kind (Com_select, Com_insert, …).",
		"Com_*", "rollback near commit: clients fail, see galera_local_certification_failures_total.").counter()
	GaleraSlowQueriesTotal = inWorkload.family("galera_slow_queries_total", counter, nil,
		"Statements that took longer than long_query_time (Slow_queries).",
		"Slow_queries", "Rising: the slow log of this node names them.")
	GaleraTemporaryTablesTotal = inWorkload.states("galera_temporary_tables_total", "place", []string{"memory", "disk"},
		"Temporary tables made for statements (Created_tmp_tables, Created_tmp_disk_tables).",
		"Created_tmp_tables, Created_tmp_disk_tables", "disk rising with the load: statements that sort or group too much, or tmp_table_size.").counter()
	GaleraOpenTables = inWorkload.family("galera_open_tables", gauge, nil,
		"Tables that are open now (Open_tables).",
		"Open_tables", "At table_open_cache for long, with galera_opened_tables_total rising: the cache is too small.")
	GaleraOpenedTablesTotal = inWorkload.family("galera_opened_tables_total", counter, nil,
		"Tables that were opened (Opened_tables).",
		"Opened_tables", "A steady rate: the table cache is too small.")
	GaleraClientBytesTotal = inWorkload.states("galera_client_bytes_total", "direction", []string{"received", "sent"},
		"Bytes that clients sent us and got (Bytes_received, Bytes_sent).",
		"Bytes_received, Bytes_sent", "sent jumps: a report, or a dump.").counter()

	GaleraInnodbBufferPoolBytes = inWorkload.states("galera_innodb_buffer_pool_bytes", "state", []string{"data", "free", "other"},
		"The buffer pool by what is in it (Innodb_buffer_pool_pages_data, _free, _misc, Innodb_page_size).",
		"Innodb_buffer_pool_pages_*, Innodb_page_size", "free 0 is normal once it is warm.")
	GaleraInnodbBufferPoolDirtyBytes = inWorkload.family("galera_innodb_buffer_pool_dirty_bytes", gauge, nil,
		"Bytes of the buffer pool that are not on disk yet (Innodb_buffer_pool_bytes_dirty).",
		"Innodb_buffer_pool_bytes_dirty", "Rising without end: the disk does not keep up with the writes.")
	GaleraInnodbBufferPoolReadRequestsTotal = inWorkload.family("galera_innodb_buffer_pool_read_requests_total", counter, nil,
		"Pages that statements asked the buffer pool for (Innodb_buffer_pool_read_requests).",
		"Innodb_buffer_pool_read_requests", "The rate of galera_innodb_buffer_pool_reads_total divided by this one's is the share of misses.")
	GaleraInnodbBufferPoolReadsTotal = inWorkload.family("galera_innodb_buffer_pool_reads_total", counter, nil,
		"Pages that had to be read from disk (Innodb_buffer_pool_reads).",
		"Innodb_buffer_pool_reads", "A large share: the pool is too small for what is read, or the server was just started.")
	GaleraInnodbBufferPoolWaitsTotal = inWorkload.family("galera_innodb_buffer_pool_waits_total", counter, nil,
		"Times a statement waited for a free page (Innodb_buffer_pool_wait_free).",
		"Innodb_buffer_pool_wait_free", "Rising: the disk cannot write dirty pages as fast as they are needed.")
	GaleraInnodbDataBytesTotal = inWorkload.states("galera_innodb_data_bytes_total", "direction", []string{"read", "written"},
		"Bytes that InnoDB read from its files and wrote to them (Innodb_data_read, Innodb_data_written).",
		"Innodb_data_read, Innodb_data_written", "Near what the disk can do: statements wait for it.").counter()
	GaleraInnodbFsyncsTotal = inWorkload.family("galera_innodb_fsyncs_total", counter, nil,
		"Times InnoDB waited for its data to be on the disk (Innodb_data_fsyncs).",
		"Innodb_data_fsyncs", "Flat under writes: the disk hangs.")
	GaleraInnodbRedoWrittenBytesTotal = inWorkload.family("galera_innodb_redo_written_bytes_total", counter, nil,
		"Bytes written to the redo log (Innodb_os_log_written).",
		"Innodb_os_log_written", "The rate at which data changes. An hour of it is a sound size for the log.")
	GaleraInnodbRedoWaitsTotal = inWorkload.family("galera_innodb_redo_waits_total", counter, nil,
		"Times a statement waited for room in the log buffer (Innodb_log_waits).",
		"Innodb_log_waits", "Rising: innodb_log_buffer_size, or a slow disk.")
	GaleraInnodbCheckpointAgeBytes = inWorkload.family("galera_innodb_checkpoint_age_bytes", gauge, nil,
		"Bytes of redo log that a crash now would make the server read again; MariaDB only (Innodb_checkpoint_age).",
		"Innodb_checkpoint_age", "Near galera_innodb_checkpoint_age_limit_bytes: writes are about to stall for the flushing.")
	GaleraInnodbCheckpointAgeLimitBytes = inWorkload.family("galera_innodb_checkpoint_age_limit_bytes", gauge, nil,
		"Checkpoint age at which writes wait; MariaDB only (Innodb_checkpoint_max_age).",
		"Innodb_checkpoint_max_age", "Moves with innodb_log_file_size.")
	GaleraInnodbHistoryListLength = inWorkload.family("galera_innodb_history_list_length", gauge, nil,
		"Changes that are kept for old readers; MariaDB only (Innodb_history_list_length).",
		"Innodb_history_list_length", "Growing without end: a transaction was left open, see galera_innodb_oldest_transaction_start_timestamp_seconds.")
	GaleraInnodbDeadlocksTotal = inWorkload.family("galera_innodb_deadlocks_total", counter, nil,
		"Deadlocks between transactions of this node; MariaDB only (Innodb_deadlocks).",
		"Innodb_deadlocks", "Rising: clients take rows in different orders. Conflicts between nodes are not here but in the certification failures.")
	GaleraInnodbRowLockWaits = inWorkload.family("galera_innodb_row_lock_waits", gauge, nil,
		"Transactions that wait for a row now (Innodb_row_lock_current_waits).",
		"Innodb_row_lock_current_waits", "Above 0 for long: one transaction holds rows that others want.")
	GaleraInnodbRowLockWaitsTotal = inWorkload.family("galera_innodb_row_lock_waits_total", counter, nil,
		"Times a transaction waited for a row (Innodb_row_lock_waits).",
		"Innodb_row_lock_waits", "Rising: hot rows.")
	GaleraInnodbRowLockWaitSecondsTotal = inWorkload.family("galera_innodb_row_lock_wait_seconds_total", counter, nil,
		"Seconds for which transactions waited for rows (Innodb_row_lock_time).",
		"Innodb_row_lock_time", "Its rate is how many transactions wait at a time.")
)

// The families about who waits for whom.
var (
	GaleraInnodbOldestTransactionStartTimestampSeconds = inTransactions.family("galera_innodb_oldest_transaction_start_timestamp_seconds", gauge, nil,
		"Unix time at which the oldest open transaction of a client began; absent while there is none (information_schema.INNODB_TRX).",
		"information_schema.INNODB_TRX, PROCESSLIST", "Hours ago: it keeps old versions of rows and blocks schema changes, which block the whole cluster. Find its client.")
	GaleraInnodbTransactionRowsModifiedMax = inTransactions.family("galera_innodb_transaction_rows_modified_max", gauge, nil,
		"Rows that the largest open transaction of a client has changed; absent while there is none (information_schema.INNODB_TRX).",
		"information_schema.INNODB_TRX, PROCESSLIST", "Millions: a huge write set is coming, and all members will wait for it.")
	GaleraOldestQueryStartTimestampSeconds = inTransactions.family("galera_oldest_query_start_timestamp_seconds", gauge, nil,
		"Unix time at which the oldest running statement of a client began; absent while there is none (information_schema.PROCESSLIST).",
		"information_schema.PROCESSLIST", "Long ago: a report, or a statement that waits; galera_wsrep_waiting_threads and galera_metadata_lock_waiters.")
	GaleraWsrepWaitingThreads = inTransactions.states("galera_wsrep_waiting_threads", "reason", []string{"toi", "isolation", "flow_control", "certification", "commit"},
		"Threads that wait for replication, by what for (information_schema.PROCESSLIST).",
		"information_schema.PROCESSLIST", "toi, isolation: a schema change. flow_control: a slow member. certification, commit: write sets on their way.")
	GaleraApplierThreads = inTransactions.states("galera_applier_threads", "activity", []string{"idle", "busy"},
		"Applier threads by whether they have something to do (information_schema.PROCESSLIST).",
		"information_schema.PROCESSLIST", "idle 0 with a growing receive queue: more of them help if galera_certification_dependency_distance is higher.")
	GaleraMetadataLockWaiters = inTransactions.family("galera_metadata_lock_waiters", gauge, nil,
		"Sessions that wait for a metadata lock (information_schema.PROCESSLIST).",
		"information_schema.PROCESSLIST", "Above 0: a schema change waits for an open transaction, and all that comes after waits for it.")
	GaleraSchemaHazardTables = inSchema.family("galera_schema_hazard_tables", gauge, []string{"hazard", "schema"},
		"InnoDB tables without a primary key, by schema, the 50 schemas with most of them; read once an hour (information_schema.INNODB_SYS_TABLES, INNODB_SYS_INDEXES).",
		"information_schema.INNODB_SYS_TABLES, INNODB_SYS_INDEXES", "Give them a primary key: without one, changes to many rows take applying members hours.")
)

// galeraWorkload lists them, in the order of the documentation.
var galeraWorkload = []*Family{
	GaleraThreadsRunning, GaleraConnectionAttemptsTotal, GaleraConnectionsAbortedTotal, GaleraConnectionsRefusedTotal,
	GaleraQuestionsTotal, GaleraStatementsTotal, GaleraSlowQueriesTotal, GaleraTemporaryTablesTotal,
	GaleraOpenTables, GaleraOpenedTablesTotal, GaleraClientBytesTotal, GaleraInnodbBufferPoolBytes,
	GaleraInnodbBufferPoolDirtyBytes, GaleraInnodbBufferPoolReadRequestsTotal, GaleraInnodbBufferPoolReadsTotal, GaleraInnodbBufferPoolWaitsTotal,
	GaleraInnodbDataBytesTotal, GaleraInnodbFsyncsTotal, GaleraInnodbRedoWrittenBytesTotal, GaleraInnodbRedoWaitsTotal,
	GaleraInnodbCheckpointAgeBytes, GaleraInnodbCheckpointAgeLimitBytes, GaleraInnodbHistoryListLength, GaleraInnodbDeadlocksTotal,
	GaleraInnodbRowLockWaits, GaleraInnodbRowLockWaitsTotal, GaleraInnodbRowLockWaitSecondsTotal, GaleraInnodbOldestTransactionStartTimestampSeconds,
	GaleraInnodbTransactionRowsModifiedMax, GaleraOldestQueryStartTimestampSeconds, GaleraWsrepWaitingThreads, GaleraApplierThreads,
	GaleraMetadataLockWaiters, GaleraSchemaHazardTables,
}
