package galera

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// status is the collector of SHOW GLOBAL STATUS. It also says whether the node is up.
type status struct{ look *look }

// Name returns "status".
func (status) Name() string { return "status" }

// Collect emits the state of the node, its membership and its counters.
func (c status) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	s, err := c.look.readStatus(ctx)
	if err != nil {
		emit(metric.GaleraUp.Sample(0))
		return err
	}
	emit(metric.GaleraUp.Sample(1))
	emit(metric.GaleraClusterExpectedMembers.Sample(float64(c.look.expected)))
	e := emitter(emit)
	emitState(e, s.Status)
	emitMembership(e, s.Status)
	emitReplication(e, s.Status)
	emitPipeline(e, s.Status)
	emitGroup(e, s.Status)
	e.number(metric.GaleraConnections, wsrep.ParseInt(s.vars["threads_connected"]))
	return nil
}

func emitState(e emitter, s wsrep.Status) {
	e.states(metric.GaleraClusterStatus, s.ClusterStatus)
	e.states(metric.GaleraLocalState, s.State)
	e.number(metric.GaleraLocalStateCode, s.StateCode)
	if s.Comment != "" {
		e.info(metric.GaleraLocalStateInfo, s.Comment)
	}
	e.states(metric.GaleraEvsState, s.EVSState)
	e.truth(metric.GaleraReady, s.Ready)
	e.truth(metric.GaleraConnected, s.Connected)
	if s.MemberUUID != "" {
		e.info(metric.GaleraMemberInfo, s.MemberUUID)
	}
	if s.ClusterUUID != "" && s.LocalUUID != "" {
		e.truth(metric.GaleraStateUUIDMatch, cluster.TruthOf(s.ClusterUUID == s.LocalUUID))
	}
	e.number(metric.GaleraDesyncRequests, s.DesyncCount)
}

func emitMembership(e emitter, s wsrep.Status) {
	e.number(metric.GaleraClusterSize, s.ClusterSize)
	e.number(metric.GaleraClusterWeight, s.ClusterWeight)
	e.number(metric.GaleraClusterConfID, s.ConfID)
	e.number(metric.GaleraLocalIndex, s.LocalIndex)
	if s.Members.Known {
		e(metric.GaleraClusterMembers.Sample(float64(len(s.Members.Addresses)), "data"))
		e(metric.GaleraClusterMembers.Sample(float64(s.Members.Arbitrators), "arbitrator"))
	}
}

func emitReplication(e emitter, s wsrep.Status) {
	e.number(metric.GaleraReplicatedWriteSetsTotal, s.Replicated)
	e.number(metric.GaleraReplicatedBytesTotal, s.ReplicatedBytes)
	e.number(metric.GaleraReceivedWriteSetsTotal, s.Received)
	e.number(metric.GaleraReceivedBytesTotal, s.ReceivedBytes)
	e.number(metric.GaleraLocalCommitsTotal, s.LocalCommits)
	e.number(metric.GaleraLocalCertificationFailuresTotal, s.CertFailures)
	e.number(metric.GaleraLocalBFAbortsTotal, s.BFAborts)
	e.number(metric.GaleraLastCommittedSeqno, s.LastCommitted)
	e.number(metric.GaleraGcacheOldestSeqno, s.CachedDownTo)
	e.number(metric.GaleraLocalRecvQueueLength, s.RecvQueue)
	e.number(metric.GaleraLocalSendQueueLength, s.SendQueue)
	if s.PausedNanoseconds.Known {
		e(metric.GaleraFlowControlPausedSecondsTotal.Sample(float64(s.PausedNanoseconds.Value) / 1e9))
	}
	e.number(metric.GaleraFlowControlSentTotal, s.PausesSent)
	e.number(metric.GaleraFlowControlReceivedTotal, s.PausesReceived)
	e.truth(metric.GaleraFlowControlActive, s.FlowControlActive)
	e.truth(metric.GaleraFlowControlRequested, s.FlowControlRequests)
}
