package galera

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// emitPipeline emits how write sets get from the client to the disk.
func emitPipeline(e emitter, s wsrep.Status) {
	e.number(metric.GaleraReplicatedKeysTotal, s.ReplKeys)
	e.number(metric.GaleraReplicatedKeysBytesTotal, s.ReplKeysBytes)
	e.number(metric.GaleraReplicatedDataBytesTotal, s.ReplDataBytes)
	e.number(metric.GaleraReplicatedOtherBytesTotal, s.ReplOtherBytes)
	e.number(metric.GaleraLocalReplaysTotal, s.Replays)
	e.number(metric.GaleraCausalReadsTotal, s.CausalReads)
	e.number(metric.GaleraApplyWaitsTotal, s.ApplyWaits)
	e.number(metric.GaleraLastAppliedSeqno, s.LastApplied)
	e.number(metric.GaleraCheckpointSeqno, s.CheckpointSeqno)
	e.number(metric.GaleraGcachePoolBytes, s.GcachePool)
	if m := s.Monitors; m.Known {
		e(metric.GaleraMonitorPending.Sample(float64(m.Local), "local"))
		e(metric.GaleraMonitorPending.Sample(float64(m.Apply), "apply"))
		e(metric.GaleraMonitorPending.Sample(float64(m.Commit), "commit"))
	}
	e.number(metric.GaleraOpenTransactions, s.OpenTransactions)
	e.number(metric.GaleraOpenConnections, s.OpenConnections)
	e.number(metric.GaleraCertificationIndexEntries, s.CertIndexSize)
	e.real(metric.GaleraCertificationDependencyDistance, s.Window.CertDistance)
	e.real(metric.GaleraCertificationInterval, s.Window.CertInterval)
	e.real(metric.GaleraApplyOutOfOrderRatio, s.Window.ApplyOutOfOrder)
	e.real(metric.GaleraApplyWindow, s.Window.Apply)
	e.real(metric.GaleraCommitWindow, s.Window.Commit)
}

// emitGroup emits how the members reach each other.
func emitGroup(e emitter, s wsrep.Status) {
	if l := s.Latency; l.Known {
		e(metric.GaleraEvsReplicationLatencySamples.Sample(float64(l.Samples)))
		if l.Samples > 0 {
			e(metric.GaleraEvsReplicationLatencyMinSeconds.Sample(l.Min))
			e(metric.GaleraEvsReplicationLatencyMeanSeconds.Sample(l.Mean))
			e(metric.GaleraEvsReplicationLatencyMaxSeconds.Sample(l.Max))
			e(metric.GaleraEvsReplicationLatencyStddevSeconds.Sample(l.Stddev))
		}
	}
	e.number(metric.GaleraEvsDelayedPeers, s.DelayedPeers)
	e.number(metric.GaleraEvsEvictedPeers, s.EvictedPeers)
	e.number(metric.GaleraEvsRetransmittedMessagesTotal, s.Retransmitted)
	e.number(metric.GaleraProtocolVersion, s.Protocol)
	e.number(metric.GaleraThreads, s.Appliers, "applier")
	e.number(metric.GaleraThreads, s.Rollbackers, "rollbacker")
	if i := s.IST; i.Known {
		e(metric.GaleraISTReceiveStartSeqno.Sample(float64(i.Start)))
		e(metric.GaleraISTReceiveCurrentSeqno.Sample(float64(i.Current)))
		e(metric.GaleraISTReceiveEndSeqno.Sample(float64(i.End)))
	}
}

// windowStats is the collector of the queues' extremes and means since FLUSH STATUS.
type windowStats struct{ look *look }

// Name returns "status.window-stats".
func (windowStats) Name() string { return "status.window-stats" }

// Collect emits them.
func (c windowStats) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	s, err := c.look.readStatus(ctx)
	if err != nil {
		return err
	}
	e, w := emitter(emit), s.Window
	e.real(metric.GaleraRecvQueueSinceFlush, w.RecvQueueMax, "max")
	e.real(metric.GaleraRecvQueueSinceFlush, w.RecvQueueMin, "min")
	e.real(metric.GaleraRecvQueueSinceFlush, w.RecvQueueAvg, "mean")
	e.real(metric.GaleraSendQueueSinceFlush, w.SendQueueMax, "max")
	e.real(metric.GaleraSendQueueSinceFlush, w.SendQueueMin, "min")
	e.real(metric.GaleraSendQueueSinceFlush, w.SendQueueAvg, "mean")
	return nil
}
