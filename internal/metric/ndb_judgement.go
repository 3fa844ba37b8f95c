package metric

const inJudgement = viaSQL("judgement")

// The families of ndb_exporter that NDB itself has not: what its rules make of what is known.
// docs/ndb.md says how. What is not known is absent.
var (
	NdbClusterServing = inJudgement.ofCluster("ndb_cluster_serving", gauge, nil,
		"1 if every node group has a started data node, so that all data can be reached, else 0; absent if nobody knows (get status, Ndb_number_of_ready_data_nodes).",
		"get status, SHOW GLOBAL STATUS", "0: the cluster is down. Start the data nodes of the group without one. Absent: the management servers are gone or cut off.")
	NdbNodeLossStopsCluster = inJudgement.ofNode("ndb_node_loss_stops_cluster", gauge, nil,
		"1 if the loss of this data node now would stop the cluster, else 0, by the rules of node groups and arbitration; absent of a node that is down (own).",
		"get status, get config_v2", "1: bring the others of its group back, or an arbitrator, before anything else. Do not restart this node.")
	NdbHostLossStopsCluster = inJudgement.ofCluster("ndb_host_loss_stops_cluster", gauge, []string{"host"},
		"1 if the loss of this host now, with all that runs there, would stop the cluster, else 0 (own).",
		"get status, get config_v2", "1 with all nodes up: two nodes of a group, or the arbitrator and a data node, share the host. Move one.")
	NdbFailuresUntilOutage = inJudgement.ofCluster("ndb_failures_until_outage", gauge, []string{"of", "timing"},
		"Smallest number of failures after which the cluster stops, of nodes or hosts, one after the other or at one moment; the last one included (own).",
		"get status, get config_v2", "1: the next failure may be an outage. Lower than usual: something is down.")
	NdbArbitratorTrouble = inJudgement.ofClusterStates("ndb_arbitrator_trouble", "trouble",
		[]string{"disabled", "no_candidate", "none", "several", "not_agreed", "data_host", "unknown"},
		"1 for each thing that is wrong with arbitration, else 0 (own).",
		"get config_v2, get status, events 29 and 30, ndbinfo.membership", "none: no arbitrator is there, so the loss of exactly half stops the cluster. several, not_agreed: the network between data nodes and arbitrator. data_host: it dies with a data node.")
	NdbDetectionSeconds = inJudgement.ofCluster("ndb_detection_seconds", gauge, []string{"of", "bound"},
		"How long a silent node goes unnoticed by the heartbeat intervals in effect, at least and at most: a data node by data nodes, a data node by clients, a client by data nodes (HeartbeatIntervalDbDb, HeartbeatIntervalDbApi).",
		"get config_v2", "Clients wait that long when a host freezes. Shorter intervals need a network and hosts that never pause.")
	NdbRunwaySeconds = inJudgement.ofNode("ndb_runway_seconds", gauge, []string{"resource"},
		"Seconds until the data node's data memory or redo log is full at the rate of the last hour or less; absent while it does not grow or too little was seen (own).",
		"ndbinfo.memoryusage, ndbinfo.logspaces, dump events 50", "data_memory less than a day: delete, or add memory. redo less than an hour: checkpoints do not keep up.")
	NdbRestartProgressRatio = inJudgement.ofNode("ndb_restart_progress_ratio", gauge, nil,
		"How far the restart of the data node is, 0 to 1, by what its earlier restarts took; absent without a restart or an earlier one to compare with (own).",
		"ndbinfo.restart_info", "Stands still: see ndb_restart_stage_seconds.")
	NdbRestartRemainingSeconds = inJudgement.ofNode("ndb_restart_remaining_seconds", gauge, nil,
		"Seconds until the data node is started, by what its earlier restarts took; absent without a restart or an earlier one to compare with (own).",
		"ndbinfo.restart_info", "Until then its group has no redundancy.")
)

// ndbJudgement lists them, in the order of the documentation.
var ndbJudgement = []*Family{
	NdbClusterServing, NdbNodeLossStopsCluster, NdbHostLossStopsCluster, NdbFailuresUntilOutage, NdbArbitratorTrouble,
	NdbDetectionSeconds, NdbRunwaySeconds, NdbRestartProgressRatio, NdbRestartRemainingSeconds,
}
