package ndb

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/mgm"
)

// breaksOnARealCluster breaks what management servers and events are about, and mends it again. It
// begins with a cluster whose data nodes and SQL nodes are all gone.
func breaksOnARealCluster(t *testing.T, l *lab.Lab) {
	t.Run("all data nodes are gone", func(t *testing.T) {
		s := openSide(clusterOf(t, l), Options{Streams: NewStreams()})
		defer s.close()
		got, _ := pageOf(t, s)
		says(t, got,
			"ndb_up 1", "ndb_cluster_serving 0", `ndb_data_nodes{state="started"} 0`, `ndb_node_up{node="d1",node_id="11",role="data"} 0`,
			`ndb_node_group_nodes{node_group="0",state="started"} 0`, `ndb_failures_until_outage{of="nodes",timing="sequential"} 0`,
		)
		for _, n := range l.Members(cluster.RoleData) {
			if err := l.Start(t.Context(), n.Name); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.AwaitData(t.Context()); err != nil {
			t.Fatal(err)
		}
	})

	s := openSide(clusterOf(t, l), Options{Streams: NewStreams()})
	defer s.close()
	now := func() []string {
		lines, _ := pageOf(t, s)
		return lines
	}
	has := func(part string) func() bool {
		return func() bool {
			return slices.ContainsFunc(now(), func(line string) bool { return strings.Contains(line, part) })
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for began := time.Now(); !ok(); time.Sleep(50 * time.Millisecond) { // each look costs the servers a question
			if time.Since(began) > time.Minute {
				t.Fatalf("never: %s:\n%s", what, strings.Join(now(), "\n"))
			}
		}
	}

	t.Run("all is well", func(t *testing.T) {
		until("the stream is up", has("ndb_event_stream_up 1"))
		says(t, now(),
			"ndb_up 1", "ndb_cluster_serving 1", `ndb_data_nodes{state="started"} 2`, `ndb_node_group_nodes{node_group="0",state="started"} 2`,
			`ndb_mgmd_up{node="m1",node_id="1"} 1`, `ndb_mgmd_up{node="m2",node_id="2"} 1`, `ndb_node_state{node="d1",node_id="11",state="started"} 1`,
			`ndb_failures_until_outage{of="nodes",timing="sequential"} 2`, `ndb_node_loss_stops_cluster{node="d1",node_id="11"} 0`,
		)
	})

	t.Run("a data node dies and comes back", func(t *testing.T) {
		do(l.Kill(t.Context(), "d2"))
		began := time.Now()
		until("the event shows it", has(`ndb_node_failures_total{node="d2",node_id="12"} 1`))
		t.Logf("killed: its event is in a scrape after %s", time.Since(began).Round(time.Millisecond))
		until("the status shows it", has(`ndb_node_up{node="d2",node_id="12",role="data"} 0`))
		says(t, now(), `ndb_node_group_nodes{node_group="0",state="started"} 1`, `ndb_node_loss_stops_cluster{node="d1",node_id="11"} 1`, "ndb_cluster_serving 1")
		do(l.Start(t.Context(), "d2"))
		until("it is starting", has("ndb_node_start_phase{"))
		do(l.AwaitState(t.Context(), "d2", mgm.StateStarted))
		until("it is started", has(`ndb_node_up{node="d2",node_id="12",role="data"} 1`))
		until("its start is counted", has(`ndb_node_starts_total{node="d2",node_id="12"} 1`))
	})

	t.Run("both management servers are gone", func(t *testing.T) {
		for _, n := range l.Members(cluster.RoleManagement) {
			do(l.Kill(t.Context(), n.Name))
		}
		until("nobody answers", has("ndb_up 0"))
		saysNothingOf(t, now(), "ndb_node_up{", "ndb_cluster_serving", "ndb_data_nodes{")
		until("the stream is down", has("ndb_event_stream_up 0"))
		for _, n := range l.Members(cluster.RoleManagement) {
			do(l.Start(t.Context(), n.Name))
		}
		do(l.AwaitManagement(t.Context()))
		until("they answer", has(`ndb_data_nodes{state="started"} 2`))
		until("the stream is back", has("ndb_event_stream_up 1"))
		saysNothingOf(t, now(), "ndb_event_stream_reconnects_total 0", "ndb_event_stream_gaps_total 0")
	})
}
