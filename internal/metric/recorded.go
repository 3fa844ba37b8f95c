package metric

// The recordings: series that Prometheus writes from other series. They are declared beside
// the families because rules and panels name them as they name a family.
var (
	GaleraNodeExpected = recorded("fleet:galera_node:expected", []string{Job, Cluster, Node},
		"1 for each Galera node of kagu.yaml; written from the file, so it outlives every target (kagu generate).",
		"Moves only when kagu.yaml changes and `kagu generate` has run.")
	NdbClusterExpected = recorded("fleet:ndb_cluster:expected", []string{Job, Cluster},
		"1 for each NDB cluster of kagu.yaml; written from the file, so it outlives every target (kagu generate).",
		"Moves only when kagu.yaml changes and `kagu generate` has run.")
	GaleraNodesPrimary = recorded("cluster:galera_nodes_primary:count", []string{Job, Cluster},
		"Members of the cluster that are seen in a primary component; 0 if its servers are dead, absent if nobody can see them (recorded).",
		"0: see docs/runbooks/GaleraNoPrimary.md.")
	GaleraNodesSynced = recorded("cluster:galera_nodes_synced:count", []string{Job, Cluster},
		"Members of the cluster that are primary, ready and synced (recorded).",
		"Below the number of nodes: see docs/runbooks/GaleraNodeDown.md.")
	GaleraClusterSizeMin = recorded("cluster:galera_cluster_size:min", []string{Job, Cluster},
		"Members of the component as its primary member that counts fewest says, arbitrators included (recorded).",
		"Below galera_cluster_expected_members: someone is missing.")
	GaleraReplicationRate = recorded("instance:galera_replication_bytes:rate1h", []string{Job, Cluster, Node, Instance},
		"Bytes of write sets that fill this node's cache, per second over an hour (recorded).",
		"Rising: see cluster:galera_ist_window_seconds:max.")
	GaleraISTWindow = recorded("cluster:galera_ist_window_seconds:max", []string{Job, Cluster},
		"Seconds that a node may be away and still catch up from the best donor's cache, at the last day's peak of writes (recorded).",
		"Below the time a restart takes: see docs/runbooks/GaleraISTWindowShort.md.")
	GaleraGcacheOldestMin = recorded("cluster:galera_gcache_oldest_seqno:min", []string{Job, Cluster},
		"Lowest sequence number in any member's write-set cache (recorded).",
		"Rising: the caches are full, and old write sets are being forgotten.")
	GaleraISTFloor = recorded("cluster:galera_ist_floor_seqno:min", []string{Job, Cluster},
		"Sequence number from which on a member can catch up without a full transfer (recorded).",
		"Near the last position of a node that is down: see docs/runbooks/GaleraDownNodeLosingIST.md.")
	GaleraFlowControlPausedRatio = recorded("cluster:galera_flow_control_paused:ratio_rate5m", []string{Job, Cluster},
		"Share of the last five minutes for which flow control held the member that waited most (recorded).",
		"Above 0.1: see docs/runbooks/GaleraFlowControlHigh.md.")
)

// Recorded lists the recordings.
func Recorded() []*Family {
	return []*Family{
		GaleraNodeExpected, NdbClusterExpected, GaleraNodesPrimary, GaleraNodesSynced,
		GaleraClusterSizeMin, GaleraReplicationRate, GaleraISTWindow, GaleraGcacheOldestMin, GaleraISTFloor,
		GaleraFlowControlPausedRatio,
	}
}

func recorded(name string, labels []string, help, moves string) *Family {
	return Family{Name: name, Type: gauge, Target: labels, Help: help, Source: "recording rule", Cost: Own, Moves: moves}.declare()
}
