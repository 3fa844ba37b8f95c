package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

func galeraReplicationRecordings() []Recording {
	return []Recording{
		{Name: metric.GaleraFlowControlPausedRatio.Name, Expr: expr(
			`max by (job, cluster) (rate(%s[5m]))`, metric.GaleraFlowControlPausedSecondsTotal)},
	}
}

// galeraReplication is about the stream of write sets: one slow member is everybody's.
func galeraReplication() []Rule {
	return []Rule{
		{
			Name:     "GaleraFlowControlHigh",
			Expr:     expr(`%s > 0.1`, metric.GaleraFlowControlPausedRatio),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: writes wait {{ $value | humanizePercentage }} of the time for a slow member",
			Description: "Flow control holds all members back until the slowest has caught up. " +
				"The board shows who asks for it.",
		},
		{
			Name:     "GaleraFlowControlStall",
			Expr:     expr(`%s > 0.5`, metric.GaleraFlowControlPausedRatio),
			For:      2 * time.Minute,
			Severity: Critical,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: writes stand still {{ $value | humanizePercentage }} of the time",
			Description: "One member hardly applies anything, and all others wait for it. Clients see commits that take seconds. " +
				"The board shows who asks for the pauses.",
		},
		{
			Name: "GaleraApplierStalled",
			Expr: expr(`min_over_time(%[1]s[3m]) > 0
and on (job, cluster, node, instance) changes(%[2]s[3m]) == 0
and on (job, cluster, node, instance) %[3]s{state=~"joined|synced"} == 1`,
				metric.GaleraLocalRecvQueueLength, metric.GaleraLastCommittedSeqno, metric.GaleraLocalState),
			For:      2 * time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} holds write sets and applies none: the cluster stops behind it",
			Description: "For five minutes write sets have waited there and nothing was committed. " +
				"A lock, a full disk or a disk that hangs; flow control makes all members wait.",
		},
		{
			Name: "GaleraReceiveQueueHigh",
			Expr: expr(`avg_over_time(%[1]s[10m]) > on (job, cluster, node, instance) clamp_min(0.5 * %[2]s{bound="upper"}, 8)
and on (job, cluster, node, instance) %[3]s{state="synced"} == 1`,
				metric.GaleraLocalRecvQueueLength, metric.GaleraFlowControlQueueLimit, metric.GaleraLocalState),
			For:      10 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} applies slower than it receives: {{ $value | humanize }} write sets wait",
			Description: "Its queue has been above half of what makes it pause the cluster. " +
				"Reads there are stale by as much, and a little more load slows all members.",
		},
		{
			Name: "GaleraDonorFallingBehind",
			Expr: expr(`%[1]s > 1000
and on (job, cluster, node, instance) deriv(%[1]s[10m]) > 0
and on (job, cluster, node, instance) %[2]s{state="donor"} == 1`,
				metric.GaleraLocalRecvQueueLength, metric.GaleraLocalState),
			For:      10 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} is out of step, and its queue of {{ $value | humanize }} grows",
			Description: "A donor or desynced member is not waited for, so its queue grows without end. " +
				"It needs as long to catch up again, and its memory and disk hold the queue.",
		},
		{
			Name: "GaleraConflictsHigh",
			Expr: expr(`sum by (job, cluster) (rate(%[1]s[10m]) + rate(%[2]s[10m]))
/ on (job, cluster) sum by (job, cluster) (rate(%[3]s[10m])) > 0.02
and on (job, cluster) sum by (job, cluster) (rate(%[1]s[10m]) + rate(%[2]s[10m])) > 0.5`,
				metric.GaleraLocalCertificationFailuresTotal, metric.GaleraLocalBFAbortsTotal, metric.GaleraReplicatedWriteSetsTotal),
			For:      15 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: {{ $value | humanizePercentage }} of the write sets end in a conflict",
			Description: "Clients get deadlock errors because the same rows are written on two members. " +
				"The board shows on which; send those writes to one.",
		},
		{
			Name: "GaleraSchemaChangeBlocked",
			Expr: expr(`sum by (job, cluster, node, instance) (%s{reason=~"toi|isolation"}) > 0
and on (job, cluster, node, instance) %s > 0`,
				metric.GaleraWsrepWaitingThreads, metric.GaleraMetadataLockWaiters),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: a schema change waits for a lock, and all writes wait behind it",
			Description: "A schema change runs on all members at the same place of the order, and nothing passes it. " +
				"Somebody holds a lock on the table: an open transaction, a backup, LOCK TABLES.",
		},
	}
}
