package ndb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// events is the collector of what the event stream brought.
type events struct{ side *side }

// Name returns "events".
func (events) Name() string { return "events" }

// Collect emits it. A stream that is down is an error, beside what it brought before.
func (c events) Collect(_ context.Context, emit func(prometheus.Metric)) error {
	e := c.side.emitter(emit)
	c.side.stream.chronicle.emit(e)
	s, listening := c.side.stream.state()
	if !listening {
		return nil
	}
	e.cells.truth(metric.NdbEventStreamUp, s.Up)
	if !s.LastSign.IsZero() {
		e.cells(metric.NdbEventStreamLastSignTimestampSeconds.Sample(unix(s.LastSign)))
	}
	e.cells(metric.NdbEventStreamReconnectsTotal.Sample(float64(s.Reconnects)))
	e.cells(metric.NdbEventStreamGapsTotal.Sample(float64(s.Gaps)))
	if s.Up || s.Err == nil { // or it begins only now
		return nil
	}
	return fmt.Errorf("no management server sends events: %w", errors.Join(s.Err))
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (c *chronicle) emit(e emitter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range sorted(c.types) {
		e.cells(metric.NdbEventsTotal.Sample(float64(c.types[name]), name))
	}
	e.cells(metric.NdbEventsUnknownTotal.Sample(float64(c.unknown)))
	c.emitNodes(e)
	counts(e, metric.NdbArbitrationResultsTotal, c.arbitration)
	counts(e, metric.NdbStallsTotal, c.stalls)
	e.cells(metric.NdbSubscriptionLossesTotal.Sample(float64(c.subscriptions)))
	if c.checkpoint.took > 0 {
		e.cells(metric.NdbLocalCheckpointSeconds.Sample(c.checkpoint.took.Seconds()))
	}
	if !c.checkpoint.at.IsZero() {
		e.cells(metric.NdbLocalCheckpointTimestampSeconds.Sample(unix(c.checkpoint.at)))
	}
	c.backup.emit(e)
}

// counts emits a counter for each value that there may be, so that the first is an increase.
func counts(e emitter, f *metric.Family, of map[string]int) {
	for _, value := range f.States {
		e.cells(f.Sample(float64(of[value]), value))
	}
}

func (c *chronicle) emitNodes(e emitter) {
	for _, id := range e.data {
		e.of(metric.NdbNodeFailuresTotal, float64(c.failures[id]), itoa(id))
		e.of(metric.NdbNodeStartsTotal, float64(c.starts[id]), itoa(id))
		e.of(metric.NdbNodeStopsTotal, float64(c.stops[id]), itoa(id))
		for _, kind := range metric.NdbHeartbeatTroubleTotal.States {
			e.of(metric.NdbHeartbeatTroubleTotal, float64(c.heartbeats[nodeKind{id, kind}]), itoa(id), kind)
		}
		for _, kind := range metric.NdbTransporterTroubleTotal.States {
			e.of(metric.NdbTransporterTroubleTotal, float64(c.transporters[nodeKind{id, kind}]), itoa(id), kind)
		}
		if at, ok := c.forcedAt[id]; ok {
			e.of(metric.NdbNodeForcedStopTimestampSeconds, unix(at), itoa(id))
		}
	}
	for stop, n := range c.forced {
		e.of(metric.NdbNodeForcedStopsTotal, float64(n), itoa(stop.node), itoa(stop.code), itoa(stop.signal), stop.remedy)
	}
	for _, id := range sorted(c.buffers) {
		e.of(metric.NdbEventBufferUsedBytes, c.buffers[id], itoa(id))
	}
}

func (b *backups) emit(e emitter) {
	counts(e, metric.NdbBackupsTotal, b.count)
	for _, outcome := range sorted(b.at) {
		e.cells(metric.NdbBackupTimestampSeconds.Sample(unix(b.at[outcome]), outcome))
	}
	for _, outcome := range sorted(b.id) {
		e.cells(metric.NdbBackupID.Sample(float64(b.id[outcome]), outcome))
	}
	if b.heard {
		e.cells.truth(metric.NdbBackupRunning, b.running)
	}
	if b.took > 0 {
		e.cells(metric.NdbBackupDurationSeconds.Sample(b.took.Seconds()))
	}
	for _, part := range sorted(b.size) {
		e.cells(metric.NdbBackupBytes.Sample(b.size[part], part))
	}
	for _, part := range sorted(b.records) {
		e.cells(metric.NdbBackupRecords.Sample(b.records[part], part))
	}
	if b.error != 0 {
		e.cells(metric.NdbBackupErrorCode.Sample(float64(b.error)))
	}
}
