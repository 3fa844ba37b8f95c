package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// ndbAvailability is about whether clients are served.
func ndbAvailability() []Rule {
	return []Rule{
		{
			Name:     "NdbClusterDown",
			Expr:     expr(`last_over_time(%s[10m]) == 0`, metric.NdbClusterServing),
			For:      10 * time.Second,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} is down: a node group has no started data node",
			Description: "Part of the data cannot be reached, so NDB stops all of it. " +
				"Clients get errors until the data nodes are started again.",
		},
		{ // then only SQL nodes can tell whether the cluster serves; ndb_cluster_serving is absent if they cannot
			Name: "NdbDataNodesUnseen",
			Expr: expr(`max by (job, cluster) (%s) == 0 unless on (job, cluster) %s == 0`,
				metric.NdbMgmdNodeUp, metric.NdbClusterServing),
			For:      30 * time.Second,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: no management server sees a started data node, and nobody knows that the cluster is down",
			Description: "Either all management servers are cut off from the data nodes, or all data nodes are gone and no SQL node answers. " +
				"If the cluster serves, it has no arbitrator, and no node can join.",
		},
		{ // about ten seconds without a commit before a data node says so
			Name:     "NdbStalled",
			Expr:     expr(`sum by (job, cluster, stall) (increase(%s{stall=~"gcp_commit|gcp_save|gcp_stop"}[5m])) > 0`, metric.NdbStallsTotal),
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: global checkpoints stand still ({{ $labels.stall }}), and commits wait",
			Description: "A data node hangs, its disk most often. " +
				"If it goes on, the cluster puts that node out; if none can be told from the others, all stop.",
		},
		{ // an SQL node that does not answer has no ndb_sql_connected
			Name: "NdbNoSQLNode",
			Expr: expr(`max by (job, cluster) (%s or %s * 0) == 0`,
				metric.NdbSQLConnected, metric.NdbSQLUp),
			For:      30 * time.Second,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: no SQL node is connected to the cluster, nobody is served by SQL",
			Description: "Each SQL node is dead, or answers without a data node. " +
				"Either the cluster itself is down, or nothing reaches it.",
		},
		{
			Name:     "NdbSQLNodeDetached",
			Expr:     expr(`%s == 0`, metric.NdbSQLConnected),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} answers SQL, but has no data node: its clients get errors",
			Description: "The server takes connections, so a plain check of its port calls it well. " +
				"Every statement on an NDB table fails.",
		},
		{
			Name:     "NdbSQLNodeDown",
			Expr:     expr(`%s == 0`, metric.NdbSQLUp),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "SQL node {{ $labels.node }} of {{ $labels.cluster }} does not answer",
			Description: "The server is dead, frozen or cut off, or refuses the exporter. " +
				"The data nodes and the other SQL nodes are not concerned.",
		},
		{
			Name: "NdbTwoPresidents",
			Expr: expr(`count by (job, cluster) (count_values by (job, cluster) ("president", %s)) > 1`,
				metric.NdbPresidentNodeID),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the data nodes name {{ $value }} presidents, as if they were two clusters",
			Description: "Data nodes of one cluster always agree on their president. " +
				"Two of them mean that the cluster is split, and both parts may take writes.",
		},
	}
}
