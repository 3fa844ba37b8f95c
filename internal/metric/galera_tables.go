package metric

// The families of galera_exporter from the tables of replication.
var (
	GaleraViewFingerprint = inView.family("galera_view_fingerprint", gauge, nil,
		"Fingerprint of the view: 52 bits of the FNV hash of cluster, view and its members (mysql.wsrep_cluster, mysql.wsrep_cluster_members).",
		"mysql.wsrep_cluster, mysql.wsrep_cluster_members", "Different between primary members for more than a minute: they are not in one cluster. See docs/runbooks.")
	GaleraClusterMemberInfo = inMembers.family("galera_cluster_member_info", gauge, []string{"member_uuid", "member_name", "member_address"},
		"Always 1; one series for each member that this node sees (mysql.wsrep_cluster_members).",
		"mysql.wsrep_cluster_members", "A member that is missing or that nobody knows. With every node watched, these are as many series as members times members.")
	GaleraStreamingFragments = inStreaming.family("galera_streaming_fragments", gauge, nil,
		"Fragments of transactions that are sent while they run (mysql.wsrep_streaming_log).",
		"mysql.wsrep_streaming_log", "Above 0: a huge transaction is on its way. For hours: it was left open.")
	GaleraStreamingTransactions = inStreaming.family("galera_streaming_transactions", gauge, nil,
		"Transactions of which fragments were sent and that have not ended (mysql.wsrep_streaming_log).",
		"mysql.wsrep_streaming_log", "Above 0 for hours: a client left one open.")
)

// galeraTables lists them, in the order of the documentation.
var galeraTables = []*Family{
	GaleraViewFingerprint, GaleraClusterMemberInfo, GaleraStreamingFragments, GaleraStreamingTransactions,
}
