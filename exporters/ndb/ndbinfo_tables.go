package ndb

// The tables of ndbinfo that are read, with the columns of 9.7.2. A server that lacks some of
// them lacks what comes from there; one that has others is read all the same.
var (
	nodesTable      = table{name: "nodes", columns: "node_id uptime config_generation", others: "status start_phase"}
	membershipTable = table{
		name: "membership", columns: "node_id group_id president arbitrator arb_ticket arb_state arb_connected",
		others: "left_node right_node successor succession_order conf_hb_order connected_rank1_arbs connected_rank2_arbs",
	}
	restartTable = table{name: "restart_info", columns: "node_id node_restart_status node_restart_status_int total_restart_secs secs_to_complete_node_failure secs_to_allocate_node_id " +
		"secs_to_include_in_heartbeat_protocol secs_until_wait_for_ndbcntr_master secs_wait_for_ndbcntr_master secs_to_get_start_permitted " +
		"secs_to_wait_for_lcp_for_copy_meta_data secs_to_copy_meta_data secs_to_include_node secs_starting_node_to_request_local_recovery " +
		"secs_for_local_recovery secs_restore_fragments secs_undo_disk_data secs_exec_redo_log secs_index_rebuild " +
		"secs_to_synchronize_starting_node secs_wait_lcp_for_restart secs_wait_subscription_handover"}
	memoryTable      = table{name: "memoryusage", columns: "node_id memory_type used total", others: "used_pages total_pages"}
	resourcesTable   = table{name: "resources", columns: "node_id resource_name reserved used max", others: "spare"}
	poolsTable       = table{name: "ndb$pools", columns: "node_id block_number pool_name used total", hidden: true}
	logSpacesTable   = table{name: "logspaces", columns: "node_id log_type log_id log_part total used"}
	logBuffersTable  = table{name: "logbuffers", columns: "node_id log_type total used", others: "log_id log_part"}
	countersTable    = table{name: "counters", columns: "node_id counter_name val", others: "block_name block_instance counter_id"}
	transportersList = table{
		name: "transporters", columns: "node_id remote_node_id status bytes_sent bytes_received connect_count overload_count slowdown_count encrypted",
		others: "remote_address overloaded slowdown",
	}
	diskWritesTable = table{
		name: "disk_write_speed_aggregate", columns: "node_id backup_lcp_speed_last_10sec redo_speed_last_10sec slowdowns_due_to_io_lag " +
			"slowdowns_due_to_high_cpu disk_write_speed_set_to_min current_target_disk_write_speed",
		others: "thr_no backup_lcp_speed_last_sec redo_speed_last_sec std_dev_backup_lcp_speed_last_10sec std_dev_redo_speed_last_10sec " +
			"backup_lcp_speed_last_60sec redo_speed_last_60sec std_dev_backup_lcp_speed_last_60sec std_dev_redo_speed_last_60sec",
	}
	diskPagesTable = table{
		name: "diskpagebuffer", columns: "node_id pages_written pages_read log_waits page_requests_direct_return page_requests_wait_queue page_requests_wait_io",
		others: "block_instance pages_written_lcp",
	}
	threadStatTable = table{
		name: "threadstat", columns: "node_id thr_no thr_nm os_ru_utime os_ru_stime os_ru_nivcsw",
		others: "c_loop c_exec c_wait c_l_sent_prioa c_l_sent_priob c_r_sent_prioa c_r_sent_priob os_tid os_now os_ru_minflt os_ru_majflt os_ru_nvcsw",
	}
	cpuStatTable = table{
		name: "cpustat", columns: "node_id thr_no thread_exec thread_send thread_buffer_full",
		others: "os_user os_system os_idle thread_sleeping thread_spinning elapsed_time",
	}
	backupTable       = table{name: "backup_id", columns: "id"}
	configValues      = table{name: "config_values", columns: "node_id config_param config_value"}
	configParams      = table{name: "config_params", columns: "param_number param_name", others: "param_description param_type param_default param_min param_max param_mandatory param_status"}
	processesTable    = table{name: "processes", columns: "node_id node_type node_version process_id process_name", others: "angel_process_id service_uri"}
	certificatesTable = table{name: "ndb$certificates", columns: "node_id name expires", hidden: true}
)

// everyTable is what the census looks at.
var everyTable = []table{
	nodesTable, membershipTable, restartTable, memoryTable, resourcesTable, poolsTable, logSpacesTable, logBuffersTable, countersTable, transportersList,
	diskWritesTable, diskPagesTable, threadStatTable, cpuStatTable, backupTable, configValues, configParams, processesTable, certificatesTable,
}
