package ndb

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/goleak"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// managedBy is a cluster of two data nodes with these management servers, and no SQL node.
func managedBy(addresses ...string) inventory.Cluster {
	c := inventory.Cluster{Name: "voip", Kind: cluster.KindNDB}
	for i, address := range addresses {
		name := "m" + itoa(i+1)
		c.Management = append(c.Management, inventory.Node{
			ID: 100 + i, Name: name, Role: cluster.RoleManagement, Listen: address, Host: inventory.Host{Name: name, Address: "10.0.1." + itoa(i)},
		})
	}
	for id := 2; id <= 3; id++ {
		c.Data = append(c.Data, inventory.Node{
			ID: id, Name: "d" + itoa(id), Role: cluster.RoleData, Host: inventory.Host{Name: "h" + itoa(id), Address: "10.0.0." + itoa(id)},
		})
	}
	return c
}

// pageOf scrapes the management protocol, the events and the judgement.
func pageOf(t *testing.T, s *side) (lines []string, failed map[string]string) {
	t.Helper()
	return pageWithin(t.Context(), t, s)
}

func pageWithin(ctx context.Context, t *testing.T, s *side) (lines []string, failed map[string]string) {
	t.Helper()
	return pageOfThese(ctx, t, s, "management", "events", "judgement")
}

// pageOfThese scrapes these collectors, one after the other.
func pageOfThese(ctx context.Context, t *testing.T, s *side, names ...string) (lines []string, failed map[string]string) {
	t.Helper()
	collectors, err := s.look(names)
	if err != nil {
		t.Fatal(err)
	}
	failed = map[string]string{}
	var all []prometheus.Metric
	for _, c := range collectors {
		if err := c.Collect(ctx, func(m prometheus.Metric) { all = append(all, m) }); err != nil {
			failed[c.Name()] = err.Error()
		}
	}
	families, err := metric.Page(all)
	if err != nil {
		t.Error(err)
	}
	var text strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines, failed
}

// TestBadManagementServers has one that is as bad as the case says, alone and beside a good one.
func TestBadManagementServers(t *testing.T) {
	good := func() mgmtest.Handler { return mgmtest.NewCluster(2) }
	status := func(wrong mgmtest.Handler) mgmtest.Handler { return mgmtest.On("get status", wrong, good()) }
	for _, c := range []struct {
		name string
		bad  mgmtest.Handler
	}{
		{"half a line and then the end", status(mgmtest.CutOff("node sta"))},
		{"half a reply and then the end", status(mgmtest.CutOff("node status\nnodes: 2\nnode.2.type: NDB\n"))},
		{"a wrong header", status(mgmtest.Bytes("weather report\nresult: Ok\n\n"))},
		{"10 MB of lines", status(mgmtest.Flood("node status\nnodes: 2\n", "node.2.type: NDB\n", 10<<20))},
		{"10 MB without an end of line", status(mgmtest.Flood("node status\n", "x", 10<<20))},
		{"nothing", status(mgmtest.CutOff(""))},
		{"only TLS", mgmtest.On("get status", mgmtest.Unauthorized(), good())},
		{"a number that is none", status(mgmtest.Bytes("node status\nnodes: many\n\n"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad, well := mgmtest.Listen(t, c.bad), mgmtest.Listen(t, good())
			for _, beside := range []bool{false, true} {
				addresses := []string{bad.Address()}
				if beside {
					addresses = append(addresses, well.Address())
				}
				s := openSide(managedBy(addresses...), Options{Streams: NewStreams()})
				got, failed := pageOf(t, s)
				s.close()
				says(t, got, `ndb_mgmd_up{node="m1",node_id="100"} 0`)
				if failed["management"] == "" {
					t.Error("the collector does not say why it fails")
				}
				if beside {
					says(t, got, "ndb_up 1", `ndb_mgmd_up{node="m2",node_id="101"} 1`, "ndb_cluster_serving 1", `ndb_node_up{node="d2",node_id="2",role="data"} 1`)
				} else {
					says(t, got, "ndb_up 0")
					saysNothingOf(t, got, "ndb_node_up{", "ndb_node_state{", "ndb_data_nodes{", "ndb_cluster_serving", "ndb_failures_until_outage{", "ndb_mgmd_info{")
				}
			}
		})
	}
}

// A server that is silent costs a scrape its deadline, and nothing of what another says.
func TestASilentManagementServer(t *testing.T) {
	silent := mgmtest.Listen(t, mgmtest.On("get status", mgmtest.Silence(), mgmtest.NewCluster(2)))
	well := mgmtest.Listen(t, mgmtest.NewCluster(2))
	s := openSide(managedBy(silent.Address(), well.Address()), Options{Streams: NewStreams()})
	defer s.close()
	var got []string
	within := func(deadline time.Duration) []string {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		got, _ = pageWithin(ctx, t, s)
		return got
	}
	want := []string{"ndb_up 1", `ndb_mgmd_up{node="m1",node_id="100"} 0`, `ndb_mgmd_up{node="m2",node_id="101"} 1`, `ndb_data_nodes{state="started"} 2`}
	// On a busy machine the other one may need longer to say it.
	for deadline := 200 * time.Millisecond; !saysAll(within(deadline), want...) && deadline < time.Minute; {
		deadline *= 2
	}
	says(t, got, want...)
}

func TestManagementServersThatAreOfTwoMinds(t *testing.T) {
	one, other := mgmtest.NewCluster(2), mgmtest.NewCluster(2)
	other.Generation = 2
	other.Change(3, func(n *mgm.NodeStatus) { *n = mgm.NodeStatus{ID: 3, Type: mgm.NodeData, State: mgm.StateNoContact} })
	s := openSide(managedBy(mgmtest.Listen(t, one).Address(), mgmtest.Listen(t, other).Address()), Options{Streams: NewStreams()})
	defer s.close()
	got, failed := pageOf(t, s)
	if len(failed) > 0 {
		t.Errorf("these fail: %v", failed)
	}
	says(t, got,
		`ndb_mgmd_config_generation{node="m1",node_id="100"} 1`, `ndb_mgmd_config_generation{node="m2",node_id="101"} 2`,
		`ndb_mgmd_node_up{node="d3",node_id="3",seen_by="m1"} 1`, `ndb_mgmd_node_up{node="d3",node_id="3",seen_by="m2"} 0`,
		`ndb_node_up{node="d2",node_id="2",role="data"} 1`, `ndb_node_state{node="d3",node_id="3",state="other"} 1`,
		`ndb_node_group_nodes{node_group="0",state="configured"} 2`, "ndb_cluster_serving 1",
	)
	saysNothingOf(t, got, `ndb_node_up{node="d3"`, `ndb_data_nodes{state="started"}`, `ndb_node_group_nodes{node_group="0",state="started"}`)
}

func TestStatesAndEventsOfTheFuture(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := mgmtest.NewCluster(2)
	server := mgmtest.Listen(t, c)
	defer server.Close()
	s := openSide(managedBy(server.Address()), Options{Streams: NewStreams()})
	defer s.close()
	pageOf(t, s)
	awaitThat(t, "the events are listened to", func() bool { return c.Listeners() == 1 })
	c.Change(3, func(n *mgm.NodeStatus) { n.State = "DREAMING" })
	c.EmitBlock("log event reply\ntype=4711\ntime=0\nsource_nodeid=2\ncolour=7\n\n")
	awaitThat(t, "the event is counted", func() bool {
		got, _ := pageOf(t, s)
		return slices.Contains(got, "ndb_events_unknown_total 1")
	})
	got, _ := pageOf(t, s)
	says(t, got, `ndb_node_state{node="d3",node_id="3",state="other"} 1`, "ndb_up 1", "ndb_cluster_serving 1")
	saysNothingOf(t, got, `ndb_node_up{node="d3"`, "ndb_node_unknown_states_total 0")
}

// A node that dies is seen by its event, and by the next status.
func TestADataNodeDies(t *testing.T) {
	c := mgmtest.NewCluster(2)
	s := openSide(managedBy(mgmtest.Listen(t, c).Address()), Options{Streams: NewStreams()})
	defer s.close()
	pageOf(t, s)
	awaitThat(t, "the events are listened to", func() bool { return c.Listeners() == 1 })
	c.Kill(3)
	c.Emit(mgm.Event{Type: mgm.StopForced, Source: 3, Fields: []mgm.Field{{Name: "action"}, {Name: "signum"}, {Name: "error", Value: 2305}, {Name: "sphase"}, {Name: "extra"}}})
	awaitThat(t, "it is counted", func() bool {
		got, _ := pageOf(t, s)
		return slices.Contains(got, `ndb_node_forced_stops_total{code="2305",node="d3",node_id="3",remedy="network",signal="0"} 1`)
	})
	got, _ := pageOf(t, s)
	says(t, got,
		`ndb_node_failures_total{node="d3",node_id="3"} 1`, `ndb_node_failures_total{node="d2",node_id="2"} 0`,
		`ndb_node_up{node="d3",node_id="3",role="data"} 0`, `ndb_node_group_nodes{node_group="0",state="started"} 1`,
		`ndb_node_loss_stops_cluster{node="d2",node_id="2"} 1`, `ndb_failures_until_outage{of="nodes",timing="sequential"} 1`,
	)
	saysNothingOf(t, got, `ndb_node_loss_stops_cluster{node="d3"`)
}

func says(t *testing.T, page []string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !slices.Contains(page, line) {
			t.Errorf("does not say %s:\n%s", line, strings.Join(page, "\n"))
		}
	}
}

func saysAll(page []string, lines ...string) bool {
	return !slices.ContainsFunc(lines, func(line string) bool { return !slices.Contains(page, line) })
}

func saysNothingOf(t *testing.T, page []string, beginnings ...string) {
	t.Helper()
	for _, b := range beginnings {
		if i := slices.IndexFunc(page, func(line string) bool { return strings.HasPrefix(line, b) }); i >= 0 {
			t.Errorf("says %s", page[i])
		}
	}
}

func awaitThat(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(until) {
			t.Fatalf("never: %s", what)
		}
	}
}
