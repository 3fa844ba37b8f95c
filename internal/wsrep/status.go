package wsrep

import (
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Status is what SHOW GLOBAL STATUS LIKE 'wsrep%' says of a node.
type Status struct {
	ClusterStatus string // primary, non_primary, disconnected; "" absent
	State         string // undefined, joiner, donor, joined, synced, error; "" absent
	StateCode     Int
	Comment       string // the state in the server's words
	EVSState      string // closed, joining, leaving, gather, install, operational; "" absent

	Ready, Connected                       cluster.Truth
	FlowControlActive, FlowControlRequests cluster.Truth // the group is held; this node holds it

	ClusterUUID, LocalUUID, MemberUUID string // "" absent or undefined
	ProviderVersion                    string

	ClusterSize, ClusterWeight, ConfID, LocalIndex, DesyncCount, Segment, Protocol Int

	Members Members

	Replicated, ReplicatedBytes, Received, ReceivedBytes Int
	LocalCommits, CertFailures, BFAborts                 Int
	LastCommitted, CachedDownTo                          Int
	RecvQueue, SendQueue                                 Int
	PausedNanoseconds, PausesSent, PausesReceived        Int
	LimitLower, LimitUpper                               Int // PXC says them; elsewhere see FlowControlLimits

	// What more a node says of the stream of write sets.
	ReplKeys, ReplKeysBytes, ReplDataBytes, ReplOtherBytes Int
	Replays, CausalReads, ApplyWaits                       Int
	LastApplied, CheckpointSeqno                           Int
	CertIndexSize, GcachePool                              Int
	OpenTransactions, OpenConnections                      Int
	Appliers, Rollbackers                                  Int // threads
	Retransmitted                                          Int // only with statistics in evs.info_log_mask

	Window Window

	Latency      Latency
	DelayedPeers Int
	EvictedPeers Int
	Monitors     Monitors
	IST          IST
}

// ParseStatus reads the variables. The keys are in lower case, as sqlconn's Pairs gives them.
func ParseStatus(vars map[string]string) Status {
	number := func(name string) Int { return ParseInt(vars["wsrep_"+name]) }
	s := Status{
		ClusterStatus: word(clusterStatuses[:], vars["wsrep_cluster_status"]),
		StateCode:     number("local_state"),
		Comment:       vars["wsrep_local_state_comment"],
		EVSState:      word(evsStates[:], vars["wsrep_evs_state"]),

		Ready:               ParseBool(vars["wsrep_ready"]),
		Connected:           ParseBool(vars["wsrep_connected"]),
		FlowControlActive:   ParseBool(vars["wsrep_flow_control_active"]),
		FlowControlRequests: ParseBool(vars["wsrep_flow_control_requested"]),

		ClusterUUID:     ParseUUID(vars["wsrep_cluster_state_uuid"]),
		LocalUUID:       ParseUUID(vars["wsrep_local_state_uuid"]),
		MemberUUID:      ParseUUID(vars["wsrep_gcomm_uuid"]),
		ProviderVersion: vars["wsrep_provider_version"],

		ClusterSize:   number("cluster_size"),
		ClusterWeight: number("cluster_weight"),
		ConfID:        number("cluster_conf_id"),
		LocalIndex:    number("local_index"),
		DesyncCount:   number("desync_count"),
		Segment:       number("gmcast_segment"),
		Protocol:      number("protocol_version"),

		Replicated:      number("replicated"),
		ReplicatedBytes: number("replicated_bytes"),
		Received:        number("received"),
		ReceivedBytes:   number("received_bytes"),
		LocalCommits:    number("local_commits"),
		CertFailures:    number("local_cert_failures"),
		BFAborts:        number("local_bf_aborts"),
		LastCommitted:   number("last_committed"),
		CachedDownTo:    number("local_cached_downto"),
		RecvQueue:       number("local_recv_queue"),
		SendQueue:       number("local_send_queue"),

		PausedNanoseconds: number("flow_control_paused_ns"),
		PausesSent:        number("flow_control_sent"),
		PausesReceived:    number("flow_control_recv"),
		LimitLower:        number("flow_control_interval_low"),
		LimitUpper:        number("flow_control_interval_high"),

		ReplKeys:         number("repl_keys"),
		ReplKeysBytes:    number("repl_keys_bytes"),
		ReplDataBytes:    number("repl_data_bytes"),
		ReplOtherBytes:   number("repl_other_bytes"),
		Replays:          number("local_replays"),
		CausalReads:      number("causal_reads"),
		ApplyWaits:       number("apply_waits"),
		LastApplied:      number("last_applied"),
		CheckpointSeqno:  ParsePosition(vars["wsrep_checkpoint_position"]),
		CertIndexSize:    number("cert_index_size"),
		GcachePool:       number("gcache_pool_size"),
		OpenTransactions: number("open_transactions"),
		OpenConnections:  number("open_connections"),
		Appliers:         number("applier_thread_count"),
		Rollbackers:      number("rollbacker_thread_count"),
		Retransmitted:    number("evs_retransmitted"),

		Window: parseWindow(vars),

		Latency:  ParseLatency(vars["wsrep_evs_repl_latency"]),
		Monitors: ParseMonitors(vars["wsrep_monitor_status (l/a/c)"]),
		IST: ParseIST(number("ist_receive_seqno_start"), number("ist_receive_seqno_current"),
			number("ist_receive_seqno_end")),
	}
	if s.StateCode.Known && s.StateCode.Value < int64(len(localStates)) {
		s.State = localStates[s.StateCode.Value]
	}
	if s.FlowControlActive == cluster.Unknown {
		s.FlowControlActive = ParseBool(vars["wsrep_flow_control_status"]) // PXC
	}
	if text, ok := vars["wsrep_incoming_addresses"]; ok && s.ClusterSize.Known {
		s.Members = ParseMembers(text, s.ClusterSize.Value)
	}
	if text, ok := vars["wsrep_evs_delayed"]; ok {
		s.DelayedPeers = Int{Value: int64(len(ParseDelayed(text))), Known: true}
	}
	if text, ok := vars["wsrep_evs_evict_list"]; ok {
		s.EvictedPeers = Int{Value: int64(len(split(text))), Known: true}
	}
	return s
}

// localStates are the states by the server's number for them.
var localStates = [...]string{"undefined", "joiner", "donor", "joined", "synced", "error"}

var clusterStatuses = [...]string{"primary", "non_primary", "disconnected"}

var evsStates = [...]string{"closed", "joining", "leaving", "gather", "install", "operational"}

// word finds a server's word in a list of ours: without regard to case, and with "-" for "_".
func word(list []string, text string) string {
	for _, w := range list {
		if strings.EqualFold(w, text) || strings.EqualFold(strings.ReplaceAll(w, "_", "-"), text) {
			return w
		}
	}
	return ""
}

// split takes a comma list apart; an empty text is an empty list.
func split(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return strings.Split(text, ",")
}
