package ndb

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/mgm"
)

// rollOnARealCluster restarts every node in turn, as an upgrade does, and scrapes all the while. Each
// step shows, and nobody but the node whose turn it is is ever said to be away.
func rollOnARealCluster(t *testing.T, l *lab.Lab) {
	s := openSide(clusterOf(t, l), Options{Streams: NewStreams()})
	defer s.close()
	r := &roll{side: s, nodes: slices.DeleteFunc(slices.Clone(l.Nodes), func(n lab.Node) bool { return n.Spare })}
	client := mgm.New(mgm.Options{Addresses: l.ManagementAddresses()})
	defer client.Close()

	r.take(t, turn{shows: []string{"ndb_event_stream_up 1", `ndb_failures_until_outage{of="nodes",timing="sequential"} 2`}}) // all is well
	for _, n := range l.Members(cluster.RoleManagement) {
		up := `ndb_mgmd_up{node="` + n.Name + `",node_id="` + itoa(n.ID) + `"} `
		t.Run(n.Name, func(t *testing.T) {
			stop := func(ctx context.Context) error {
				if err := client.StopManagementServer(ctx, n.ID); err != nil && !errors.Is(err, mgm.ErrOutcomeUnknown) { // its end may come before its answer
					return err
				}
				return awaitGone(ctx, l, n)
			}
			r.take(t, turn{node: n.Name, do: stop, shows: []string{up + "0"}})
			start := func(ctx context.Context) error { return l.Start(ctx, n.Name) }
			r.take(t, turn{node: n.Name, do: start, shows: []string{up + "1", `ndb_mgmd_node_up{node="d2",node_id="12",seen_by="` + n.Name + `"} 1`, "ndb_event_stream_up 1"}})
		})
	}
	data := l.Members(cluster.RoleData)[:2]
	for i, n := range data {
		t.Run(n.Name, func(t *testing.T) {
			shows := append(restartOf(n), `ndb_president_node_id{node="`+n.Name+`",node_id="`+itoa(n.ID)+`"} `+itoa(data[1-i].ID))
			r.take(t, turn{node: n.Name, do: func(ctx context.Context) error { return client.RestartNode(ctx, n.ID) }, shows: shows})
		})
	}
	for _, n := range l.Members(cluster.RoleSQL) {
		is := `{node="` + n.Name + `",node_id="` + itoa(n.ID) + `"} `
		t.Run(n.Name, func(t *testing.T) {
			r.take(t, turn{node: n.Name, do: func(ctx context.Context) error { return l.Stop(ctx, n.Name) }, shows: []string{"ndb_sql_up" + is + "0"}})
			r.take(t, turn{node: n.Name, do: func(ctx context.Context) error { return l.Start(ctx, n.Name) }, shows: []string{"ndb_sql_up" + is + "1", "ndb_sql_connected" + is + "1"}})
		})
	}
	// With an empty file system it takes all its data from the other one. How far it is, is told by how
	// its earlier restart went.
	t.Run("d1 with --initial", func(t *testing.T) {
		r.ratios = nil
		shows := restartOf(data[0])
		shows = slices.Insert(shows, len(shows)-3, `ndb_restart_remaining_seconds{node="d1",node_id="11"} `)
		r.take(t, turn{node: "d1", do: func(ctx context.Context) error { return client.RestartInitialErasingNodeData(ctx, data[0].ID) }, shows: shows})
		if len(r.ratios) < 2 || slices.Max(r.ratios) <= r.ratios[0] || slices.Min(r.ratios) < 0 || slices.Max(r.ratios) > 1 {
			t.Errorf("its progress was told as %v", r.ratios)
		}
	})
	t.Run("none of it was a failure", func(t *testing.T) {
		lines := r.page(t)
		says(t, lines, `ndb_node_stops_total{node="d1",node_id="11"} 2`, `ndb_node_starts_total{node="d1",node_id="11"} 2`,
			`ndb_node_stops_total{node="d2",node_id="12"} 1`, `ndb_node_starts_total{node="d2",node_id="12"} 1`, "ndb_stalls_total{stall=\"gcp_stop\"} 0")
		saysNothingOf(t, lines, "ndb_node_forced_stops_total{", "ndb_node_forced_stop_timestamp_seconds{")
	})
	if err := l.AwaitSQL(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// awaitGone waits for the end of a node's process.
func awaitGone(ctx context.Context, l *lab.Lab, n lab.Node) error {
	for tick := time.Tick(20 * time.Millisecond); ; <-tick {
		if _, err := l.Server(n.Name); errors.Is(err, os.ErrProcessDone) {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// restartOf is what a data node of a group of two shows from its stop to its start.
func restartOf(n lab.Node) []string {
	is := `node="` + n.Name + `",node_id="` + itoa(n.ID) + `"`
	left := func(failures, started string) []string {
		return []string{`ndb_failures_until_outage{of="nodes",timing="sequential"} ` + failures, `ndb_node_group_nodes{node_group="0",state="started"} ` + started}
	}
	return slices.Concat(
		[]string{"ndb_node_up{" + is + `,role="data"} 0`}, left("1", "1"),
		[]string{"ndb_node_state{" + is + `,state="starting"} 1`, "ndb_node_start_phase{" + is + "} ", "ndb_restart_status_code{" + is + "} "},
		[]string{"ndb_node_up{" + is + `,role="data"} 1`}, left("2", "2"),
	)
}

// A turn is the restart of one node.
type turn struct {
	node  string                      // nobody else may be away
	do    func(context.Context) error // nil if nothing is to be done
	shows []string                    // the beginnings of series, in the order in which they come
}

// A roll restarts one node after the other.
type roll struct {
	side   *side
	nodes  []lab.Node
	ratios []float64 // of ndb_restart_progress_ratio
}

func (r *roll) page(t *testing.T) []string {
	t.Helper()
	lines, _ := pageOfThese(t.Context(), t, r.side, "management", "events", "judgement", "sql", "ndbinfo", "ndbinfo.membership")
	return lines
}

// take scrapes until everything has shown and what was to be done is done.
func (r *roll) take(t *testing.T, now turn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	done := make(chan error, 1)
	go func() {
		defer close(done)
		if now.do != nil {
			done <- now.do(ctx)
		}
	}()
	defer func() {
		cancel()
		for range done {
			continue
		}
	}()
	left := now.shows
	for tick := time.Tick(50 * time.Millisecond); len(left) > 0; <-tick {
		lines := r.page(t)
		for len(left) > 0 && slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, left[0]) }) {
			left = left[1:]
		}
		r.hold(t, lines, now.node)
		if ctx.Err() != nil {
			t.Fatalf("never: %s:\n%s", left[0], strings.Join(lines, "\n"))
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// hold compares a page with what is true at any time.
func (r *roll) hold(t *testing.T, lines []string, away string) {
	t.Helper()
	says(t, lines, "ndb_up 1", "ndb_cluster_serving 1")
	for _, n := range r.nodes {
		if n.Name == away {
			continue
		}
		is := `{node="` + n.Name + `",node_id="` + itoa(n.ID) + `"`
		for _, line := range lines {
			for _, family := range []string{"ndb_mgmd_up", "ndb_node_up", "ndb_sql_up", "ndb_sql_connected"} {
				if strings.HasPrefix(line, family+is) && strings.HasSuffix(line, " 0") {
					t.Errorf("while %s is restarted: %s", away, line)
				}
			}
		}
	}
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, `ndb_restart_progress_ratio{node="d1",node_id="11"} `); ok {
			ratio, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				t.Error(err)
			}
			r.ratios = append(r.ratios, ratio)
		}
	}
	if t.Failed() {
		t.FailNow() // the first lie is enough
	}
}
