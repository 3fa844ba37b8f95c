package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// The jobs of ndb_exporter. Each target of JobNDB is a cluster.
const (
	JobNDB         = "ndb"
	JobNDBExporter = "ndb_exporter" // the exporter itself
)

const ndbJobs = JobNDB + "|" + JobNDBExporter

// ndb returns the rules about NDB Clusters. None asks the remediator: it heals Galera only.
func ndb() []Group {
	return []Group{
		{Name: "ndb.availability", Rules: ndbAvailability()},
		{Name: "ndb.redundancy", Rules: ndbRedundancy()},
		{Name: "ndb.capacity", Rules: ndbCapacity()},
		{Name: "ndb.watching", Rules: ndbWatching()},
	}
}

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

// ndbCapacity is about what runs full.
func ndbCapacity() []Rule {
	return []Rule{
		{
			Name: "NdbDataMemoryFull",
			Expr: expr(`%[1]s{state="used"} / ignoring (state) %[1]s{state="total"} > 0.95`,
				metric.NdbDataMemoryBytes),
			For:      2 * time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }} has {{ $value | humanizePercentage }} of its data memory in use",
			Description: "At 100 % inserts fail with error 827, for all clients. " +
				"A data node that must restart now may not be able to.",
		},
		{
			Name: "NdbDataMemoryRunway",
			Expr: expr(`%[1]s{state="used"} / ignoring (state) %[1]s{state="total"} > 0.8
or (%[1]s{state="used"} / ignoring (state) %[1]s{state="total"} > 0.5
  and on (job, cluster, node_id) %[2]s{resource="data_memory"} < 2 * 86400)`,
				metric.NdbDataMemoryBytes, metric.NdbRunwaySeconds),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }}: {{ $value | humanizePercentage }} of its data memory is in use",
			Description: "More than 80 %, or at the pace of the last hour full within two days. " +
				"More memory means a rolling restart: plan it.",
		},
		{
			Name:     "NdbRedoFull",
			Expr:     expr(`%s{log="redo"} > 0.85`, metric.NdbLogSpaceFullestRatio),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }}: {{ $value | humanizePercentage }} of a redo log part is in use",
			Description: "When one part is full, writes fail with error 410 until a checkpoint frees it. " +
				"Checkpoints are too slow for the writes, or one hangs.",
		},
		{
			Name: "NdbRedoRunway",
			Expr: expr(`%[1]s{log="redo"} > 0.6
or (%[1]s{log="redo"} > 0.3 and on (job, cluster, node_id) %[2]s{resource="redo"} < 1800)`,
				metric.NdbLogSpaceFullestRatio, metric.NdbRunwaySeconds),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }}: {{ $value | humanizePercentage }} of a redo part is used, rising",
			Description: "More than 60 %, or at its pace full within half an hour. " +
				"A checkpoint ends it if the disk keeps up.",
		},
		{
			Name:     "NdbOverloaded",
			Expr:     expr(`rate(%s{at="any"}[5m]) > 1`, metric.NdbLQHOverloadsTotal),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "Data node {{ $labels.node }} of {{ $labels.cluster }} refuses {{ $value | humanize }} operations a second",
			Description: "Clients get error 1218. A node that reads too slowly, an SQL node most often, " +
				"or SendBufferMemory is too small for the load.",
		},
	}
}

// ndbWatching is about those who watch.
func ndbWatching() []Rule {
	return []Rule{
		{
			Name:     "NdbExporterDown",
			Expr:     expr(`up{job=~"%s"} == 0`, ndbJobs),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "No NDB metrics for {{ $labels.instance }}: its state is unknown",
			Description: "Prometheus cannot scrape the exporter. " +
				"The cluster may be well.",
		},
		{
			Name:     "NdbCollectorFailing",
			Expr:     expr(`%s == 0 and on (job, cluster) %s == 1`, metric.NdbExporterCollectorSuccess, metric.NdbUp),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "Collector {{ $labels.collector }} fails on {{ $labels.cluster }}",
			Description: "The cluster answers, but one part of its metrics cannot be read. " +
				"The exporter's log names the reason, most often a missing grant or an SQL node that is down.",
		},
		{
			Name:     "NdbEventStreamSilent",
			Expr:     expr(`%[1]s == 0 or time() - %[2]s > 30`, metric.NdbEventStreamUp, metric.NdbEventStreamLastSignTimestampSeconds),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "{{ $labels.cluster }}: no management server sends events",
			Description: "Stalls, heartbeats and backups are known from events only. " +
				"The state of nodes is still seen.",
		},
		{
			Name:     "NdbNdbinfoSilent",
			Expr:     expr(`%s{state="serving"} == 0`, metric.NdbNdbinfoState),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "{{ $labels.cluster }}: ndbinfo tells nothing, so memory, redo and arbitration are not watched",
			Description: "No SQL node gives the exporter ndbinfo. " +
				"Alerts about what is inside the data nodes are blind until it is back.",
		},
		{
			Name:     "NdbClusterUnwatched",
			Expr:     expr(`%s unless on (cluster) up{job="%s"}`, metric.NdbClusterExpected, JobNDB),
			For:      2 * time.Minute,
			Severity: Critical,
			Scope:    ScopeExporter,
			Summary:  "{{ $labels.cluster }} is in kagu.yaml, but nobody scrapes it",
			Description: "Prometheus has no target for the cluster, so no other NDB alert can see it. " +
				"ndb_exporter does not run, has not read the current kagu.yaml, or Prometheus cannot ask it for targets.",
		},
		{
			Name:     "NdbMetricsAbsent",
			Expr:     expr(`absent(%s)`, metric.NdbUp),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeExporter,
			Summary:  "No NDB cluster is being watched at all",
			Description: "Not one cluster's state reaches Prometheus: the exporter, its targets or the way to it are gone. " +
				"All other NDB alerts are blind until it is back.",
		},
	}
}
