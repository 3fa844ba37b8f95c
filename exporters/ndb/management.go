package ndb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

func itoa(n int) string { return strconv.Itoa(n) }

// management is the collector of what management servers say of themselves and of the nodes.
type management struct{ look *look }

// Name returns "management".
func (management) Name() string { return "management" }

// Collect emits it. A server that does not answer is an error, beside ndb_mgmd_up 0.
func (c management) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	v := c.look.readView(ctx)
	e := c.look.emitter(emit)
	e.cells.truth(metric.NdbUp, v.Answered())
	var errs []error
	for i, s := range v.Servers {
		id := c.look.observer.seats[i].id
		up := s.Error == ""
		e.of(metric.NdbMgmdUp, value(up), id)
		if !up {
			errs = append(errs, fmt.Errorf("%s: %s", s.Name, s.Error))
			continue
		}
		e.of(metric.NdbMgmdResponseSeconds, s.Took.Seconds(), id)
		if s.Version != "" {
			e.of(metric.NdbMgmdInfo, 1, id, s.Version)
		}
		if s.Generation > 0 {
			e.of(metric.NdbMgmdConfigGeneration, float64(s.Generation), id)
		}
		for _, n := range s.Nodes {
			if n.Type == mgm.NodeData {
				c.look.dataNode(e, s, n)
			}
		}
	}
	if v.Answered() {
		c.look.nodes(e, v)
	}
	for _, s := range v.CutOff() { // it brings no events, and looks alive
		c.look.stream.leave(s.Address)
	}
	e.cells(metric.NdbNodeUnknownStatesTotal.Sample(float64(c.look.countUnknown(v))))
	return errors.Join(errs...)
}

// dataNode emits what one server says of a data node.
func (l *look) dataNode(e emitter, s ndb.Server, n mgm.NodeStatus) {
	started := n.State == mgm.StateStarted || n.State == mgm.StateSingleUser
	if n.State.Known() && n.State != mgm.StateUnknown {
		e.of(metric.NdbMgmdNodeUp, value(started), itoa(n.ID), s.Name)
	}
	e.of(metric.NdbMgmdNodeConnectsTotal, float64(n.ConnectCount), itoa(n.ID), s.Name)
}

// nodes emits what all servers together say of the nodes.
func (l *look) nodes(e emitter, v ndb.View) {
	configured, started, data := 0, 0, cluster.Yes
	single := cluster.Unknown
	for _, n := range v.Nodes() {
		id := itoa(n.ID)
		if n.Role == cluster.RoleSQL && n.Name == "" {
			continue // a place where anybody may sit; ndb_api_connections counts them
		}
		group := ""
		if n.Role == cluster.RoleData {
			group = n.Group.String()
		}
		e.of(metric.NdbNodeInfo, 1, id, string(n.Role), shown(n.Host), group, n.Version)
		switch n.Up {
		case cluster.Yes:
			e.of(metric.NdbNodeUp, 1, id, string(n.Role))
		case cluster.No:
			e.of(metric.NdbNodeUp, 0, id, string(n.Role))
		}
		if n.Role != cluster.RoleData {
			continue
		}
		configured++
		switch n.Up {
		case cluster.Yes:
			started++
		case cluster.Unknown:
			data = cluster.Unknown
		}
		switch { // is_single_user is of the API node that has the cluster to itself: data nodes say it by their state
		case n.State == string(mgm.StateSingleUser):
			single = cluster.Yes
		case n.State == string(mgm.StateStarted) && single == cluster.Unknown:
			single = cluster.No
		}
		name, _ := l.names.of(id)
		metric.NdbNodeState.StateSet(e.cells, stateWord(n.State), name, id)
		if n.State == string(mgm.StateStarting) {
			e.of(metric.NdbNodeStartPhase, float64(n.Phase), id)
		}
		e.of(metric.NdbNodePresident, value(n.President), id)
	}
	if configured > 0 {
		e.cells(metric.NdbDataNodes.Sample(float64(configured), "configured"))
		if data == cluster.Yes {
			e.cells(metric.NdbDataNodes.Sample(float64(started), "started"))
		}
	}
	switch single {
	case cluster.Yes:
		e.cells(metric.NdbSingleUserMode.Sample(1))
	case cluster.No:
		e.cells(metric.NdbSingleUserMode.Sample(0))
	}
	groups, complete := v.Redundancy()
	if !complete {
		return // a group of which a node is not known to be would look whole
	}
	for _, g := range groups {
		e.cells(metric.NdbNodeGroupNodes.Sample(float64(g.Configured), g.Group.String(), "configured"))
		if g.Unknown == 0 {
			e.cells(metric.NdbNodeGroupNodes.Sample(float64(g.Started), g.Group.String(), "started"))
		}
	}
}

// stateWord is our word for a state, "other" for those of the future and for a contradiction.
func stateWord(state string) string {
	switch s := mgm.NodeState(state); s {
	case mgm.StateSingleUser:
		return "single_user"
	case mgm.StateNoContact, mgm.StateNotStarted, mgm.StateStarting, mgm.StateStarted, mgm.StateShuttingDown:
		return strings.ToLower(state)
	default:
		return "other"
	}
}

// countUnknown counts the answers that have a state nobody knows.
func (s *side) countUnknown(v ndb.View) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range v.Servers {
		for _, n := range server.Nodes {
			if !n.State.Known() {
				s.unknownStates++
				break
			}
		}
	}
	return s.unknownStates
}

func value(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
