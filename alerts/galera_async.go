package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// galeraAsync is about replication beside Galera's own: members that read from another server, and
// replicas that read from a member. A channel is told by its source, since after a failover it runs
// on another member.
func galeraAsync() []Rule {
	return []Rule{
		{
			Name: "GaleraReplicaBroken",
			Expr: expr(`(%[1]s{thread="sql"} > 0 and on (job, cluster, node, instance, channel) %[2]s == 0)
* on (job, cluster, node, instance, channel) group_left (source_host, source_port) %[3]s`,
				metric.GaleraAsyncReplicaErrorNumber, metric.GaleraAsyncReplicaSQLRunning, metric.GaleraAsyncReplicaInfo),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} cannot apply changes of {{ $labels.source_host }}: error {{ $value }}",
			Description: "The channel has stopped at a change that does not fit the data here. " +
				"Skipping it makes both sides differ for good: find out why first.",
		},
		{ // a member that answers and has no channel any more was told so; one that is down was not
			Name: "GaleraReplicaStopped",
			Expr: expr(`group by (job, cluster, source_host, source_port) (
  %[1]s or (last_over_time(%[1]s[1d]) and on (job, cluster, node, instance) %[2]s == 0)
)
unless on (job, cluster, source_host, source_port)
group by (job, cluster, source_host, source_port) (
  %[1]s
  and on (job, cluster, node, instance, channel) %[3]s == 1
  and on (job, cluster, node, instance, channel) %[4]s == 1
)`,
				metric.GaleraAsyncReplicaInfo, metric.GaleraUp, metric.GaleraAsyncReplicaIORunning, metric.GaleraAsyncReplicaSQLRunning),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} gets no changes from {{ $labels.source_host }}: no member's channel runs",
			Description: "The channel is stopped, cannot reach its source, or went down with its member. " +
				"The data here get older, and the source keeps its binary logs only for a while.",
		},
		{
			Name: "GaleraReplicaLagging",
			Expr: expr(`(%[1]s - on (job, cluster, node, instance, channel) %[2]s > 300)
* on (job, cluster, node, instance, channel) group_left (source_host, source_port) %[3]s`,
				metric.GaleraAsyncReplicaLagSeconds, metric.GaleraAsyncReplicaConfiguredDelaySeconds, metric.GaleraAsyncReplicaInfo),
			For:      10 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} is {{ $value | humanizeDuration }} behind {{ $labels.source_host }}",
			Description: "The channel runs and applies slower than its source writes. " +
				"All members of this cluster have data as old as that.",
		},
		{
			Name: "GaleraReplicaOnTwoMembers",
			Expr: expr(`count by (job, cluster, source_host, source_port) (
  count by (job, cluster, source_host, source_port, node) (%s and on (job, cluster, node, instance, channel) %s == 1)
) > 1`,
				metric.GaleraAsyncReplicaInfo, metric.GaleraAsyncReplicaSQLRunning),
			For:      2 * time.Minute,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} applies the changes of {{ $labels.source_host }} on {{ $value }} members at once",
			Description: "Each change comes as often as members read it, and Galera spreads each of them. " +
				"Channels break on duplicate keys, and what adds up is counted twice.",
		},
		{
			Name: "GaleraReplicaAway",
			Expr: expr(`max_over_time((sum by (job, cluster) (%[1]s))[1d:5m]) - on (job, cluster) sum by (job, cluster) (%[1]s) > 0`,
				metric.GaleraAsyncBinlogDumpThreads),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: {{ $value }} readers of its changes are away that were there within a day",
			Description: "A replica, or a backup that streams the binary logs, is no longer connected to any member. " +
				"Once the logs are purged that it still needs, it must be set up anew.",
		},
		{
			Name:     "GaleraSemiSyncOff",
			Expr:     expr(`%s == 0`, metric.GaleraSemiSyncSourceActive),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} no longer waits for a replica's receipt",
			Description: "Semi-synchronous replication is switched on and has given up waiting: no replica answers in time. " +
				"If this side is lost now, so is what was committed since.",
		},
		{
			Name:     "GaleraReplicationAccountExpired",
			Expr:     expr(`max by (job, cluster) (%s{state="expired"}) > 0`, metric.GaleraReplicationAccounts),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the password of {{ $value }} replication accounts has expired",
			Description: "A replica that is connected stays connected, " +
				"and one that uses such an account does not come back after its next disconnect.",
		},
		{
			Name: "GaleraBinlogNeverPurged",
			Expr: expr(`%s == 0 and on (job, cluster, node, instance) %s == 1`,
				metric.GaleraBinlogExpireSeconds, metric.GaleraBinlogEnabled),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} keeps its binary logs for ever",
			Description: "Nothing purges them, so some day they fill the disk, and a member with a full disk stops. " +
				"MariaDB's own default is to keep them.",
		},
	}
}
