package ndb

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/needs"
)

// breaksOnARealCluster breaks what management servers and events are about, and mends it again. It
// begins with a cluster whose data nodes and SQL nodes are all gone.
func breaksOnARealCluster(t *testing.T, l *lab.Lab) {
	t.Run("all data nodes are gone", func(t *testing.T) {
		s := openSide(clusterOf(t, l), Options{Streams: NewStreams()})
		defer s.close()
		// Or all management servers are cut off: nobody is left who could tell.
		got, _ := pageOf(t, s)
		says(t, got, "ndb_up 1", `ndb_data_nodes{state="configured"} 4`, `ndb_mgmd_node_up{node="d1",node_id="11",seen_by="m1"} 0`, `ndb_node_state{node="d1",node_id="11",state="no_contact"} 1`)
		saysNothingOf(t, got, "ndb_cluster_serving", `ndb_data_nodes{state="started"}`, `ndb_node_up{node="d1"`, `ndb_node_group_nodes{node_group="0",state="started"}`, "ndb_failures_until_outage")
		for _, name := range []string{"d1", "d2"} {
			if err := l.Start(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.AwaitData(t.Context()); err != nil {
			t.Fatal(err)
		}
	})

	s := openSide(clusterOf(t, l), Options{Streams: NewStreams()})
	defer s.close()
	seen := map[string]bool{} // families
	now := func() []string {
		lines, _ := pageOf(t, s)
		for _, line := range lines {
			seen[line[:strings.IndexAny(line, "{ ")]] = true
		}
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
			if time.Since(began) > 3*time.Minute {
				t.Fatalf("never: %s:\n%s", what, strings.Join(now(), "\n"))
			}
		}
	}

	t.Run("all is well", func(t *testing.T) {
		until("the stream is up", has("ndb_event_stream_up 1"))
		for up := time.Now(); time.Since(up) < 4*time.Second; now() { // the data nodes learn up to two seconds later what it wants to hear
			time.Sleep(200 * time.Millisecond)
		}
		says(t, now(),
			"ndb_up 1", "ndb_cluster_serving 1", `ndb_data_nodes{state="started"} 2`, `ndb_node_group_nodes{node_group="0",state="started"} 2`,
			`ndb_mgmd_up{node="m1",node_id="1"} 1`, `ndb_mgmd_up{node="m2",node_id="2"} 1`, `ndb_node_state{node="d1",node_id="11",state="started"} 1`,
			`ndb_failures_until_outage{of="nodes",timing="sequential"} 2`, `ndb_node_loss_stops_cluster{node="d1",node_id="11"} 0`,
		)
	})

	t.Run("a data node dies and comes back", func(t *testing.T) {
		do(l.KillChild(t.Context(), "d2")) // its angel starts it again
		began := time.Now()
		until("the event shows it", has(`ndb_node_failures_total{node="d2",node_id="12"} 1`))
		t.Logf("killed: its event is in a scrape after %s", time.Since(began).Round(time.Millisecond))
		until("the status shows it", has(`ndb_node_up{node="d2",node_id="12",role="data"} 0`))
		says(t, now(), `ndb_node_group_nodes{node_group="0",state="started"} 1`, `ndb_node_loss_stops_cluster{node="d1",node_id="11"} 1`, "ndb_cluster_serving 1")
		until("its angel tells how it ended", has(`ndb_node_forced_stops_total{code="0",node="d2",node_id="12",remedy="restart",signal="9"} 1`))
		until("it is starting", has("ndb_node_start_phase{"))
		do(l.AwaitState(t.Context(), "d2", mgm.StateStarted))
		until("it is started", has(`ndb_node_up{node="d2",node_id="12",role="data"} 1`))
		until("the checkpoint that its restart waited for is measured", has("ndb_local_checkpoint_seconds "))
		until("its start is counted", has(`ndb_node_starts_total{node="d2",node_id="12"} 1`))
	})

	t.Run("single user mode", func(t *testing.T) {
		do(l.Start(t.Context(), "s1"))
		until("s1 works with the data nodes", func() bool { return l.SQL(t.Context(), "s1", "CREATE DATABASE IF NOT EXISTS awake") == nil })
		client := mgm.New(mgm.Options{Addresses: l.ManagementAddresses()})
		defer client.Close()
		do(client.EnterSingleUser(t.Context(), l.Members(cluster.RoleSQL)[0].ID))
		until("it is shown", has("ndb_single_user_mode 1"))
		until("of each data node", has(`ndb_node_state{node="d2",node_id="12",state="single_user"} 1`))
		says(t, now(), "ndb_cluster_serving 1", `ndb_node_up{node="d1",node_id="11",role="data"} 1`, `ndb_data_nodes{state="started"} 2`)
		do(client.ExitSingleUser(t.Context()))
		until("it is over", has("ndb_single_user_mode 0"))
		until("for each data node", has(`ndb_node_state{node="d2",node_id="12",state="started"} 1`))
	})

	t.Run("both management servers are cut off from data nodes that serve", func(t *testing.T) {
		rooted(t)
		do(l.Cut(t.Context(), string(cluster.RoleManagement), lab.CutGroup))
		for _, seat := range []string{"m1", "m2"} {
			until(seat+" sees no data node", has(`ndb_mgmd_node_up{node="d1",node_id="11",seen_by="`+seat+`"} 0`))
			until(seat+" sees no data node", has(`ndb_mgmd_node_up{node="d2",node_id="12",seen_by="`+seat+`"} 0`))
		}
		until("the SQL node tells that the cluster serves", has("ndb_cluster_serving 1"))
		says(t, now(), `ndb_node_up{node="d1",node_id="11",role="data"} 1`, `ndb_node_up{node="d2",node_id="12",role="data"} 1`, `ndb_data_nodes{state="started"} 2`)
		do(l.Kill(t.Context(), "s1"))
		until("nobody can tell", func() bool { return !has("ndb_cluster_serving ")() })
		saysNothingOf(t, now(), `ndb_node_up{node="d1"`, `ndb_data_nodes{state="started"}`)
		do(l.Join(t.Context(), string(cluster.RoleManagement)))
		until("they see the data nodes again", has(`ndb_data_nodes{state="started"} 2`))
		says(t, now(), "ndb_cluster_serving 1")
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

	t.Run("a backup is followed", func(t *testing.T) {
		client := mgm.New(mgm.Options{Addresses: l.ManagementAddresses(), Timeout: time.Minute})
		defer client.Close()
		// Right after nodes came back it is refused. And the management servers, which have just come
		// back too, hear of none until the data nodes have their levels, up to two seconds later.
		until("one is told from its start to its end", func() bool {
			_, err := client.StartBackup(t.Context(), mgm.Backup{Wait: mgm.UntilBackupCompleted})
			return err == nil && has(`ndb_backup_timestamp_seconds{outcome="completed"}`)() && has("ndb_backup_duration_seconds ")()
		})
		says(t, now(), "ndb_backup_running 0")
	})

	t.Run("the data nodes lose sight of each other: the arbitrator lets one go on, and the other waits in a phase", func(t *testing.T) {
		rooted(t)
		// The management servers have just come back. Cut before the data nodes have agreed on an
		// arbitrator, they never do, and both are put out. That they have is told once: before the exporter
		// listens, if they are quick. A SQL node can ask them.
		do(l.Start(t.Context(), "s1"))
		for _, trouble := range []string{"none", "not_agreed", "unknown"} {
			until("there is an arbitrator", has(`ndb_arbitrator_trouble{trouble="`+trouble+`"} 0`))
		}
		do(l.Kill(t.Context(), "s1"))
		do(l.Cut(t.Context(), "d2", lab.CutGroup))
		until("arbitration was won", func() bool { return !has(`ndb_arbitration_results_total{result="win_choose"} 0`)() })
		until("the other was put out by it", has(`ndb_node_forced_stops_total{code="2305",`))
		until("it is started again, and gets no further", has("ndb_node_start_phase{"))
		says(t, now(), "ndb_cluster_serving 1", `ndb_data_nodes{state="started"} 1`, `ndb_node_group_nodes{node_group="0",state="started"} 1`)
		do(l.Join(t.Context(), "d2"))
		up := func(by string) func() bool {
			return func() bool {
				lines := now()
				return slices.Contains(lines, `ndb_mgmd_node_up{node="d1",node_id="11",seen_by="`+by+`"} 1`) &&
					slices.Contains(lines, `ndb_mgmd_node_up{node="d2",node_id="12",seen_by="`+by+`"} 1`)
			}
		}
		until("both are up again", func() bool { return up("m1")() || up("m2")() })
		says(t, now(), "ndb_cluster_serving 1")
		// A management server that connected to the loser again while it waited for the arbitrator has no contact with it
		// from then on: docs/ndb-protocol.md. It shows, and what helps is in the runbook of NdbManagementDisagrees.
		for _, seat := range []string{"m1", "m2"} {
			if up(seat)() {
				continue
			}
			t.Logf("%s is blind", seat)
			do(l.Kill(t.Context(), seat))
			do(l.Start(t.Context(), seat))
			until(seat+" sees both", up(seat))
		}
		until("both are up for all", has(`ndb_data_nodes{state="started"} 2`))
	})

	t.Run("a new generation of the configuration is seen on every server", func(t *testing.T) {
		do(l.Reconfigure(t.Context(), map[string]string{"BackupReportFrequency": "3"}))
		until("m1 serves it", has(`ndb_mgmd_config_generation{node="m1",node_id="1"} 2`))
		until("m2 serves it", has(`ndb_mgmd_config_generation{node="m2",node_id="2"} 2`))
	})

	t.Run("data nodes wait outside of the node groups, and are made a group", func(t *testing.T) {
		until("the management servers have found the data nodes again", has(`ndb_data_nodes{state="started"} 2`))
		says(t, now(), "ndb_cluster_serving 1", `ndb_node_up{node="d3",node_id="13",role="data"} 0`)
		do(l.Start(t.Context(), "d3"))
		do(l.Start(t.Context(), "d4"))
		until("they are started", has(`ndb_data_nodes{state="started"} 4`))
		lines := now()
		says(t, lines, "ndb_cluster_serving 1", `ndb_node_group_nodes{node_group="0",state="started"} 2`, `ndb_failures_until_outage{of="nodes",timing="sequential"} 2`)
		saysNothingOf(t, lines, `ndb_node_group_nodes{node_group="1"`)
		if !slices.ContainsFunc(lines, func(line string) bool {
			return strings.HasPrefix(line, "ndb_node_info{") && strings.Contains(line, `node="d3"`) && strings.Contains(line, `group="none"`)
		}) {
			t.Errorf("d3 is not shown to be in no group:\n%s", strings.Join(lines, "\n"))
		}
		client := mgm.New(mgm.Options{Addresses: l.ManagementAddresses()})
		defer client.Close()
		if group, err := client.CreateNodeGroup(t.Context(), 13, 14); err != nil || group != 1 {
			t.Fatal(group, err)
		}
		until("they are a group", has(`ndb_node_group_nodes{node_group="1",state="started"} 2`))
		says(t, now(), "ndb_cluster_serving 1")
	})

	t.Run("every declared family appeared, or is elsewhere", func(t *testing.T) {
		for _, apart := range []string{"management.clients", "management.memory", "management.sessions"} {
			do(s.apart[apart].Collector.Collect(t.Context(), func(m prometheus.Metric) {
				for _, f := range metric.Ndb() {
					if f.Desc() == m.Desc() {
						seen[f.Name] = true
					}
				}
			}))
		}
		for _, f := range metric.Ndb() {
			if slices.Contains(metric.NdbSQL(), f) {
				continue // sqlOnARealCluster
			}
			if _, reason := elsewhere[f.Name]; seen[f.Name] == reason {
				t.Errorf("%s: seen %t, said to be elsewhere %t", f.Name, seen[f.Name], reason)
			}
		}
	})
}

// rooted skips a test that cuts the network, unless root runs it.
func rooted(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		needs.Missing(t, errors.New("a cut of the network: run as root"))
	}
}

// elsewhere lists the families that a cluster of this lab does not show, with the reason.
var elsewhere = map[string]string{
	"ndb_mgmd_client_certificate_expiry_timestamp_seconds": "needs clients with TLS; TestCertificatesOfClients",
	"ndb_event_buffer_used_bytes":                          "needs a SQL node that reports its event buffer; TestChronicle",
	"ndb_backup_error_code":                                "needs a backup that fails; TestChronicle",
	"ndb_runway_seconds":                                   "needs minutes of growth; TestPast",
	"ndb_restart_progress_ratio":                           "needs SQL nodes and an earlier restart; rollOnARealCluster",
	"ndb_restart_remaining_seconds":                        "needs SQL nodes and an earlier restart; rollOnARealCluster",
}
