package ndb

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/ndb"
)

// judgement is the collector of what the rules of NDB make of all that is known.
type judgement struct{ look *look }

// Name returns "judgement".
func (judgement) Name() string { return "judgement" }

// Collect emits it. It does without SQL nodes: they know some things better, and not being able
// to ask them is their collectors' failure.
func (c judgement) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	v := c.look.readView(ctx)
	e := c.look.emitter(emit)
	v.Elected = c.look.stream.chronicle.elected()
	if c.look.judgesBySQL() {
		facts, _ := c.look.sql.facts(ctx)
		for _, m := range facts.Memberships {
			v.Memberships = append(v.Memberships, ndb.Membership{Node: m.Node, Arbitrator: m.Arbitrator, Connected: cluster.TruthOf(m.Connected)})
		}
		c.look.remember(facts, time.Now())
		c.look.emitRestarts(e, facts)
	}
	c.look.emitRunways(e)
	if !v.Answered() {
		return nil // management says so
	}
	emitSurvival(e, ndb.Survive(v.Shape()))
	troubles := v.WatchArbitrator().Troubles
	for _, t := range ndb.Troubles() {
		e.cells.truth(metric.NdbArbitratorTrouble, slices.Contains(troubles, t), string(t))
	}
	d := v.Detection()
	emitBound(e, "data_node_by_data_nodes", d.DataByData)
	emitBound(e, "data_node_by_clients", d.DataByAPI)
	emitBound(e, "client_by_data_nodes", d.APIByData)
	return nil
}

// judgesBySQL tells whether SQL nodes may be asked for what judgement can use: if their
// collectors are on.
func (l *look) judgesBySQL() bool {
	return len(l.sql.nodes) > 0 && l.isOn("ndbinfo.membership")
}

func (l *look) remember(f Facts, now time.Time) {
	for node, use := range f.DataMemory {
		l.stream.past.memory(node, now, use.Used, use.Total)
	}
	for node, use := range f.Redo {
		l.stream.past.fill(thing{node, "redo"}, now, use.Fullest, 1)
	}
}

func (l *look) emitRestarts(e emitter, f Facts) {
	for _, r := range f.Restarts {
		if p, running := l.stream.past.restart(r, time.Now()); running && p.Known {
			e.of(metric.NdbRestartProgressRatio, p.Share, itoa(r.Node))
			e.of(metric.NdbRestartRemainingSeconds, p.Remaining.Seconds(), itoa(r.Node))
		}
	}
}

func (l *look) emitRunways(e emitter) {
	for of, r := range l.stream.past.runways(time.Now()) {
		if r.Known {
			e.of(metric.NdbRunwaySeconds, r.Hours*time.Hour.Seconds(), itoa(of.node), of.what)
		}
	}
}

func emitSurvival(e emitter, s ndb.Survival) {
	truth(e, metric.NdbClusterServing, s.Serving)
	for _, loss := range s.Nodes {
		name, id := e.names.of(itoa(loss.Node))
		truth(e, metric.NdbNodeLossStopsCluster, loss.Stops, name, id)
	}
	for _, loss := range s.Hosts {
		truth(e, metric.NdbHostLossStopsCluster, loss.Stops, shown(loss.Host))
	}
	for _, m := range []struct {
		of     string
		margin ndb.Margin
	}{{"nodes", s.NodeMargin}, {"hosts", s.HostMargin}} {
		emitCount(e, m.margin.Sequential, m.of, "sequential")
		emitCount(e, m.margin.Simultaneous, m.of, "simultaneous")
	}
}

func emitCount(e emitter, c ndb.Count, of, timing string) {
	if c.Known {
		e.cells(metric.NdbFailuresUntilOutage.Sample(float64(c.Value), of, timing))
	}
}

func emitBound(e emitter, of string, b ndb.Bound) {
	if b.Known {
		e.cells(metric.NdbDetectionSeconds.Sample(b.Least.Seconds(), of, "least"))
		e.cells(metric.NdbDetectionSeconds.Sample(b.Most.Seconds(), of, "most"))
	}
}

func truth(e emitter, f *metric.Family, t cluster.Truth, labels ...string) {
	if t != cluster.Unknown {
		e.cells.truth(f, t == cluster.Yes, labels...)
	}
}

// elected says who arbitrates, by the events.
func (c *chronicle) elected() ndb.Arbitrator {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.election.Arbitrator()
}
