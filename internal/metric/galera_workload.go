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
	GaleraConnectionErrorsTotal = inWorkload.states("galera_connection_errors_total", "cause", []string{"accept", "internal", "peer_address", "select", "tcpwrap"},
		"Connections that the server could not take, by what went wrong (Connection_errors_accept, _internal, _peer_address, _select, _tcpwrap).",
		"Connection_errors_*", "internal: no memory or no thread for it. accept: no file descriptor. The error log has more.").counter()
	GaleraAccessDeniedTotal = inWorkload.family("galera_access_denied_total", counter, nil,
		"Log-ins and statements that were refused for want of a right; MariaDB only (Access_denied_errors).",
		"Access_denied_errors", "Jumps: a client with an old password, or somebody tries passwords.")
	GaleraConnectionsPeak = inWorkload.family("galera_connections_peak", gauge, nil,
		"Most connections at once since the server's start or FLUSH STATUS (Max_used_connections).",
		"Max_used_connections", "Near galera_connections_limit: it was close to refusing clients.")
	GaleraThreadsCreatedTotal = inWorkload.family("galera_threads_created_total", counter, nil,
		"Threads made for connections (Threads_created).",
		"Threads_created", "Near the rate of galera_connection_attempts_total: thread_cache_size is too small.")
	GaleraPreparedStatements = inWorkload.family("galera_prepared_statements", gauge, nil,
		"Prepared statements that sessions hold now (Prepared_stmt_count).",
		"Prepared_stmt_count", "Growing without end: clients do not close them, and at max_prepared_stmt_count all clients get errors.")
	GaleraMemoryUsedBytes = inWorkload.family("galera_memory_used_bytes", gauge, nil,
		"Memory that the server has for itself and its sessions, without the caches of the kernel; MariaDB only (Memory_used).",
		"Memory_used", "Growing without end: sessions, or a leak; the kernel will end the server when memory is gone.")
	GaleraUptimeSeconds = inWorkload.family("galera_uptime_seconds", gauge, nil,
		"Seconds since the server's start (Uptime).",
		"Uptime", "Falls: it was restarted; nobody did that: the error log.")
	GaleraQuestionsTotal = inWorkload.family("galera_questions_total", counter, nil,
		"Statements that clients sent (Questions).",
		"Questions", "The load. 0 where there should be some: look at the proxy.")
	GaleraStatementsTotal = inWorkload.states("galera_statements_total", "kind", []string{"select", "insert", "update", "delete", "replace", "load", "call", "ddl", "begin", "commit", "rollback"},
		"Statements by kind; ddl are those that run alone in the cluster: create, alter, drop, truncate, rename, grant, analyze and the like (Com_select, Com_insert, Com_insert_select, …).",
		"Com_*", "ddl: each holds up the whole cluster for as long as it runs. rollback near commit: clients fail, see galera_local_certification_failures_total.").counter()
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
	GaleraTableCacheTotal = inWorkload.states("galera_table_cache_total", "result", []string{"hit", "miss", "overflow"},
		"Tables that statements took from the table cache, had to open, and that were put out for others (Table_open_cache_hits, _misses, _overflows).",
		"Table_open_cache_*", "overflow rising with the load: table_open_cache is too small.").counter()
	GaleraOpenTableDefinitions = inWorkload.family("galera_open_table_definitions", gauge, nil,
		"Definitions of tables in the cache (Open_table_definitions).",
		"Open_table_definitions", "At galera_open_table_definitions_limit for long: table_definition_cache is too small.")
	GaleraOpenFiles = inWorkload.family("galera_open_files", gauge, nil,
		"Files that the server has open, InnoDB's own not counted (Open_files).",
		"Open_files", "Near galera_open_files_limit: tables can no longer be opened.")
	GaleraTableLocksTotal = inWorkload.states("galera_table_locks_total", "result", []string{"immediate", "waited"},
		"Locks of whole tables that were had at once, and that were waited for (Table_locks_immediate, Table_locks_waited).",
		"Table_locks_immediate, Table_locks_waited", "waited rising: LOCK TABLES, or tables that are not InnoDB.").counter()
	GaleraTemporaryFilesTotal = inWorkload.family("galera_temporary_files_total", counter, nil,
		"Temporary files made for sorts and the like (Created_tmp_files).",
		"Created_tmp_files", "Rising with the load: see galera_sort_merge_passes_total, and the room in tmpdir.")
	GaleraClientBytesTotal = inWorkload.states("galera_client_bytes_total", "direction", []string{"received", "sent"},
		"Bytes that clients sent us and got (Bytes_received, Bytes_sent).",
		"Bytes_received, Bytes_sent", "sent jumps: a report, or a dump.").counter()
)

// The families about who waits for whom.
var (
	GaleraInnodbOldestTransactionStartTimestampSeconds = inTransactions.family("galera_innodb_oldest_transaction_start_timestamp_seconds", gauge, nil,
		"Unix time at which the oldest open transaction of a client began; absent while there is none (information_schema.INNODB_TRX).",
		"information_schema.INNODB_TRX, SHOW PROCESSLIST", "Hours ago: it keeps old versions of rows and blocks schema changes, which block the whole cluster. Find its client.")
	GaleraInnodbTransactionRowsModifiedMax = inTransactions.family("galera_innodb_transaction_rows_modified_max", gauge, nil,
		"Rows that the largest open transaction of a client has changed; absent while there is none (information_schema.INNODB_TRX).",
		"information_schema.INNODB_TRX, SHOW PROCESSLIST", "Millions: a huge write set is coming, and all members will wait for it.")
	GaleraOldestQueryStartTimestampSeconds = inTransactions.family("galera_oldest_query_start_timestamp_seconds", gauge, nil,
		"Unix time at which the oldest running statement of a client began; absent while there is none (SHOW PROCESSLIST).",
		"SHOW PROCESSLIST", "Long ago: a report, or a statement that waits; galera_wsrep_waiting_threads and galera_metadata_lock_waiters.")
	GaleraWsrepWaitingThreads = inTransactions.states("galera_wsrep_waiting_threads", "reason", []string{"toi", "isolation", "flow_control", "certification", "commit"},
		"Threads that wait for replication, by what for (SHOW PROCESSLIST).",
		"SHOW PROCESSLIST", "toi, isolation: a schema change. flow_control: a slow member. certification, commit: write sets on their way.")
	GaleraApplierThreads = inTransactions.states("galera_applier_threads", "activity", []string{"idle", "busy"},
		"Applier threads by whether they have something to do (SHOW PROCESSLIST).",
		"SHOW PROCESSLIST", "idle 0 with a growing receive queue: more of them help if galera_certification_dependency_distance is higher.")
	GaleraMetadataLockWaiters = inTransactions.family("galera_metadata_lock_waiters", gauge, nil,
		"Sessions that wait for a metadata lock (SHOW PROCESSLIST).",
		"SHOW PROCESSLIST", "Above 0: a schema change waits for an open transaction, and all that comes after waits for it.")
)

// galeraWorkload lists them, in the order of the documentation.
var galeraWorkload = []*Family{
	GaleraUptimeSeconds, GaleraThreadsRunning, GaleraThreadsCreatedTotal, GaleraMemoryUsedBytes,
	GaleraConnectionAttemptsTotal, GaleraConnectionsAbortedTotal, GaleraConnectionsRefusedTotal, GaleraConnectionErrorsTotal,
	GaleraAccessDeniedTotal, GaleraConnectionsPeak, GaleraPreparedStatements, GaleraQuestionsTotal,
	GaleraStatementsTotal, GaleraSlowQueriesTotal, GaleraTemporaryTablesTotal, GaleraTemporaryFilesTotal,
	GaleraOpenTables, GaleraOpenedTablesTotal, GaleraTableCacheTotal, GaleraOpenTableDefinitions,
	GaleraOpenFiles, GaleraTableLocksTotal, GaleraClientBytesTotal,
	GaleraInnodbOldestTransactionStartTimestampSeconds, GaleraInnodbTransactionRowsModifiedMax, GaleraOldestQueryStartTimestampSeconds,
	GaleraWsrepWaitingThreads, GaleraApplierThreads, GaleraMetadataLockWaiters,
}
