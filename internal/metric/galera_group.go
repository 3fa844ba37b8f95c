package metric

// The families of galera_exporter about group communication and state transfers.
var (
	GaleraEvsReplicationLatencyMinSeconds = inStatus.family("galera_evs_replication_latency_min_seconds", gauge, nil,
		"Shortest time from sending a message of this node to its safe delivery, in the last report period; absent without messages (wsrep_evs_repl_latency).",
		"wsrep_evs_repl_latency", "About one round trip to the farthest member; more: the network.")
	GaleraEvsReplicationLatencyMeanSeconds = inStatus.family("galera_evs_replication_latency_mean_seconds", gauge, nil,
		"Mean time from sending a message of this node to its safe delivery, in the last report period; absent without messages (wsrep_evs_repl_latency).",
		"wsrep_evs_repl_latency", "Every commit waits that long. Rising: the network, or one member that answers slowly.")
	GaleraEvsReplicationLatencyMaxSeconds = inStatus.family("galera_evs_replication_latency_max_seconds", gauge, nil,
		"Longest time from sending a message of this node to its safe delivery, in the last report period; absent without messages (wsrep_evs_repl_latency).",
		"wsrep_evs_repl_latency", "Near galera_evs_suspect_timeout_seconds: members are about to be suspected of being dead.")
	GaleraEvsReplicationLatencyStddevSeconds = inStatus.family("galera_evs_replication_latency_stddev_seconds", gauge, nil,
		"Standard deviation of the time to safe delivery, in the last report period; absent without messages (wsrep_evs_repl_latency).",
		"wsrep_evs_repl_latency", "High: pauses in the network or on a member.")
	GaleraEvsReplicationLatencySamples = inStatus.family("galera_evs_replication_latency_samples", gauge, nil,
		"Messages the latency figures are made of; the period is evs.stats_report_period (wsrep_evs_repl_latency).",
		"wsrep_evs_repl_latency", "0: this node sent nothing in the last period, and there are no figures.")
	GaleraEvsDelayedPeers = inStatus.family("galera_evs_delayed_peers", gauge, nil,
		"Peers that answer this node late; always 0 unless evs.auto_evict is above 0 (wsrep_evs_delayed).",
		"wsrep_evs_delayed", "Above 0: the network to a peer, or its load; SHOW STATUS LIKE 'wsrep_evs_delayed' names it.")
	GaleraEvsEvictedPeers = inStatus.family("galera_evs_evicted_peers", gauge, nil,
		"Peers that were evicted from the group (wsrep_evs_evict_list).",
		"wsrep_evs_evict_list", "Above 0: the evicted server must be restarted to be let in again.")
	GaleraEvsRetransmittedMessagesTotal = inStatus.family("galera_evs_retransmitted_messages_total", counter, nil,
		"Messages this node had to send again; only with the statistics bit in evs.info_log_mask (wsrep_evs_retransmitted).",
		"wsrep_evs_retransmitted", "Rising: the network loses packets.")
	GaleraProtocolVersion = inStatus.family("galera_protocol_version", gauge, nil,
		"Version of the protocol the component speaks (wsrep_protocol_version).",
		"wsrep_protocol_version", "Different between members after an upgrade: finish it.")
	GaleraThreads = inStatus.states("galera_threads", "role", []string{"applier", "rollbacker"},
		"Threads of replication by what they do (wsrep_applier_thread_count, wsrep_rollbacker_thread_count).",
		"wsrep_applier_thread_count, wsrep_rollbacker_thread_count", "applier below galera_applier_threads_configured: some ended; look into the error log.")
	GaleraConnections = inStatus.family("galera_connections", gauge, nil,
		"Client connections now (Threads_connected).",
		"Threads_connected", "Near galera_connections_limit: clients are about to be refused.")
	GaleraISTReceiveStartSeqno = inStatus.family("galera_ist_receive_start_seqno", gauge, nil,
		"First sequence number of the incremental transfer that this node receives; PXC only, absent while there is none (wsrep_ist_receive_seqno_start).",
		"wsrep_ist_receive_seqno_start", "Appears when a transfer begins.")
	GaleraISTReceiveCurrentSeqno = inStatus.family("galera_ist_receive_current_seqno", gauge, nil,
		"Sequence number the incremental transfer has reached; PXC only, absent while there is none (wsrep_ist_receive_seqno_current).",
		"wsrep_ist_receive_seqno_current", "Stands still: the donor or the network; its error log.")
	GaleraISTReceiveEndSeqno = inStatus.family("galera_ist_receive_end_seqno", gauge, nil,
		"Last sequence number of the incremental transfer that this node receives; PXC only, absent while there is none (wsrep_ist_receive_seqno_end).",
		"wsrep_ist_receive_seqno_end", "Less the current one: what is still to come.")
	GaleraSegment = inVariables.family("galera_segment", gauge, nil,
		"Network segment of this node (wsrep_gmcast_segment, gmcast.segment).",
		"wsrep_gmcast_segment or gmcast.segment", "Different within one site: traffic takes detours.")
	GaleraQuorumMargin = inVariables.family("galera_quorum_margin", gauge, nil,
		"Members that may crash at the same moment without loss of the quorum; absent where the members' weights differ (wsrep_cluster_weight, wsrep_cluster_size, pc.weight).",
		"wsrep_cluster_weight, wsrep_cluster_size, pc.weight", "0: the next crash stops the cluster. Bring the missing member or the arbitrator back before anything else.")
)

// galeraGroup lists them, in the order of the documentation.
var galeraGroup = []*Family{
	GaleraEvsReplicationLatencyMinSeconds, GaleraEvsReplicationLatencyMeanSeconds, GaleraEvsReplicationLatencyMaxSeconds, GaleraEvsReplicationLatencyStddevSeconds,
	GaleraEvsReplicationLatencySamples, GaleraEvsDelayedPeers, GaleraEvsEvictedPeers, GaleraEvsRetransmittedMessagesTotal,
	GaleraProtocolVersion, GaleraThreads, GaleraConnections, GaleraISTReceiveStartSeqno,
	GaleraISTReceiveCurrentSeqno, GaleraISTReceiveEndSeqno, GaleraSegment, GaleraQuorumMargin,
}
