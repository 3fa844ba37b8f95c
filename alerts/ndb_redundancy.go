package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// ndbRedundancy is about what the next failure will cost.
func ndbRedundancy() []Rule {
	return []Rule{
		{
			Name: "NdbDataNodeDown",
			Expr: expr(`%s{role="data"} == 0 unless on (job, cluster, node_id) %s{state="starting"} == 1`,
				metric.NdbNodeUp, metric.NdbNodeState),
			For:      30 * time.Second,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }} is down, and is not being started",
			Description: "Clients are served by the other nodes of its group. " +
				"Until it is back, a second loss in the group stops the cluster.",
		},
		{
			Name: "NdbNodeGroupDegraded",
			Expr: expr(`%[1]s{state="started"} == 1 and on (job, cluster, node_group) %[1]s{state="configured"} > 1`,
				metric.NdbNodeGroupNodes),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: node group {{ $labels.node_group }} has had one data node left for five minutes",
			Description: "All data of the group is on that node alone. " +
				"The other is down, or is still starting.",
		},
		{ // NdbDataNodeDown has told of the cause long before
			Name:     "NdbNextLossStopsCluster",
			Expr:     expr(`max by (job, cluster) (%s) == 1`, metric.NdbNodeLossStopsCluster),
			For:      15 * time.Minute,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the loss of one more data node stops the cluster",
			Description: "For 15 minutes that has been so by NDB's own rules of node groups and arbitration. " +
				"Nothing heals an NDB cluster by itself yet: somebody must act.",
		},
		{
			Name:     "NdbHostLossStopsCluster",
			Expr:     expr(`max by (job, cluster, host) (%s) == 1`, metric.NdbHostLossStopsCluster),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the loss of host {{ $labels.host }} alone stops the cluster",
			Description: "Two data nodes of one group share it, or the arbitrator and a data node do. " +
				"The cluster has less redundancy than its number of nodes says.",
		},
		{
			Name:     "NdbArbitratorTrouble",
			Expr:     expr(`max by (job, cluster, trouble) (%s{trouble!="unknown"}) == 1`, metric.NdbArbitratorTrouble),
			For:      2 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: something is wrong with arbitration: {{ $labels.trouble }}",
			Description: "When exactly half of the data nodes are left, the arbitrator decides whether they may go on. " +
				"Without a good one they stop themselves.",
		},
		{
			Name:     "NdbNoManagement",
			Expr:     expr(`last_over_time(%s[10m]) == 0`, metric.NdbUp),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: no management server answers",
			Description: "The data nodes may well be serving. No node can join, no backup can begin, nobody sees their state, " +
				"and most often there is no arbitrator.",
		},
		{
			Name:     "NdbManagementDown",
			Expr:     expr(`%s == 0`, metric.NdbMgmdUp),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Management server {{ $labels.node }} of {{ $labels.cluster }} does not answer",
			Description: "The cluster serves. If another management server is left, it does this one's work; " +
				"if this one was the arbitrator, another has been chosen.",
		},
		{
			Name: "NdbManagementDisagrees",
			Expr: expr(`count by (job, cluster) (count_values by (job, cluster) ("generation", %[1]s)) > 1
or max by (job, cluster) (max by (job, cluster, node_id) (%[2]s) - on (job, cluster, node_id) min by (job, cluster, node_id) (%[2]s)) > 0`,
				metric.NdbMgmdConfigGeneration, metric.NdbMgmdNodeUp),
			For:      2 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the management servers do not agree",
			Description: "They serve different configurations, or one does not see a data node that the other sees. " +
				"A node that starts may get the wrong configuration, or none.",
		},
		{
			Name:     "NdbHeartbeatsMissed",
			Expr:     expr(`sum by (job, cluster, node, node_id) (increase(%s{kind="missed"}[10m])) > 5`, metric.NdbHeartbeatTroubleTotal),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Node {{ $labels.node }} of {{ $labels.cluster }} misses heartbeats: {{ $value | humanize }} in 10 minutes",
			Description: "After a few in a row the other nodes declare it dead. " +
				"Its host stands still now and then, or the network drops packets.",
		},
		{
			Name:     "NdbDataNodeWarns",
			Expr:     expr(`sum by (job, cluster, stall) (increase(%s{stall=~"partially_connected|needs_initial|redo_tail"}[10m])) > 0`, metric.NdbStallsTotal),
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: data nodes warn: {{ $labels.stall }}",
			Description: "The cluster serves, and says itself that something will go wrong. " +
				"The runbook says what each word means.",
		},
		{
			Name:     "NdbDataNodeFlapping",
			Expr:     expr(`resets(%s[1h]) >= 3`, metric.NdbNodeUptimeSeconds),
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }} was started {{ $value }} times within an hour",
			Description: "A data node that dies soon after each start is not helped by another start. " +
				"Its error log has the cause.",
		},
		{ // up to 3 the node is dead, and nobody starts it
			Name: "NdbRestartStalled",
			Expr: expr(`changes(%[1]s[15m]) == 0 and %[1]s > 3 and %[1]s != 19 and %[1]s != 24`,
				metric.NdbRestartStatusCode),
			For:      15 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }} starts, and has been in one stage for half an hour",
			Description: "Its node group has no redundancy until it is done. " +
				"Large data take long in two stages, local recovery and synchronisation; others are quick.",
		},
		{
			Name:     "NdbSchemaObjectsExcluded",
			Expr:     expr(`%s{state="excluded"} > 0`, metric.NdbSQLSyncObjects),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "SQL node {{ $labels.node }} of {{ $labels.cluster }} does not see {{ $value }} objects that are in the cluster",
			Description: "It gave up synchronising them, as happens after a restore. " +
				"Clients that come to this SQL node get \"table does not exist\".",
		},
		{
			Name:     "NdbBinlogBehind",
			Expr:     expr(`%s > 30`, metric.NdbSQLBinlogLagSeconds),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "SQL node {{ $labels.node }} of {{ $labels.cluster }} logs {{ $value | humanizeDuration }} behind the cluster",
			Description: "Its event buffer fills. When that is full, it disconnects or leaves a gap in the binary log, " +
				"and its replicas must change to another source.",
		},
		{
			Name:     "NdbSubscriptionLost",
			Expr:     expr(`increase(%s[10m]) > 0`, metric.NdbSubscriptionLossesTotal),
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: a binary log lost events: its replicas have a gap",
			Description: "The data nodes dropped a subscriber, or it could not keep up. " +
				"Replicas of that SQL node must change to another source.",
		},
		{
			Name:     "NdbSingleUserMode",
			Expr:     expr(`%s == 1`, metric.NdbSingleUserMode),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} has been in single user mode for half an hour",
			Description: "Only one API node is served, all others get errors. " +
				"A restore needs it; when that is done, it must be left by hand.",
		},
		{
			Name:     "NdbBackupFailed",
			Expr:     expr(`sum by (job, cluster) (increase(%s{outcome=~"aborted|not_started"}[1h])) > 0`, metric.NdbBackupsTotal),
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: a backup was aborted or could not begin",
			Description: "What was written of it is of no use. " +
				"The backups before are as they were.",
		},
		{ // a cluster that never had a backup has no id
			Name: "NdbBackupStale",
			Expr: expr(`max by (job, cluster) (%[1]s) == on (job, cluster) max by (job, cluster) (%[1]s offset 26h)
or (max by (job, cluster) (%[2]s{state="serving"}) == 1
  and on (job, cluster) max by (job, cluster) (%[2]s{state="serving"} offset 26h) == 1
  unless on (job, cluster) max by (job, cluster) (%[1]s))`,
				metric.NdbBackupNewestID, metric.NdbNdbinfoState),
			For:      10 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: no backup was begun within 26 hours",
			Description: "Whoever takes backups of this cluster has stopped doing so. " +
				"The number says nothing about whether the backups before can be restored.",
		},
		{
			Name:     "NdbCertificateExpires",
			Expr:     expr(`%s - time() < 14 * 86400`, metric.NdbCertificateExpiryTimestampSeconds),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "A certificate of node {{ $labels.node }} of {{ $labels.cluster }} ends in {{ $value | humanizeDuration }}",
			Description: "When it has ended, the node does not come back after a restart, and no link is made anew. " +
				"Links that exist go on.",
		},
		{
			Name:     "NdbConfigDiffers",
			Expr:     expr(`count by (job, cluster) (count_values by (job, cluster) ("fingerprint", %s)) > 1`, metric.NdbConfigFingerprint),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the data nodes run with {{ $value }} different configurations",
			Description: "A rolling restart was not finished, or a node was started with an old configuration. " +
				"What one node allows, another refuses.",
		},
		{ // a node that is away has no version
			Name: "NdbVersionsDiffer",
			Expr: expr(`count by (job, cluster) (count by (job, cluster, version) (%s{role="data", version!=""})) > 1`,
				metric.NdbNodeInfo),
			For:      4 * time.Hour,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the data nodes are of {{ $value }} versions, for four hours",
			Description: "An upgrade was begun and not finished. " +
				"Backups are refused meanwhile, and ndbinfo may be empty.",
		},
	}
}
