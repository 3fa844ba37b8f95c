package metric

// The recordings: series that Prometheus writes from other series. They are declared beside
// the families because rules and panels name them as they name a family.
var (
	GaleraNodeExpected = recorded("fleet:galera_node:expected", []string{Job, Cluster, Node},
		"1 for each Galera node of kagu.yaml; written from the file, so it outlives every target (kagu generate).",
		"Moves only when kagu.yaml changes and `kagu generate` has run.")
	GaleraNodesPrimary = recorded("cluster:galera_nodes_primary:count", []string{Job, Cluster},
		"Members of the cluster that are seen in a primary component; 0 if its servers are dead, absent if nobody can see them (recorded).",
		"0: see docs/runbooks/GaleraNoPrimary.md.")
	GaleraNodesSynced = recorded("cluster:galera_nodes_synced:count", []string{Job, Cluster},
		"Members of the cluster that are primary, ready and synced (recorded).",
		"Below the number of nodes: see docs/runbooks/GaleraNodeDown.md.")
)

// Recorded lists the recordings.
func Recorded() []*Family {
	return []*Family{GaleraNodeExpected, GaleraNodesPrimary, GaleraNodesSynced}
}

func recorded(name string, labels []string, help, moves string) *Family {
	return Family{Name: name, Type: gauge, Target: labels, Help: help, Source: "recording rule", Cost: Own, Moves: moves}.declare()
}
