package metric

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// The collectors of galera_exporter. A family names the one that emits it.
const (
	inStatus    = from("status")
	inWindow    = from("status.window-stats")
	inVariables = from("variables")
	inDrift     = from("drift")
	inView      = from("view")
	inMembers   = from("members")
	inStreaming = from("streaming")
	inHost      = from("host")

	inWorkload     = from("workload")
	inTransactions = from("transactions")
	inResponse     = from("latency")
	inLocks        = from("locks")
	inReplication  = from("replication")
	inTLS          = from("tls")
	inClock        = from("clock")
	inDigests      = from("digests")
	inBinlog       = from("binlog")
	inAccounts     = from("accounts")
	inAllowlist    = from("allowlist")
	inSchema       = from("schema")
)

// from is the collector that emits a family.
type from string

var galeraTarget = []string{Job, Instance, Cluster, Node}

// The families of galera_exporter, one target a server: who the member is and what state it
// is in. They carry no label for the cluster or the node: service discovery sets those.
var (
	GaleraUp = inStatus.family("galera_up", gauge, nil,
		"1 if the handshake and SHOW GLOBAL STATUS worked, else 0, and then nothing else is known (handshake, SHOW).",
		"handshake, SHOW GLOBAL STATUS", "0: the server is down, frozen, joining by SST, or refuses us; the exporter's log says which. See docs/runbooks/GaleraNodeDown.md.")

	GaleraNodeInfo = inVariables.family("galera_node_info", gauge, []string{"node_name", "node_address", "provider_version", "server_version", "flavor"},
		"Always 1; the labels say who the node is and what it runs, flavor is mariadb, mysql or pxc (wsrep_node_name, wsrep_provider_version, version).",
		"SHOW GLOBAL VARIABLES, wsrep_provider_version", "Two versions in one cluster for longer than an upgrade: finish it.")
	GaleraClusterInfo = inVariables.family("galera_cluster_info", gauge, []string{"cluster_name", "cluster_state_uuid"},
		"Always 1; the labels name the component and the history it holds; absent while the history is undefined (wsrep_cluster_name, wsrep_cluster_state_uuid).",
		"wsrep_cluster_name, wsrep_cluster_state_uuid", "Two UUIDs among primary members: two clusters. Stop writes and see docs/runbooks.")
	GaleraMemberInfo = inStatus.family("galera_member_info", gauge, []string{"member_uuid"},
		"Always 1; the label is this member's identity in the group, new at every start (wsrep_gcomm_uuid).",
		"wsrep_gcomm_uuid", "A new one: the server restarted. Needed to evict a member by hand.")

	GaleraClusterStatus = inStatus.states("galera_cluster_status", "status", []string{"primary", "non_primary", "disconnected"},
		"Status of the component this node is in: 1 for the present one, 0 for the others (wsrep_cluster_status).",
		"wsrep_cluster_status", "non_primary: the node lost the quorum. No primary anywhere: the cluster is down for writes.")
	GaleraLocalState = inStatus.states("galera_local_state", "state", []string{"undefined", "joiner", "donor", "joined", "synced", "error"},
		"State of this node: 1 for the present one, 0 for the others; donor is also desynced on purpose (wsrep_local_state).",
		"wsrep_local_state", "Anything but synced for longer than a transfer: see galera_local_state_info for the server's words.")
	GaleraLocalStateCode = inStatus.family("galera_local_state_code", gauge, nil,
		"State of this node as a number: 0 undefined, 1 joiner, 2 donor or desynced, 3 joined, 4 synced, 5 error (wsrep_local_state).",
		"wsrep_local_state", "See galera_local_state; this twin is for state timelines.")
	GaleraLocalStateInfo = inStatus.family("galera_local_state_info", gauge, []string{"comment"},
		"Always 1; the label is the state in the server's words (wsrep_local_state_comment).",
		"wsrep_local_state_comment", "\"request failed\" or \"Transfer failed\": the error log of this node and of the donor.")

	GaleraReady = inStatus.family("galera_ready", gauge, nil,
		"1 if the node answers queries, else 0 (wsrep_ready).",
		"wsrep_ready", "0 with galera_up 1: alive, not operational. Look at galera_cluster_status first.")
	GaleraConnected = inStatus.family("galera_connected", gauge, nil,
		"1 if the node is connected to a component, else 0 (wsrep_connected).",
		"wsrep_connected", "0: network between the members, or wsrep_cluster_address.")
	GaleraWsrepOn = inVariables.family("galera_wsrep_on", gauge, nil,
		"1 if replication is switched on, 0 on a server that merely has the plugin (wsrep_on).",
		"wsrep_on", "0: this server takes writes that nobody else gets. Take it out of the proxy.")
	GaleraStateUUIDMatch = inStatus.family("galera_state_uuid_match", gauge, nil,
		"1 if the node holds the history of its component, 0 if not; absent while either is undefined (wsrep_local_state_uuid, wsrep_cluster_state_uuid).",
		"wsrep_local_state_uuid, wsrep_cluster_state_uuid", "0 outside a state transfer: the node must be rebuilt by SST.")

	GaleraClusterSize = inStatus.family("galera_cluster_size", gauge, nil,
		"Members of this node's component, arbitrators and joiners included (wsrep_cluster_size).",
		"wsrep_cluster_size", "Below galera_cluster_expected_members: someone is missing. Different between members: a partition.")
	GaleraClusterExpectedMembers = inStatus.family("galera_cluster_expected_members", gauge, nil,
		"Members the cluster should have by kagu.yaml, the arbitrator included (kagu.yaml).",
		"kagu.yaml", "Moves only when kagu.yaml changes.")
	GaleraClusterWeight = inStatus.family("galera_cluster_weight", gauge, nil,
		"Sum of the members' quorum weights in this node's component, 0 when detached (wsrep_cluster_weight).",
		"wsrep_cluster_weight", "A crash of half of it or more at once loses the quorum.")
	GaleraClusterConfID = inStatus.family("galera_cluster_conf_id", gauge, nil,
		"Number of the component's configuration, equal on all its members; absent when non-primary (wsrep_cluster_conf_id).",
		"wsrep_cluster_conf_id", "Grows often: members come and go; look for a flapping node or network.")
	GaleraClusterMembers = inStatus.family("galera_cluster_members", gauge, []string{"kind"},
		"Members of this node's component that are data nodes and those that are arbitrators (wsrep_incoming_addresses).",
		"wsrep_incoming_addresses", "arbitrator 0 where there should be one: garbd is down.")
	GaleraLocalIndex = inStatus.family("galera_local_index", gauge, nil,
		"Position of this node in the component's member list (wsrep_local_index).",
		"wsrep_local_index", "Changes with every configuration; it means nothing by itself.")
	GaleraNodeWeight = inVariables.family("galera_node_weight", gauge, nil,
		"Quorum weight of this node (pc.weight).",
		"wsrep_provider_options", "Moves only when somebody sets it.")
	GaleraDesyncRequests = inStatus.family("galera_desync_requests", gauge, nil,
		"Reasons for which this node is desynced now: SST as donor, RSU, wsrep_desync, FTWRL add up (wsrep_desync_count).",
		"wsrep_desync_count", "Above 0 for hours: a backup or a transfer hangs, or someone forgot wsrep_desync.")
	GaleraEvsState = inStatus.states("galera_evs_state", "state", []string{"closed", "joining", "leaving", "gather", "install", "operational"},
		"State of group communication: 1 for the present one, 0 for the others (wsrep_evs_state).",
		"wsrep_evs_state", "Anything but operational: membership is being settled and writes wait.")
)

// galeraNode lists them, in the order of the documentation.
var galeraNode = []*Family{
	GaleraUp, GaleraNodeInfo, GaleraClusterInfo, GaleraMemberInfo,
	GaleraClusterStatus, GaleraLocalState, GaleraLocalStateCode, GaleraLocalStateInfo,
	GaleraReady, GaleraConnected, GaleraWsrepOn, GaleraStateUUIDMatch,
	GaleraClusterSize, GaleraClusterExpectedMembers, GaleraClusterWeight, GaleraClusterConfID,
	GaleraClusterMembers, GaleraLocalIndex, GaleraNodeWeight, GaleraDesyncRequests,
	GaleraEvsState,
}

// Galera lists the families of galera_exporter about a database, in the order of the documentation.
func Galera() []*Family {
	return slices.Concat(galeraNode, galeraReplication, galeraGroup, galeraSettings, galeraTables, galeraHost,
		galeraWorkload, galeraStatements, galeraInnodb, galeraLocks, galeraAsync, galeraEdge, galeraSchema)
}

func (c from) family(name string, kind prometheus.ValueType, labels []string, help, source, moves string) *Family {
	return Family{
		Name: name, Type: kind, Help: help, Labels: labels, Target: galeraTarget,
		Source: source, Cost: c.cost(), Moves: moves, Collector: string(c),
	}.declare()
}

func (c from) states(name, label string, states []string, help, source, moves string) *Family {
	return Family{
		Name: name, Type: gauge, Help: help, Labels: []string{label}, States: states, Target: galeraTarget,
		Source: source, Cost: c.cost(), Moves: moves, Collector: string(c),
	}.declare()
}

// histogram is a family whose buckets are the server's own; those declared are what it has by default.
func (c from) histogram(name string, buckets []float64, help, source, moves string) *Family {
	return Family{
		Name: name, Help: help, Buckets: buckets, Target: galeraTarget,
		Source: source, Cost: c.cost(), Moves: moves, Collector: string(c),
	}.declare()
}

// counter makes a set of series with a closed list of labels one of counters.
func (f *Family) counter() *Family {
	c := *f
	c.Type, c.desc = counter, nil
	return c.declare()
}

// cost is the class of the collector's families. exporters/galera has a test that it agrees.
func (c from) cost() Cost {
	switch c {
	case inMembers:
		return OnDemand
	case inDigests, inBinlog, inAccounts, inSchema:
		return Slow
	default:
		return EveryScrape
	}
}
