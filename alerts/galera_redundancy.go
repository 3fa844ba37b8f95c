package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

func galeraRedundancyRecordings() []Recording {
	return []Recording{
		{Name: metric.GaleraClusterSizeMin.Name, Expr: expr(
			`min by (job, cluster) (%s and on (job, cluster, node, instance) %s{status="primary"} == 1)`,
			metric.GaleraClusterSize, metric.GaleraClusterStatus)},
		{Name: metric.GaleraReplicationRate.Name, Expr: expr(
			`rate(%s[1h]) + rate(%s[1h])`,
			metric.GaleraReplicatedBytesTotal, metric.GaleraReceivedBytesTotal)},
		{Name: metric.GaleraISTWindow.Name, Expr: expr(
			`max by (job, cluster) (
  (%s + %s)
  / on (job, cluster, node, instance) clamp_min(max_over_time(%s[1d]), 1)
)`,
			metric.GaleraGcacheSizeBytes, metric.GaleraGcacheKeepPagesBytes, metric.GaleraReplicationRate)},
		{Name: metric.GaleraGcacheOldestMin.Name, Expr: expr(
			`min by (job, cluster) (%s)`, metric.GaleraGcacheOldestSeqno)},
		// IST is offered from the oldest write set of the group on, and a safety gap above it.
		{Name: metric.GaleraISTFloor.Name, Expr: expr(
			`%[1]s + clamp_max((max by (job, cluster) (%[2]s) - %[1]s) / 128, 1048576)`,
			metric.GaleraGcacheOldestMin, metric.GaleraLastCommittedSeqno)},
	}
}

// galeraRedundancy is about what the next failure will cost. None of these is an outage.
func galeraRedundancy() []Rule {
	return []Rule{
		{ // GaleraNodeDown has told of the cause within a minute, and the remediator has had its time
			Name: "GaleraNextLossStopsCluster",
			Expr: expr(`min by (job, cluster) (%s and on (job, cluster, node, instance) %s{status="primary"} == 1) == 0
and on (job, cluster) max by (job, cluster) (%s) > 2`,
				metric.GaleraQuorumMargin, metric.GaleraClusterStatus, metric.GaleraClusterExpectedMembers),
			For:      15 * time.Minute,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the next member that dies takes the cluster down",
			Description: "For 15 minutes the members that are left have had no quorum to spare, and nothing has healed it. " +
				"A crash or a cut link now stops all writes.",
		},
		{
			Name: "GaleraMembersMissing",
			Expr: expr(`max by (job, cluster) (%s) - on (job, cluster) %s > 0`,
				metric.GaleraClusterExpectedMembers, metric.GaleraClusterSizeMin),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} lacks {{ $value }} of the members that kagu.yaml names",
			Description: "Every server that should be there answers, or is reported by another alert; the group has fewer members all the same. " +
				"Most often the arbitrator (garbd) is down, which nothing else shows.",
		},
		{
			Name: "GaleraFailureDetectionSlow",
			Expr: expr(`(max by (job, cluster) (%[1]s) > 5
  unless on (job, cluster) (max by (job, cluster) (%[2]s) > on (job, cluster) min by (job, cluster) (%[2]s)))
or max by (job, cluster) (%[1]s) > 15`,
				metric.GaleraEvsFailureDetectionSeconds, metric.GaleraSegment),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: each member that dies stops all writes for {{ $value | humanizeDuration }}",
			Description: "99.999 % leaves 315 seconds a year. With these timeouts one crash a month spends a quarter of it or more before anybody has done anything. " +
				"Members in several network segments are given 15 seconds.",
		},
		{
			Name: "GaleraLatencyNearTimeout",
			Expr: expr(`%s > on (job, cluster, node, instance) 0.5 * %s`,
				metric.GaleraEvsReplicationLatencyMaxSeconds, metric.GaleraEvsSuspectTimeoutSeconds),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: delivery took {{ $value | humanizeDuration }}, half of what counts as dead",
			Description: "For five minutes the slowest messages of this node have come near evs.suspect_timeout. " +
				"A little more, and a member that lives is put out of the cluster.",
		},
		{ // restarts explain themselves: GaleraNodeFlapping and GaleraNodeDown
			Name: "GaleraMembershipFlapping",
			Expr: expr(`max by (job, cluster) (changes(%s[15m])) > 4
unless on (job, cluster) max by (job, cluster) (changes(%s[20m])) > 0`,
				metric.GaleraClusterConfID, metric.GaleraUp),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} changed its membership {{ $value }} times in 15 minutes, and no server was restarted",
			Description: "Members lose each other and find each other again; writes stop each time. " +
				"The network between them loses packets, or a host stands still now and then.",
		},
		{
			Name:     "GaleraISTWindowShort",
			Expr:     expr(`%s < 3600`, metric.GaleraISTWindow),
			For:      30 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: a node that is away for {{ $value | humanizeDuration }} needs a full copy of the data",
			Description: "The largest write-set cache holds less than an hour of writes at the peak of the last day. " +
				"A restart that takes longer ends in a full transfer (SST) instead of an incremental one.",
		},
		{ // the caches of a cluster that has just begun move a few times: that is no loss
			Name: "GaleraDownNodeLosingIST",
			Expr: expr(`(last_over_time(%[1]s[1d]) and on (job, cluster, node, instance) %[2]s == 0) - on (job, cluster) group_left () %[3]s < 0
or ((last_over_time(%[1]s[1d]) and on (job, cluster, node, instance) %[2]s == 0) - on (job, cluster) group_left () %[3]s
    < on (job, cluster) group_left () (900 * deriv(%[4]s[30m]))
  and on (job, cluster) changes(%[4]s[30m]) > 10)`,
				metric.GaleraLastCommittedSeqno, metric.GaleraUp, metric.GaleraISTFloor, metric.GaleraGcacheOldestMin),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} is down, and within 15 minutes only a full copy brings it back",
			Description: "The other members are about to forget the write sets that it lacks, or have done so. " +
				"Started now it may still catch up; later it needs a full transfer, and a donor with it.",
		},
		{ // MariaDB 10.11 tells nothing of the bytes it receives: then the disk they go to does
			Name: "GaleraStateTransferStalled",
			Expr: expr(`(%[1]s{phase="receiving_sst"} == 1 and on (job, cluster, node, instance) changes(%[2]s[10m]) == 0)
or (%[1]s{phase="receiving_ist"} == 1 and on (job, cluster, node, instance) changes(%[3]s[10m]) == 0)
or (%[1]s{phase="receiving_sst"} == 1 and on (job, cluster, node, instance) changes(%[4]s[10m]) == 0
  unless on (job, cluster, node, instance) %[2]s)`,
				metric.GaleraStateTransferPhase, metric.GaleraSSTDoneBytes, metric.GaleraISTDoneEvents, metric.GaleraDatadirAvailableBytes),
			For:      10 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: the state transfer has stood still for 10 minutes",
			Description: "The joiner receives nothing more. It is no redundancy, and its donor may serve less or nothing meanwhile. " +
				"Disk, network or the transfer's own processes.",
		},
		{
			Name:     "GaleraNodeDesynced",
			Expr:     expr(`min_over_time(%s[10m]) > 0`, metric.GaleraDesyncRequests),
			For:      2 * time.Hour,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} has been out of step for two hours",
			Description: "It donates, is backed up, or somebody set wsrep_desync or left a schema change in RSU. " +
				"It may lag without end, and does not count as a writer.",
		},
		{ // a list that outlives the evicted server's return is no alert
			Name: "GaleraMemberEvicted",
			Expr: expr(`max by (job, cluster) (%[1]s) > 0
and on (job, cluster) max by (job, cluster) (%[2]s) > on (job, cluster) %[3]s`,
				metric.GaleraEvsEvictedPeers, metric.GaleraClusterExpectedMembers, metric.GaleraClusterSizeMin),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }} has evicted {{ $value }} members: they stay out until they are restarted",
			Description: "The members agreed that it answers too late again and again (evs.auto_evict). " +
				"Its server may still run; it is not let in again before its process has been started anew.",
		},
	}
}
