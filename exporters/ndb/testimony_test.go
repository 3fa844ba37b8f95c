package ndb

import (
	"errors"
	"testing"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// All management servers have lost all data nodes. Whether the cluster serves only its SQL nodes
// can tell.
func TestManagementServersThatReachNoDataNode(t *testing.T) {
	lost := func(f *fake) { // how a SQL node looks whose data nodes are gone
		f.set(t, statusQuery, func(rows []map[string]string) []map[string]string {
			return withValue(rows, "ndb_number_of_ready_data_nodes", "0")
		})
	}
	for _, c := range []struct {
		name   string
		change func(s1, s2 *fake)
		off    Switches
		says   []string
		not    []string // beginnings
	}{
		{
			"the SQL nodes work with all data nodes", func(*fake, *fake) {}, nil,
			[]string{"ndb_cluster_serving 1", `ndb_node_up{node="d2",node_id="2",role="data"} 1`, `ndb_data_nodes{state="started"} 4`, `ndb_node_group_nodes{node_group="0",state="started"} 2`},
			nil,
		},
		{
			"one of them does", func(s1, _ *fake) { lost(s1) }, nil,
			[]string{"ndb_cluster_serving 1", `ndb_node_up{node="d2",node_id="2",role="data"} 1`},
			nil,
		},
		{
			"they work with some, and do not say with which", func(s1, s2 *fake) {
				for _, f := range []*fake{s1, s2} {
					f.set(t, statusQuery, func(rows []map[string]string) []map[string]string {
						return withValue(rows, "ndb_number_of_ready_data_nodes", "3")
					})
				}
			}, nil,
			[]string{"ndb_cluster_serving 1"},
			[]string{"ndb_node_up{node=\"d2\"", `ndb_data_nodes{state="started"}`},
		},
		{
			"ndbinfo is off", func(*fake, *fake) {},
			Switches{"ndbinfo": false},
			[]string{"ndb_cluster_serving 1"},
			[]string{"ndb_node_up{node=\"d2\""},
		},
		{
			"they have lost the data nodes too", func(s1, s2 *fake) { lost(s1); lost(s2) }, nil,
			[]string{"ndb_cluster_serving 0", `ndb_node_up{node="d2",node_id="2",role="data"} 0`, `ndb_data_nodes{state="started"} 0`},
			nil,
		},
		{
			"one has, and the other does not answer", func(s1, s2 *fake) { lost(s1); s2.errs[""] = sqlconn.ErrRefused }, nil,
			[]string{"ndb_cluster_serving 0"},
			nil,
		},
		{
			"none answers", func(s1, s2 *fake) { s1.errs[""], s2.errs[""] = sqlconn.ErrRefused, errors.New("away") }, nil,
			[]string{"ndb_up 1", `ndb_mgmd_node_up{node="d2",node_id="2",seen_by="m1"} 0`, `ndb_node_state{node="d2",node_id="2",state="no_contact"} 1`},
			[]string{"ndb_cluster_serving", "ndb_node_up{node=\"d2\"", `ndb_data_nodes{state="started"}`, "ndb_failures_until_outage"},
		},
		{
			"they are not to be asked", func(*fake, *fake) {},
			Switches{"sql": false},
			[]string{"ndb_up 1"},
			[]string{"ndb_cluster_serving", "ndb_node_up{node=\"d2\""},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			deaf := mgmtest.NewCluster(4)
			for id := 2; id <= 5; id++ {
				deaf.Change(id, func(n *mgm.NodeStatus) { *n = mgm.NodeStatus{ID: id, Type: mgm.NodeData, State: mgm.StateNoContact} })
			}
			of := managedBy(mgmtest.Listen(t, deaf).Address(), mgmtest.Listen(t, deaf).Address())
			of.SQL = []inventory.Node{{Name: "s1", ID: 201, SQL: "fake:0"}, {Name: "s2", ID: 202, SQL: "fake:0"}}
			s := openSide(of, Options{Streams: NewStreams(), Switches: c.off})
			defer s.close()
			fakes := healthy(t)
			for i, name := range []string{"s1", "s2"} {
				f := fakes[name]
				f.set(t, "`uptime`, `config_generation` FROM ndbinfo.nodes", func(rows []map[string]string) []map[string]string {
					for j, id := range []string{"2", "3", "4", "5"} {
						rows[j]["node_id"] = id
					}
					return rows
				})
				n := s.sql.nodes[i]
				n.close()
				n.own, n.info, n.apart = f, f, f
			}
			c.change(fakes["s1"], fakes["s2"])
			got, _ := pageOf(t, s)
			says(t, got, c.says...)
			saysNothingOf(t, got, c.not...)
		})
	}
}

// withValue changes one of the pairs that a statement answers.
func withValue(rows []map[string]string, key, value string) []map[string]string {
	var changed []map[string]string
	for _, row := range rows {
		if row["k"] == key {
			row = map[string]string{"k": row["k"], "v": value}
		}
		changed = append(changed, row)
	}
	return changed
}
