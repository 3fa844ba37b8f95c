package metric

// The families of galera_exporter about how a node is set.
var (
	GaleraUnsafeSetting = inVariables.states("galera_unsafe_setting", "setting",
		[]string{"bootstrap_address", "pc_ignore_sb", "pc_ignore_quorum", "innodb_autoinc_lock_mode", "binlog_format", "wsrep_osu_method"},
		"1 if a setting that can cost data or split the cluster is on, else 0 (wsrep_cluster_address, wsrep_provider_options, innodb_autoinc_lock_mode, binlog_format, wsrep_OSU_method).",
		"SHOW GLOBAL VARIABLES", "1: change it. bootstrap_address: a restart would found a second cluster. pc_ignore_*: a partition would write on both sides. "+
			"innodb_autoinc_lock_mode must be 2 and binlog_format ROW. wsrep_osu_method: RSU was left on, and schema changes stay on this node.")
	GaleraDesyncEnabled = inVariables.family("galera_desync_enabled", gauge, nil,
		"1 if somebody took the node out of flow control, else 0 (wsrep_desync).",
		"wsrep_desync", "1 for long: somebody forgot it. SET GLOBAL wsrep_desync=OFF once the receive queue is short.")
	GaleraReadOnly = inVariables.family("galera_read_only", gauge, nil,
		"1 if the server takes no writes from clients without a right of their own, else 0 (read_only, super_read_only).",
		"read_only, super_read_only", "1: somebody set it, and proxies send no writes here by default. Replication goes on.")
	GaleraRejectQueries = inVariables.states("galera_reject_queries", "mode", []string{"none", "all", "all_kill"},
		"Whether the node turns clients away: 1 for the present mode, 0 for the others (wsrep_reject_queries).",
		"wsrep_reject_queries", "all or all_kill: maintenance, or a fence that somebody forgot.")
	GaleraSSTDonorRejectsQueries = inVariables.family("galera_sst_donor_rejects_queries", gauge, nil,
		"1 if the node turns clients away while it donates a full transfer, else 0 (wsrep_sst_donor_rejects_queries).",
		"wsrep_sst_donor_rejects_queries", "1 on the only other node: the service stops while a member is rebuilt.")
	GaleraAutoIncrementControlEnabled = inVariables.family("galera_auto_increment_control_enabled", gauge, nil,
		"1 if the node sets its auto-increment step and offset itself, else 0 (wsrep_auto_increment_control).",
		"wsrep_auto_increment_control", "0: the offsets must be set by hand, and differ between the nodes.")
	GaleraAutoIncrementIncrement = inVariables.family("galera_auto_increment_increment", gauge, nil,
		"Step between the auto-increment values this node gives out (auto_increment_increment).",
		"auto_increment_increment", "Below the number of nodes that write: they give out the same values.")
	GaleraAutoIncrementOffset = inVariables.family("galera_auto_increment_offset", gauge, nil,
		"First auto-increment value this node gives out (auto_increment_offset).",
		"auto_increment_offset", "The same on two members: they give out the same values.")
	GaleraApplierThreadsConfigured = inVariables.family("galera_applier_threads_configured", gauge, nil,
		"Applier threads the node is set to have (wsrep_slave_threads or wsrep_applier_threads).",
		"wsrep_slave_threads or wsrep_applier_threads", "Moves only when somebody sets it; galera_certification_dependency_distance says how many are of use.")
	GaleraWriteSetLimitBytes = inVariables.family("galera_write_set_limit_bytes", gauge, nil,
		"Bytes of the largest write set that is let through (wsrep_max_ws_size).",
		"wsrep_max_ws_size", "Moves only when somebody sets it.")
	GaleraWriteSetLimitRows = inVariables.family("galera_write_set_limit_rows", gauge, nil,
		"Rows of the largest write set that is let through; 0 is no limit (wsrep_max_ws_rows).",
		"wsrep_max_ws_rows", "Moves only when somebody sets it.")
	GaleraConnectionsLimit = inVariables.family("galera_connections_limit", gauge, nil,
		"Client connections the server lets in (max_connections).",
		"max_connections", "Moves only when somebody sets it; galera_connections near it is trouble.")
	GaleraOpenTablesLimit = inVariables.family("galera_open_tables_limit", gauge, nil,
		"Tables that the table cache holds at most (table_open_cache).",
		"table_open_cache", "Moves only when somebody sets it; see galera_table_cache_total.")
	GaleraOpenTableDefinitionsLimit = inVariables.family("galera_open_table_definitions_limit", gauge, nil,
		"Definitions of tables that their cache holds at most (table_definition_cache).",
		"table_definition_cache", "Moves only when somebody sets it.")
	GaleraOpenFilesLimit = inVariables.family("galera_open_files_limit", gauge, nil,
		"Files that the server may have open (open_files_limit).",
		"open_files_limit", "Lower than my.cnf says: the unit's LimitNOFILE.")
	GaleraPXCMaintMode = inVariables.states("galera_pxc_maint_mode", "mode", []string{"disabled", "shutdown", "maintenance"},
		"Whether PXC asks proxies to stay away: 1 for the present mode, 0 for the others; PXC only (pxc_maint_mode).",
		"pxc_maint_mode", "maintenance: somebody set it. shutdown: the server is about to end.")
	GaleraGcacheSizeBytes = inVariables.family("galera_gcache_size_bytes", gauge, nil,
		"Size of the write-set cache's ring (gcache.size).",
		"gcache.size", "Divided by the rate of replicated and received bytes: how long a node may be down and still catch up.")
	GaleraGcachePageSizeBytes = inVariables.family("galera_gcache_page_size_bytes", gauge, nil,
		"Size of an overflow page of the write-set cache (gcache.page_size).",
		"gcache.page_size", "Moves only when somebody sets it.")
	GaleraGcacheKeepPagesBytes = inVariables.family("galera_gcache_keep_pages_bytes", gauge, nil,
		"Bytes of overflow pages that are kept (gcache.keep_pages_size).",
		"gcache.keep_pages_size", "Above 0 it adds to galera_gcache_size_bytes.")
	GaleraGcacheRecoverEnabled = inVariables.family("galera_gcache_recover_enabled", gauge, nil,
		"1 if the write-set cache outlives a restart, else 0 (gcache.recover).",
		"gcache.recover", "0: after a restart this node cannot help another to catch up.")
	GaleraEvsSuspectTimeoutSeconds = inVariables.family("galera_evs_suspect_timeout_seconds", gauge, nil,
		"Seconds of silence after which a member is suspected (evs.suspect_timeout).",
		"evs.suspect_timeout", "Moves only when somebody sets it; it must be the same on all members.")
	GaleraEvsInactiveTimeoutSeconds = inVariables.family("galera_evs_inactive_timeout_seconds", gauge, nil,
		"Seconds of silence after which a member is dropped without the others' agreement (evs.inactive_timeout).",
		"evs.inactive_timeout", "Moves only when somebody sets it; it must be the same on all members.")
	GaleraEvsFailureDetectionSeconds = inVariables.family("galera_evs_failure_detection_seconds", gauge, nil,
		"Seconds for which writes stall, at most, when a member dies, by the options that run (evs.suspect_timeout + evs.inactive_check_period + evs.join_retrans_period).",
		"evs.suspect_timeout, evs.inactive_check_period, evs.join_retrans_period", "Above what the objective allows: the lan profile of deploy/galera.")
	GaleraEncryptionEnabled = inVariables.family("galera_encryption_enabled", gauge, nil,
		"1 if the members talk to each other through TLS, else 0 (socket.ssl).",
		"socket.ssl", "0: whoever is on the network between the members reads and writes the data.")
	GaleraVariableFingerprint = inDrift.family("galera_variable_fingerprint", gauge, []string{"variable"},
		"Fingerprint of a setting that should be the same on all members: 52 bits of the FNV hash of its value (SHOW GLOBAL VARIABLES, wsrep_provider_options).",
		"SHOW GLOBAL VARIABLES", "Different between members: one was configured differently. Compare the variable on both; the value is not in the metric.")
)

// galeraSettings lists them, in the order of the documentation.
var galeraSettings = []*Family{
	GaleraUnsafeSetting, GaleraDesyncEnabled, GaleraReadOnly, GaleraRejectQueries, GaleraSSTDonorRejectsQueries,
	GaleraAutoIncrementControlEnabled, GaleraAutoIncrementIncrement, GaleraAutoIncrementOffset, GaleraApplierThreadsConfigured,
	GaleraWriteSetLimitBytes, GaleraWriteSetLimitRows, GaleraConnectionsLimit, GaleraPXCMaintMode,
	GaleraOpenTablesLimit, GaleraOpenTableDefinitionsLimit, GaleraOpenFilesLimit,
	GaleraGcacheSizeBytes, GaleraGcachePageSizeBytes, GaleraGcacheKeepPagesBytes, GaleraGcacheRecoverEnabled,
	GaleraEvsSuspectTimeoutSeconds, GaleraEvsInactiveTimeoutSeconds, GaleraEvsFailureDetectionSeconds, GaleraEncryptionEnabled,
	GaleraVariableFingerprint,
}
