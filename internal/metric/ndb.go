package metric

// The collectors of ndb_exporter that ask management servers, and the one that judges.
const (
	inManagement = viaSQL("management")
	inClients    = viaSQL("management.clients")
	inMgmMemory  = viaSQL("management.memory")
	inSessions   = viaSQL("management.sessions")
)

// The families of ndb_exporter from the management protocol. They need no SQL node. What several
// management servers say is joined, and is absent where they contradict each other.
var (
	NdbUp = inManagement.ofCluster("ndb_up", gauge, nil,
		"1 if a management server of the cluster answers get status, else 0, and then nothing else is known from there (management protocol).",
		"get status", "0: nobody can see, start or stop nodes; the data nodes may well be serving. ndb_mgmd_up says which servers are gone.")
	NdbMgmdUp = inManagement.ofNode("ndb_mgmd_up", gauge, nil,
		"1 if the management server answers get status, else 0 (management protocol).",
		"get status", "0: start it again. With every one gone no node can join, no backup can begin, and there may be no arbitrator.")
	NdbMgmdInfo = inManagement.ofNode("ndb_mgmd_info", gauge, []string{"version"},
		"Always 1; the label is the version of the management server (get version).",
		"get version", "Different for long: finish the upgrade, management servers first.")
	NdbMgmdResponseSeconds = inManagement.ofNode("ndb_mgmd_response_seconds", gauge, nil,
		"Seconds that the management server took to answer this scrape, connecting included if that was needed (own).",
		"own", "Above 0.1: the server or its host is overloaded, or a data node does not answer it.")
	NdbMgmdConfigGeneration = inManagement.ofNode("ndb_mgmd_config_generation", gauge, nil,
		"Generation of the configuration that the management server serves; looked at every half minute (get config_v2).",
		"get config_v2", "Different between management servers: one was started with another config.ini; see its log. Above ndb_node_config_generation: data nodes must be restarted one by one.")
	NdbMgmdNodeUp = inManagement.ofNode("ndb_mgmd_node_up", gauge, []string{"seen_by"},
		"1 if that management server sees the data node started, else 0; absent for a server that does not answer (get status).",
		"get status", "Different between management servers: the network between one of them and the data node.")
	NdbMgmdNodeConnectsTotal = inManagement.ofNode("ndb_mgmd_node_connects_total", counter, []string{"seen_by"},
		"Times that the data node connected to that management server since the server's start (get status).",
		"get status", "Rising while nobody restarts anything: the network flaps.")

	NdbNodeInfo = inManagement.ofNode("ndb_node_info", gauge, []string{"role", "host", "node_group", "version"},
		"Always 1; role is management, data or sql, host and node group as configured, version empty while the node is not connected (get status, get config_v2).",
		"get status, get config_v2", "version different for long: finish the upgrade; backups are refused meanwhile.")
	NdbNodeUp = inManagement.ofNode("ndb_node_up", gauge, []string{"role"},
		"1 if the data node is started, or another node is connected; 0 if not; absent if that cannot be told (get status).",
		"get status", "0 of a data node: ndb_node_group_nodes says what is left. A SQL node is only known while a data node can be asked.")
	NdbNodeState = inManagement.ofNodeStates("ndb_node_state", "state",
		[]string{"no_contact", "not_started", "starting", "started", "shutting_down", "single_user", "other"},
		"1 for the state the data node is in; other: a state that Kagu does not know, or that the management servers do not agree on (get status).",
		"get status", "no_contact: process, host or network; not_started: it waits for START; starting for long: see ndb_restart_remaining_seconds.")
	NdbNodeStartPhase = inManagement.ofNode("ndb_node_start_phase", gauge, nil,
		"Phase of a data node that is starting, 1 to 101; absent otherwise (get status).",
		"get status", "Stands still: phase 1 waits for other nodes, 4 and 5 read and copy data, 100 and later wait for checkpoints.")
	NdbNodePresident = inManagement.ofNode("ndb_node_president", gauge, nil,
		"1 for the data node that leads the others (the oldest one), else 0 (get status).",
		"get status", "Moves when the president died or was restarted.")

	NdbDataNodes = inManagement.ofClusterStates("ndb_data_nodes", "state", []string{"configured", "started"},
		"Data nodes that there are by the configuration, and that are started (get status, get config_v2).",
		"get status, get config_v2", "started below configured: redundancy is lost somewhere; ndb_node_group_nodes says where.")
	NdbNodeGroupNodes = inManagement.ofCluster("ndb_node_group_nodes", gauge, []string{"node_group", "state"},
		"Data nodes of a node group: configured and started (get status, get config_v2).",
		"get status, get config_v2", "started 0: the data of that group is gone and the cluster stops. 1 of 2: the loss of that one stops it.")
	NdbSingleUserMode = inManagement.ofCluster("ndb_single_user_mode", gauge, nil,
		"1 while the cluster serves one API node only, else 0 (get status).",
		"get status", "1 outside of a restore: somebody forgot EXIT SINGLE USER MODE; all other clients get errors.")
	NdbNodeUnknownStatesTotal = inManagement.ofCluster("ndb_node_unknown_states_total", counter, nil,
		"Answers with a state of a node that Kagu does not know (get status).",
		"get status", "Above 0: a newer NDB Cluster than Kagu knows; the state is shown as other.")

	NdbAPIConnections = inClients.ofClusterStates("ndb_api_connections", "state", []string{"configured", "connected", "unknown"},
		"Places for SQL nodes and other clients in the configuration, and those where one is connected; unknown: no data node could be asked (get status).",
		"get status", "connected near configured: the next ndb_restore or client finds no place. Fewer than there should be: a SQL node lost the cluster.")

	NdbMgmMemoryBytes = inMgmMemory.ofNode("ndb_mgm_memory_bytes", gauge, []string{"memory", "state"},
		"Data memory and hash index of a data node, used and in all, as it tells the management server; asked every half minute, also while no SQL node is alive (dump events 50).",
		"dump events 50 (MemoryUsage)", "used near total: inserts fail with error 827, and a node may be unable to restart. Delete, add DataMemory, or add node groups.")

	NdbMgmdSessions = inSessions.ofNode("ndb_mgmd_sessions", gauge, []string{"kind"},
		"Connections to the management server now: all, and those with TLS (get tls stats).",
		"get tls stats", "Growing for days: a client that never closes; LIST SESSIONS names them.")
	NdbMgmdRefusedTotal = inSessions.ofNode("ndb_mgmd_refused_total", counter, nil,
		"Commands that the management server refused for want of TLS since its start (get tls stats).",
		"get tls stats", "Rising: a client without a certificate, or one that should not be there.")
	NdbMgmdClientCertificateExpiryTimestampSeconds = inSessions.ofNode("ndb_mgmd_client_certificate_expiry_timestamp_seconds", gauge, []string{"certificate"},
		"Unix time at which the certificate ends of a client that is connected to the management server with TLS (list certs).",
		"list certs", "Less than two weeks away: make new ones with ndb_sign_keys; a node whose certificate ended cannot connect again.")
)

// ndbManagement lists them, in the order of the documentation.
var ndbManagement = []*Family{
	NdbUp, NdbMgmdUp, NdbMgmdInfo, NdbMgmdResponseSeconds, NdbMgmdConfigGeneration, NdbMgmdNodeUp, NdbMgmdNodeConnectsTotal,
	NdbNodeInfo, NdbNodeUp, NdbNodeState, NdbNodeStartPhase, NdbNodePresident,
	NdbDataNodes, NdbNodeGroupNodes, NdbSingleUserMode, NdbNodeUnknownStatesTotal,
	NdbAPIConnections, NdbMgmMemoryBytes, NdbMgmdSessions, NdbMgmdRefusedTotal, NdbMgmdClientCertificateExpiryTimestampSeconds,
}
