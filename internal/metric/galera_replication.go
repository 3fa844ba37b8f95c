package metric

// The families of galera_exporter about the stream of write sets. All counters here survive
// FLUSH STATUS unless their Help says otherwise.
var (
	GaleraReplicatedWriteSetsTotal = inStatus.family("galera_replicated_write_sets_total", counter, nil,
		"Write sets this node sent to the group (wsrep_replicated).",
		"wsrep_replicated", "The writes of this node. 0 where clients should write: look at the proxy.")
	GaleraReplicatedBytesTotal = inStatus.family("galera_replicated_bytes_total", counter, nil,
		"Bytes of the write sets this node sent to the group (wsrep_replicated_bytes).",
		"wsrep_replicated_bytes", "A jump without more write sets: one huge transaction.")
	GaleraReceivedWriteSetsTotal = inStatus.family("galera_received_write_sets_total", counter, nil,
		"Write sets this node received from the group (wsrep_received).",
		"wsrep_received", "Stands still while others write: see galera_local_recv_queue_length.")
	GaleraReceivedBytesTotal = inStatus.family("galera_received_bytes_total", counter, nil,
		"Bytes of the write sets this node received from the group (wsrep_received_bytes).",
		"wsrep_received_bytes", "With the replicated bytes it is the rate that fills the write-set cache.")
	GaleraLocalCommitsTotal = inStatus.family("galera_local_commits_total", counter, nil,
		"Transactions of this node's clients that committed (wsrep_local_commits).",
		"wsrep_local_commits", "Drops to 0 under load: flow control, a blocked commit, or the proxy moved the writer.")
	GaleraLocalCertificationFailuresTotal = inStatus.family("galera_local_certification_failures_total", counter, nil,
		"Transactions of this node's clients that failed certification: they saw a deadlock error at commit (wsrep_local_cert_failures).",
		"wsrep_local_cert_failures", "Rising: two nodes write the same rows. Route those writes to one.")
	GaleraLocalBFAbortsTotal = inStatus.family("galera_local_bf_aborts_total", counter, nil,
		"Open transactions of this node's clients that were killed by an applied write set (wsrep_local_bf_aborts).",
		"wsrep_local_bf_aborts", "Rising: as for certification failures.")
	GaleraLastCommittedSeqno = inStatus.family("galera_last_committed_seqno", gauge, nil,
		"Sequence number up to which this node has committed (wsrep_last_committed).",
		"wsrep_last_committed", "Behind the other members: this node applies too slowly. Use deriv(), not rate().")
	GaleraGcacheOldestSeqno = inStatus.family("galera_gcache_oldest_seqno", gauge, nil,
		"Lowest sequence number in this node's write-set cache; absent while it is empty (wsrep_local_cached_downto).",
		"wsrep_local_cached_downto", "Passes the last seqno of a node that is down: that node will need a full transfer.")

	GaleraLocalRecvQueueLength = inStatus.family("galera_local_recv_queue_length", gauge, nil,
		"Write sets that wait to be applied here (wsrep_local_recv_queue).",
		"wsrep_local_recv_queue", "Above the upper galera_flow_control_queue_limit: this node holds up the group.")
	GaleraLocalSendQueueLength = inStatus.family("galera_local_send_queue_length", gauge, nil,
		"Write sets that wait to enter the group (wsrep_local_send_queue).",
		"wsrep_local_send_queue", "Above 0 for long: the network, or flow control by another member.")
	GaleraFlowControlPausedSecondsTotal = inStatus.family("galera_flow_control_paused_seconds_total", counter, nil,
		"Seconds for which flow control held this node, a pause still running included (wsrep_flow_control_paused_ns).",
		"wsrep_flow_control_paused_ns", "Its rate is the share of time that writes waited. Find the member with galera_flow_control_requested 1.")
	GaleraFlowControlSentTotal = inStatus.family("galera_flow_control_sent_total", counter, nil,
		"Pauses this node asked for: it is the slow one; FLUSH STATUS resets it (wsrep_flow_control_sent).",
		"wsrep_flow_control_sent", "Rising on one member: that one is slow. Look at its disk and its queries.")
	GaleraFlowControlReceivedTotal = inStatus.family("galera_flow_control_received_total", counter, nil,
		"Pauses this node was told of, its own included; FLUSH STATUS resets it (wsrep_flow_control_recv).",
		"wsrep_flow_control_recv", "Rising: some member is slow; galera_flow_control_sent_total says which.")
	GaleraFlowControlActive = inStatus.family("galera_flow_control_active", gauge, nil,
		"1 while the group is held by flow control, else 0 (wsrep_flow_control_active).",
		"wsrep_flow_control_active", "1 for seconds: clients wait at commit.")
	GaleraFlowControlRequested = inStatus.family("galera_flow_control_requested", gauge, nil,
		"1 while this node holds the group, else 0 (wsrep_flow_control_requested).",
		"wsrep_flow_control_requested", "1: this is the culprit.")
	GaleraFlowControlQueueLimit = inVariables.family("galera_flow_control_queue_limit", gauge, []string{"bound"},
		"Receive queue at which this node asks for a pause (bound upper) and lets go again (bound lower) (gcs.fc_limit, gcs.fc_factor, wsrep_cluster_size).",
		"wsrep_provider_options; wsrep_flow_control_interval_* where there", "Moves with the number of members and with the options.")
	GaleraReplicatedKeysTotal = inStatus.family("galera_replicated_keys_total", counter, nil,
		"Certification keys in the write sets this node sent (wsrep_repl_keys).",
		"wsrep_repl_keys", "Many to a write set: wide transactions, which conflict more.")
	GaleraReplicatedKeysBytesTotal = inStatus.family("galera_replicated_keys_bytes_total", counter, nil,
		"Bytes of the certification keys this node sent (wsrep_repl_keys_bytes).",
		"wsrep_repl_keys_bytes", "A large part of galera_replicated_bytes_total: many tiny rows or long keys.")
	GaleraReplicatedDataBytesTotal = inStatus.family("galera_replicated_data_bytes_total", counter, nil,
		"Bytes of row data this node sent (wsrep_repl_data_bytes).",
		"wsrep_repl_data_bytes", "Moves with the writes; large rows or a bulk load show here first.")
	GaleraReplicatedOtherBytesTotal = inStatus.family("galera_replicated_other_bytes_total", counter, nil,
		"Bytes this node sent beside keys and row data (wsrep_repl_other_bytes).",
		"wsrep_repl_other_bytes", "Usually near 0: annotations and unordered data.")
	GaleraLocalReplaysTotal = inStatus.family("galera_local_replays_total", counter, nil,
		"Transactions of this node's clients that were carried out again after an applied write set killed them (wsrep_local_replays).",
		"wsrep_local_replays", "Rising: as for certification failures, but the client did not notice.")
	GaleraCausalReadsTotal = inStatus.family("galera_causal_reads_total", counter, nil,
		"Reads that waited until this node had caught up (wsrep_causal_reads).",
		"wsrep_causal_reads", "Rising fast: clients set wsrep_sync_wait, and each such read costs a round trip of the group.")
	GaleraApplyWaitsTotal = inStatus.family("galera_apply_waits_total", counter, nil,
		"Times an applier waited for an earlier write set; FLUSH STATUS resets it; from provider 26.4.9 on (wsrep_apply_waits).",
		"wsrep_apply_waits", "Rising with the receive queue: the write sets depend on each other, and more applier threads do not help.")
	GaleraLastAppliedSeqno = inStatus.family("galera_last_applied_seqno", gauge, nil,
		"Sequence number up to which this node has applied; PXC only (wsrep_last_applied).",
		"wsrep_last_applied", "Far above galera_last_committed_seqno: commits wait, look at the disk.")
	GaleraCheckpointSeqno = inStatus.family("galera_checkpoint_seqno", gauge, nil,
		"Sequence number the storage engine has on disk; recent MariaDB only (wsrep_checkpoint_position).",
		"wsrep_checkpoint_position", "Stands still while galera_last_committed_seqno moves: after a crash the node would come back from there.")
	GaleraGcachePoolBytes = inStatus.family("galera_gcache_pool_bytes", gauge, nil,
		"Bytes of the write-set cache's pages and heap in use; PXC only (wsrep_gcache_pool_size).",
		"wsrep_gcache_pool_size", "Growing: a transfer or a huge transaction holds write sets; mind the disk.")
	GaleraMonitorPending = inStatus.states("galera_monitor_pending", "monitor", []string{"local", "apply", "commit"},
		"Write sets that entered a monitor of the provider and have not left it; PXC only (wsrep_monitor_status).",
		"wsrep_monitor_status (L/A/C)", "commit above 0 for long: one write set holds all that follow.")
	GaleraOpenTransactions = inStatus.family("galera_open_transactions", gauge, nil,
		"Transactions the provider knows of now (wsrep_open_transactions).",
		"wsrep_open_transactions", "Growing without end: transactions are not finished; look for the oldest.")
	GaleraOpenConnections = inStatus.family("galera_open_connections", gauge, nil,
		"Connections the provider knows of now (wsrep_open_connections).",
		"wsrep_open_connections", "Moves with the clients that write.")
	GaleraCertificationIndexEntries = inStatus.family("galera_certification_index_entries", gauge, nil,
		"Entries of the certification index; 0 after FLUSH STATUS until the next certification (wsrep_cert_index_size).",
		"wsrep_cert_index_size", "Growing without end: some member does not report what it committed; find the slow one.")
	GaleraCertificationDependencyDistance = inStatus.family("galera_certification_dependency_distance", gauge, nil,
		"Mean distance between write sets that depend on each other, since FLUSH STATUS or the start (wsrep_cert_deps_distance).",
		"wsrep_cert_deps_distance", "As many applier threads can work at once. Never alert on it: it is a mean since an unknown time.")
	GaleraCertificationInterval = inStatus.family("galera_certification_interval", gauge, nil,
		"Mean number of write sets that came while one was on its way, since FLUSH STATUS or the start (wsrep_cert_interval).",
		"wsrep_cert_interval", "The higher, the likelier are conflicts. A mean since an unknown time.")
	GaleraApplyOutOfOrderRatio = inStatus.family("galera_apply_out_of_order_ratio", gauge, nil,
		"Share of write sets that were applied before an earlier one, since FLUSH STATUS or the start (wsrep_apply_oooe).",
		"wsrep_apply_oooe", "Near 0 with several applier threads: they have nothing to do at the same time.")
	GaleraApplyWindow = inStatus.family("galera_apply_window", gauge, nil,
		"Mean span of write sets applied at the same time, since FLUSH STATUS or the start (wsrep_apply_window).",
		"wsrep_apply_window", "Well below the number of applier threads: more threads do not help.")
	GaleraCommitWindow = inStatus.family("galera_commit_window", gauge, nil,
		"Mean span of write sets committed at the same time, since FLUSH STATUS or the start (wsrep_commit_window).",
		"wsrep_commit_window", "A sizing hint, as galera_apply_window.")
	GaleraRecvQueueSinceFlush = inWindow.states("galera_local_recv_queue_length_since_flush", "statistic", []string{"max", "min", "mean"},
		"Receive queue since FLUSH STATUS or the start: its extremes and its mean over the entries, not over time (wsrep_local_recv_queue_max, _min, _avg).",
		"wsrep_local_recv_queue_max, _min, _avg", "Use galera_local_recv_queue_length. Never alert on this.")
	GaleraSendQueueSinceFlush = inWindow.states("galera_local_send_queue_length_since_flush", "statistic", []string{"max", "min", "mean"},
		"Send queue since FLUSH STATUS or the start: its extremes and its mean over the entries, not over time (wsrep_local_send_queue_max, _min, _avg).",
		"wsrep_local_send_queue_max, _min, _avg", "Use galera_local_send_queue_length. Never alert on this.")
)

// galeraReplication lists them, in the order of the documentation.
var galeraReplication = []*Family{
	GaleraReplicatedWriteSetsTotal, GaleraReplicatedBytesTotal, GaleraReceivedWriteSetsTotal, GaleraReceivedBytesTotal,
	GaleraLocalCommitsTotal, GaleraLocalCertificationFailuresTotal, GaleraLocalBFAbortsTotal, GaleraLastCommittedSeqno,
	GaleraGcacheOldestSeqno, GaleraLocalRecvQueueLength, GaleraLocalSendQueueLength, GaleraFlowControlPausedSecondsTotal,
	GaleraFlowControlSentTotal, GaleraFlowControlReceivedTotal, GaleraFlowControlActive, GaleraFlowControlRequested,
	GaleraFlowControlQueueLimit, GaleraReplicatedKeysTotal, GaleraReplicatedKeysBytesTotal, GaleraReplicatedDataBytesTotal,
	GaleraReplicatedOtherBytesTotal, GaleraLocalReplaysTotal, GaleraCausalReadsTotal, GaleraApplyWaitsTotal,
	GaleraLastAppliedSeqno, GaleraCheckpointSeqno, GaleraGcachePoolBytes, GaleraMonitorPending,
	GaleraOpenTransactions, GaleraOpenConnections, GaleraCertificationIndexEntries, GaleraCertificationDependencyDistance,
	GaleraCertificationInterval, GaleraApplyOutOfOrderRatio, GaleraApplyWindow, GaleraCommitWindow,
	GaleraRecvQueueSinceFlush, GaleraSendQueueSinceFlush,
}
