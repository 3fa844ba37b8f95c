package metric

// The families of galera_exporter about replication beside Galera's own: this node as a replica
// of another server, and as the source of replicas. At most 16 channels and 16 domains are told.
var (
	GaleraAsyncReplicaInfo = inReplication.family("galera_async_replica_info", gauge, []string{"channel", "source_host", "source_port", "gtid"},
		"Always 1; the labels say where a channel of this node replicates from (SHOW ALL SLAVES STATUS).",
		"SHOW ALL SLAVES STATUS", "On two members of a cluster: each change comes twice. On none: it stopped with its node.")
	GaleraAsyncReplicaIORunning = inReplication.family("galera_async_replica_io_running", gauge, []string{"channel"},
		"1 if the channel is connected and receives, 0 if it is stopped or only connecting (Slave_IO_Running).",
		"SHOW ALL SLAVES STATUS", "0: the source, the network or the account; galera_async_replica_error_number says which.")
	GaleraAsyncReplicaSQLRunning = inReplication.family("galera_async_replica_sql_running", gauge, []string{"channel"},
		"1 if the channel applies what it received, else 0 (Slave_SQL_Running).",
		"SHOW ALL SLAVES STATUS", "0 with an error number: the data differ. Do not skip it blindly.")
	GaleraAsyncReplicaLagSeconds = inReplication.family("galera_async_replica_lag_seconds", gauge, []string{"channel"},
		"Seconds by which what is applied is behind the source, as the server says it; absent while the channel does not run (Seconds_Behind_Master).",
		"SHOW ALL SLAVES STATUS", "Growing: the node applies slower than the source writes; parallel threads, or flow control of the cluster.")
	GaleraAsyncReplicaConfiguredDelaySeconds = inReplication.family("galera_async_replica_configured_delay_seconds", gauge, []string{"channel"},
		"Seconds by which the channel lags on purpose (SQL_Delay).",
		"SHOW ALL SLAVES STATUS", "Moves only when somebody sets it.")
	GaleraAsyncReplicaErrorNumber = inReplication.family("galera_async_replica_error_number", gauge, []string{"channel", "thread"},
		"Number of the error that the thread io or sql of the channel stopped with, 0 if none (Last_IO_Errno, Last_SQL_Errno).",
		"SHOW ALL SLAVES STATUS", "1062, 1032: rows differ. 1236: the source has purged what is needed: set it up anew. 1045: the account. 2003: the network.")
	GaleraAsyncReplicaRelayLogBytes = inReplication.family("galera_async_replica_relay_log_bytes", gauge, []string{"channel"},
		"Bytes that were received and are kept, most of them not applied yet (Relay_Log_Space).",
		"SHOW ALL SLAVES STATUS", "Growing: see galera_async_replica_lag_seconds, and the disk.")
	GaleraAsyncReplicaGTIDSeqno = inReplication.family("galera_async_replica_gtid_seqno", gauge, []string{"channel", "position", "domain"},
		"Sequence number of the position that was received and of that which is applied, by domain; applied is of the whole server (Gtid_IO_Pos, Gtid_Slave_Pos).",
		"SHOW ALL SLAVES STATUS", "received minus applied is how many transactions wait. applied stands still: look at galera_async_replica_sql_running.")
	GaleraAsyncBinlogDumpThreads = inReplication.family("galera_async_binlog_dump_threads", gauge, nil,
		"Replicas that are connected to this node (Slaves_connected).",
		"Slaves_connected", "Fewer than there should be: a replica is away, and needs the binary logs since then.")

	GaleraSemiSyncSourceActive = inReplication.family("galera_semi_sync_source_active", gauge, nil,
		"1 if commits wait for a replica's receipt, 0 if semi-synchronous replication is on and gave up waiting; absent if it is off (Rpl_semi_sync_master_status).",
		"Rpl_semi_sync_master_status, rpl_semi_sync_master_enabled", "0: no replica answers in time; what is committed now is on this side only.")
	GaleraSemiSyncReplicas = inReplication.family("galera_semi_sync_replicas", gauge, nil,
		"Replicas that give receipts; absent if semi-synchronous replication is off (Rpl_semi_sync_master_clients).",
		"Rpl_semi_sync_master_clients", "0: see galera_semi_sync_source_active.")
	GaleraSemiSyncCommitsTotal = inReplication.states("galera_semi_sync_commits_total", "receipt", []string{"yes", "no"},
		"Commits with and without a replica's receipt; absent if semi-synchronous replication is off (Rpl_semi_sync_master_yes_tx, _no_tx).",
		"Rpl_semi_sync_master_yes_tx, Rpl_semi_sync_master_no_tx", "no rising: a failover now would lose those.").counter()
	GaleraSemiSyncReplicaActive = inReplication.family("galera_semi_sync_replica_active", gauge, nil,
		"1 if this node gives receipts to its source, 0 if it is set to and does not; absent if it is not set to (Rpl_semi_sync_slave_status).",
		"Rpl_semi_sync_slave_status, rpl_semi_sync_slave_enabled", "0: the channel is stopped, or the source has it off.")

	GaleraBinlogEnabled = inBinlog.family("galera_binlog_enabled", gauge, nil,
		"1 if the node writes a binary log, else 0 (log_bin).",
		"log_bin", "0: there is no recovery to a point in time from this node, and it can feed no replica.")
	GaleraBinlogFiles = inBinlog.family("galera_binlog_files", gauge, nil,
		"Binary logs that are kept; read each five minutes (SHOW BINARY LOGS).",
		"SHOW BINARY LOGS", "Growing without end: nothing purges them; see galera_binlog_expire_seconds.")
	GaleraBinlogSizeBytes = inBinlog.family("galera_binlog_size_bytes", gauge, nil,
		"Bytes of all binary logs that are kept; read each five minutes (SHOW BINARY LOGS).",
		"SHOW BINARY LOGS", "Its growth against galera_datadir_available_bytes says when the disk is full.")
	GaleraBinlogExpireSeconds = inBinlog.family("galera_binlog_expire_seconds", gauge, nil,
		"Age at which a binary log is purged, 0 for never (binlog_expire_logs_seconds, expire_logs_days).",
		"binlog_expire_logs_seconds, expire_logs_days", "0: they are kept until somebody purges them. Shorter than a replica may be away: it must be set up anew.")

	GaleraReplicationAccounts = inAccounts.states("galera_replication_accounts", "state", []string{"usable", "expired"},
		"Accounts with REPLICATION SLAVE and without SUPER: usable ones, and those whose password expired; a lock is not told, MariaDB keeps it beside the hash; read once an hour (mysql.user).",
		"mysql.user", "expired: the replica that uses it will not come back from its next disconnect. More than you know of: each can read all changes.")
)

// galeraAsync lists them, in the order of the documentation.
var galeraAsync = []*Family{
	GaleraAsyncReplicaInfo, GaleraAsyncReplicaIORunning, GaleraAsyncReplicaSQLRunning, GaleraAsyncReplicaLagSeconds,
	GaleraAsyncReplicaConfiguredDelaySeconds, GaleraAsyncReplicaErrorNumber, GaleraAsyncReplicaRelayLogBytes, GaleraAsyncReplicaGTIDSeqno,
	GaleraAsyncBinlogDumpThreads, GaleraSemiSyncSourceActive, GaleraSemiSyncReplicas, GaleraSemiSyncCommitsTotal, GaleraSemiSyncReplicaActive,
	GaleraBinlogEnabled, GaleraBinlogFiles, GaleraBinlogSizeBytes, GaleraBinlogExpireSeconds, GaleraReplicationAccounts,
}
