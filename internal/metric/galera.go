package metric

import "github.com/prometheus/client_golang/prometheus"

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

var galeraTarget = []string{Job, Instance, Cluster, Node}

// The families of galera_exporter, one target a server: who the member is and what state it
// is in. They carry no label for the cluster or the node: service discovery sets those.
var (
	GaleraUp = galera("galera_up", gauge, nil,
		"1 if the handshake and SHOW GLOBAL STATUS worked, else 0, and then nothing else is known (handshake, SHOW).",
		"handshake, SHOW GLOBAL STATUS", "0: the server is down, frozen, joining by SST, or refuses us; the exporter's log says which. See docs/runbooks/GaleraNodeDown.md.")

	GaleraNodeInfo = galera("galera_node_info", gauge, []string{"node_name", "node_address", "provider_version", "server_version", "flavor"},
		"Always 1; the labels say who the node is and what it runs, flavor is mariadb, mysql or pxc (wsrep_node_name, wsrep_provider_version, version).",
		"SHOW GLOBAL VARIABLES, wsrep_provider_version", "Two versions in one cluster for longer than an upgrade: finish it.")
	GaleraClusterInfo = galera("galera_cluster_info", gauge, []string{"cluster_name", "cluster_state_uuid"},
		"Always 1; the labels name the component and the history it holds; absent while the history is undefined (wsrep_cluster_name, wsrep_cluster_state_uuid).",
		"wsrep_cluster_name, wsrep_cluster_state_uuid", "Two UUIDs among primary members: two clusters. Stop writes and see docs/runbooks.")
	GaleraMemberInfo = galera("galera_member_info", gauge, []string{"member_uuid"},
		"Always 1; the label is this member's identity in the group, new at every start (wsrep_gcomm_uuid).",
		"wsrep_gcomm_uuid", "A new one: the server restarted. Needed to evict a member by hand.")

	GaleraClusterStatus = galeraStates("galera_cluster_status", "status", []string{"primary", "non_primary", "disconnected"},
		"Status of the component this node is in: 1 for the present one, 0 for the others (wsrep_cluster_status).",
		"wsrep_cluster_status", "non_primary: the node lost the quorum. No primary anywhere: the cluster is down for writes.")
	GaleraLocalState = galeraStates("galera_local_state", "state", []string{"undefined", "joiner", "donor", "joined", "synced", "error"},
		"State of this node: 1 for the present one, 0 for the others; donor is also desynced on purpose (wsrep_local_state).",
		"wsrep_local_state", "Anything but synced for longer than a transfer: see galera_local_state_info for the server's words.")
	GaleraLocalStateCode = galera("galera_local_state_code", gauge, nil,
		"State of this node as a number: 0 undefined, 1 joiner, 2 donor or desynced, 3 joined, 4 synced, 5 error (wsrep_local_state).",
		"wsrep_local_state", "See galera_local_state; this twin is for state timelines.")
	GaleraLocalStateInfo = galera("galera_local_state_info", gauge, []string{"comment"},
		"Always 1; the label is the state in the server's words (wsrep_local_state_comment).",
		"wsrep_local_state_comment", "\"request failed\" or \"Transfer failed\": the error log of this node and of the donor.")

	GaleraReady = galera("galera_ready", gauge, nil,
		"1 if the node answers queries, else 0 (wsrep_ready).",
		"wsrep_ready", "0 with galera_up 1: alive, not operational. Look at galera_cluster_status first.")
	GaleraConnected = galera("galera_connected", gauge, nil,
		"1 if the node is connected to a component, else 0 (wsrep_connected).",
		"wsrep_connected", "0: network between the members, or wsrep_cluster_address.")
	GaleraWsrepOn = galera("galera_wsrep_on", gauge, nil,
		"1 if replication is switched on, 0 on a server that merely has the plugin (wsrep_on).",
		"wsrep_on", "0: this server takes writes that nobody else gets. Take it out of the proxy.")
	GaleraStateUUIDMatch = galera("galera_state_uuid_match", gauge, nil,
		"1 if the node holds the history of its component, 0 if not; absent while either is undefined (wsrep_local_state_uuid, wsrep_cluster_state_uuid).",
		"wsrep_local_state_uuid, wsrep_cluster_state_uuid", "0 outside a state transfer: the node must be rebuilt by SST.")

	GaleraClusterSize = galera("galera_cluster_size", gauge, nil,
		"Members of this node's component, arbitrators and joiners included (wsrep_cluster_size).",
		"wsrep_cluster_size", "Below galera_cluster_expected_members: someone is missing. Different between members: a partition.")
	GaleraClusterExpectedMembers = galera("galera_cluster_expected_members", gauge, nil,
		"Members the cluster should have by kagu.yaml, the arbitrator included (kagu.yaml).",
		"kagu.yaml", "Moves only when kagu.yaml changes.")
	GaleraClusterWeight = galera("galera_cluster_weight", gauge, nil,
		"Sum of the members' quorum weights in this node's component, 0 when detached (wsrep_cluster_weight).",
		"wsrep_cluster_weight", "A crash of half of it or more at once loses the quorum.")
	GaleraClusterConfID = galera("galera_cluster_conf_id", gauge, nil,
		"Number of the component's configuration, equal on all its members; absent when non-primary (wsrep_cluster_conf_id).",
		"wsrep_cluster_conf_id", "Grows often: members come and go; look for a flapping node or network.")
	GaleraClusterMembers = galera("galera_cluster_members", gauge, []string{"kind"},
		"Members of this node's component that are data nodes and those that are arbitrators (wsrep_incoming_addresses).",
		"wsrep_incoming_addresses", "arbitrator 0 where there should be one: garbd is down.")
	GaleraLocalIndex = galera("galera_local_index", gauge, nil,
		"Position of this node in the component's member list (wsrep_local_index).",
		"wsrep_local_index", "Changes with every configuration; it means nothing by itself.")
	GaleraNodeWeight = galera("galera_node_weight", gauge, nil,
		"Quorum weight of this node (pc.weight).",
		"wsrep_provider_options", "Moves only when somebody sets it.")
	GaleraDesyncRequests = galera("galera_desync_requests", gauge, nil,
		"Reasons for which this node is desynced now: SST as donor, RSU, wsrep_desync, FTWRL add up (wsrep_desync_count).",
		"wsrep_desync_count", "Above 0 for hours: a backup or a transfer hangs, or someone forgot wsrep_desync.")
	GaleraEvsState = galeraStates("galera_evs_state", "state", []string{"closed", "joining", "leaving", "gather", "install", "operational"},
		"State of group communication: 1 for the present one, 0 for the others (wsrep_evs_state).",
		"wsrep_evs_state", "Anything but operational: membership is being settled and writes wait.")
)

// The families of galera_exporter about the stream of write sets. All counters here survive
// FLUSH STATUS unless their Help says otherwise.
var (
	GaleraReplicatedWriteSetsTotal = galera("galera_replicated_write_sets_total", counter, nil,
		"Write sets this node sent to the group (wsrep_replicated).",
		"wsrep_replicated", "The writes of this node. 0 where clients should write: look at the proxy.")
	GaleraReplicatedBytesTotal = galera("galera_replicated_bytes_total", counter, nil,
		"Bytes of the write sets this node sent to the group (wsrep_replicated_bytes).",
		"wsrep_replicated_bytes", "A jump without more write sets: one huge transaction.")
	GaleraReceivedWriteSetsTotal = galera("galera_received_write_sets_total", counter, nil,
		"Write sets this node received from the group (wsrep_received).",
		"wsrep_received", "Stands still while others write: see galera_local_recv_queue_length.")
	GaleraReceivedBytesTotal = galera("galera_received_bytes_total", counter, nil,
		"Bytes of the write sets this node received from the group (wsrep_received_bytes).",
		"wsrep_received_bytes", "With the replicated bytes it is the rate that fills the write-set cache.")
	GaleraLocalCommitsTotal = galera("galera_local_commits_total", counter, nil,
		"Transactions of this node's clients that committed (wsrep_local_commits).",
		"wsrep_local_commits", "Drops to 0 under load: flow control, a blocked commit, or the proxy moved the writer.")
	GaleraLocalCertificationFailuresTotal = galera("galera_local_certification_failures_total", counter, nil,
		"Transactions of this node's clients that failed certification: they saw a deadlock error at commit (wsrep_local_cert_failures).",
		"wsrep_local_cert_failures", "Rising: two nodes write the same rows. Route those writes to one.")
	GaleraLocalBFAbortsTotal = galera("galera_local_bf_aborts_total", counter, nil,
		"Open transactions of this node's clients that were killed by an applied write set (wsrep_local_bf_aborts).",
		"wsrep_local_bf_aborts", "Rising: as for certification failures.")
	GaleraLastCommittedSeqno = galera("galera_last_committed_seqno", gauge, nil,
		"Sequence number up to which this node has committed (wsrep_last_committed).",
		"wsrep_last_committed", "Behind the other members: this node applies too slowly. Use deriv(), not rate().")
	GaleraGcacheOldestSeqno = galera("galera_gcache_oldest_seqno", gauge, nil,
		"Lowest sequence number in this node's write-set cache; absent while it is empty (wsrep_local_cached_downto).",
		"wsrep_local_cached_downto", "Passes the last seqno of a node that is down: that node will need a full transfer.")

	GaleraLocalRecvQueueLength = galera("galera_local_recv_queue_length", gauge, nil,
		"Write sets that wait to be applied here (wsrep_local_recv_queue).",
		"wsrep_local_recv_queue", "Above the upper galera_flow_control_queue_limit: this node holds up the group.")
	GaleraLocalSendQueueLength = galera("galera_local_send_queue_length", gauge, nil,
		"Write sets that wait to enter the group (wsrep_local_send_queue).",
		"wsrep_local_send_queue", "Above 0 for long: the network, or flow control by another member.")
	GaleraFlowControlPausedSecondsTotal = galera("galera_flow_control_paused_seconds_total", counter, nil,
		"Seconds for which flow control held this node, a pause still running included (wsrep_flow_control_paused_ns).",
		"wsrep_flow_control_paused_ns", "Its rate is the share of time that writes waited. Find the member with galera_flow_control_requested 1.")
	GaleraFlowControlSentTotal = galera("galera_flow_control_sent_total", counter, nil,
		"Pauses this node asked for: it is the slow one; FLUSH STATUS resets it (wsrep_flow_control_sent).",
		"wsrep_flow_control_sent", "Rising on one member: that one is slow. Look at its disk and its queries.")
	GaleraFlowControlReceivedTotal = galera("galera_flow_control_received_total", counter, nil,
		"Pauses this node was told of, its own included; FLUSH STATUS resets it (wsrep_flow_control_recv).",
		"wsrep_flow_control_recv", "Rising: some member is slow; galera_flow_control_sent_total says which.")
	GaleraFlowControlActive = galera("galera_flow_control_active", gauge, nil,
		"1 while the group is held by flow control, else 0 (wsrep_flow_control_active).",
		"wsrep_flow_control_active", "1 for seconds: clients wait at commit.")
	GaleraFlowControlRequested = galera("galera_flow_control_requested", gauge, nil,
		"1 while this node holds the group, else 0 (wsrep_flow_control_requested).",
		"wsrep_flow_control_requested", "1: this is the culprit.")
	GaleraFlowControlQueueLimit = galera("galera_flow_control_queue_limit", gauge, []string{"bound"},
		"Receive queue at which this node asks for a pause (bound upper) and lets go again (bound lower) (gcs.fc_limit, gcs.fc_factor, wsrep_cluster_size).",
		"wsrep_provider_options; wsrep_flow_control_interval_* where there", "Moves with the number of members and with the options.")
)

// Galera lists the families of galera_exporter about a database, in the order of the documentation.
func Galera() []*Family {
	return []*Family{
		GaleraUp, GaleraNodeInfo, GaleraClusterInfo, GaleraMemberInfo,
		GaleraClusterStatus, GaleraLocalState, GaleraLocalStateCode, GaleraLocalStateInfo,
		GaleraReady, GaleraConnected, GaleraWsrepOn, GaleraStateUUIDMatch,
		GaleraClusterSize, GaleraClusterExpectedMembers, GaleraClusterWeight, GaleraClusterConfID,
		GaleraClusterMembers, GaleraLocalIndex, GaleraNodeWeight, GaleraDesyncRequests, GaleraEvsState,
		GaleraReplicatedWriteSetsTotal, GaleraReplicatedBytesTotal, GaleraReceivedWriteSetsTotal, GaleraReceivedBytesTotal,
		GaleraLocalCommitsTotal, GaleraLocalCertificationFailuresTotal, GaleraLocalBFAbortsTotal,
		GaleraLastCommittedSeqno, GaleraGcacheOldestSeqno,
		GaleraLocalRecvQueueLength, GaleraLocalSendQueueLength,
		GaleraFlowControlPausedSecondsTotal, GaleraFlowControlSentTotal, GaleraFlowControlReceivedTotal,
		GaleraFlowControlActive, GaleraFlowControlRequested, GaleraFlowControlQueueLimit,
	}
}

func galera(name string, kind prometheus.ValueType, labels []string, help, source, moves string) *Family {
	return Family{
		Name: name, Type: kind, Help: help, Labels: labels, Target: galeraTarget,
		Source: source, Cost: EveryScrape, Moves: moves,
	}.declare()
}

func galeraStates(name, label string, states []string, help, source, moves string) *Family {
	return Family{
		Name: name, Type: gauge, Help: help, Labels: []string{label}, States: states, Target: galeraTarget,
		Source: source, Cost: EveryScrape, Moves: moves,
	}.declare()
}
