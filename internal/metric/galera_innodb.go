package metric

// The families of galera_exporter about InnoDB. All counters are since the server's start.
var (
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
	GaleraInnodbDataOperationsTotal = inWorkload.states("galera_innodb_data_operations_total", "operation", []string{"read", "write"},
		"Reads and writes of InnoDB's files (Innodb_data_reads, Innodb_data_writes).",
		"Innodb_data_reads, Innodb_data_writes", "Near what the disk can do: statements wait for it.").counter()
	GaleraInnodbPendingOperations = inWorkload.states("galera_innodb_pending_operations", "operation", []string{"read", "write", "fsync"},
		"Reads, writes and flushes that wait for the disk now (Innodb_data_pending_reads, _writes, _fsyncs).",
		"Innodb_data_pending_*", "Above 0 at each scrape: the disk is too slow, or hangs.")
	GaleraInnodbPagesTotal = inWorkload.states("galera_innodb_pages_total", "operation", []string{"read", "written", "created"},
		"Pages that InnoDB read, wrote and made (Innodb_pages_read, _written, _created).",
		"Innodb_pages_*", "written far above what clients change: checkpoints are too frequent, see galera_innodb_checkpoint_age_limit_bytes.").counter()
	GaleraInnodbReadAheadPagesTotal = inWorkload.states("galera_innodb_read_ahead_pages_total", "result", []string{"read", "evicted"},
		"Pages that were read before anybody asked, and those of them that nobody asked for (Innodb_buffer_pool_read_ahead, _read_ahead_evicted).",
		"Innodb_buffer_pool_read_ahead, Innodb_buffer_pool_read_ahead_evicted", "evicted near read: it is of no use.").counter()
	GaleraInnodbRedoWritesTotal = inWorkload.family("galera_innodb_redo_writes_total", counter, nil,
		"Writes to the redo log (Innodb_log_writes).",
		"Innodb_log_writes", "By galera_innodb_redo_written_bytes_total: how large they are.")
)

// The families of galera_exporter about writing the binary log; 0 on a node that writes none.
var (
	GaleraBinlogCommitsTotal = inWorkload.family("galera_binlog_commits_total", counter, nil,
		"Transactions written to the binary log; MariaDB only (Binlog_commits).",
		"Binlog_commits", "The rate at which replicas and a recovery to a point in time must follow.")
	GaleraBinlogGroupCommitsTotal = inWorkload.family("galera_binlog_group_commits_total", counter, nil,
		"Groups in which transactions were written to the binary log; MariaDB only (Binlog_group_commits).",
		"Binlog_group_commits", "Near galera_binlog_commits_total: each is flushed alone.")
	GaleraBinlogWrittenBytesTotal = inWorkload.family("galera_binlog_written_bytes_total", counter, nil,
		"Bytes written to the binary log; MariaDB only (Binlog_bytes_written).",
		"Binlog_bytes_written", "How fast the disk of the binary logs fills.")
	GaleraBinlogCacheTotal = inWorkload.states("galera_binlog_cache_total", "place", []string{"memory", "disk"},
		"Transactions that were gathered for the binary log, by whether they fit into the cache (Binlog_cache_use, Binlog_cache_disk_use).",
		"Binlog_cache_use, Binlog_cache_disk_use", "disk rising: large transactions; binlog_cache_size.").counter()
)

// galeraInnodb lists them, in the order of the documentation.
var galeraInnodb = []*Family{
	GaleraInnodbBufferPoolBytes, GaleraInnodbBufferPoolDirtyBytes, GaleraInnodbBufferPoolReadRequestsTotal, GaleraInnodbBufferPoolReadsTotal,
	GaleraInnodbBufferPoolWaitsTotal, GaleraInnodbDataBytesTotal, GaleraInnodbFsyncsTotal, GaleraInnodbRedoWrittenBytesTotal,
	GaleraInnodbRedoWaitsTotal, GaleraInnodbCheckpointAgeBytes, GaleraInnodbCheckpointAgeLimitBytes, GaleraInnodbHistoryListLength,
	GaleraInnodbDeadlocksTotal, GaleraInnodbRowLockWaits, GaleraInnodbRowLockWaitsTotal, GaleraInnodbRowLockWaitSecondsTotal,
	GaleraInnodbDataOperationsTotal, GaleraInnodbPendingOperations, GaleraInnodbPagesTotal, GaleraInnodbReadAheadPagesTotal,
	GaleraInnodbRedoWritesTotal,
	GaleraBinlogCommitsTotal, GaleraBinlogGroupCommitsTotal, GaleraBinlogWrittenBytesTotal, GaleraBinlogCacheTotal,
}
