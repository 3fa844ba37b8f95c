package ndb

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// Of a cluster that is upgraded node by node each step shows who runs which version. While data
// nodes and SQL nodes differ, ndbinfo is empty, and nothing is concluded from that.
func TestAnUpgradeIsSeenNodeByNode(t *testing.T) {
	const newer = "version\nid: 591872\nmajor: 9\nminor: 8\nbuild: 0\nstring: mysql-9.8.0 ndb-9.8.0\nmysql_major: 9\nmysql_minor: 8\nmysql_build: 0\n\n"
	clusters := []*mgmtest.Cluster{mgmtest.NewCluster(2), mgmtest.NewCluster(2)}
	servers := []*mgmtest.Server{mgmtest.Listen(t, clusters[0]), mgmtest.Listen(t, clusters[1])}
	of := managedBy(servers[0].Address(), servers[1].Address())
	of.SQL = []inventory.Node{{Name: "s1", ID: 201, SQL: "fake:0"}, {Name: "s2", ID: 202, SQL: "fake:0"}}
	s := openSide(of, Options{Streams: NewStreams()})
	defer s.close()
	fakes := []*fake{healthy(t)["s1"], healthy(t)["s2"]}
	for i, n := range s.sql.nodes {
		n.close()
		n.own, n.info, n.apart = fakes[i], fakes[i], fakes[i]
	}
	manager := func(i int) func() {
		return func() { clusters[i].Answer("get version", newer); servers[i].Drop() }
	}
	data := func(id int, change func(*mgm.NodeStatus)) func() {
		return func() {
			for _, c := range clusters {
				c.Change(id, change)
			}
		}
	}
	stopped := func(n *mgm.NodeStatus) { *n = mgm.NodeStatus{ID: n.ID, Type: mgm.NodeData, State: mgm.StateNoContact} }
	upgraded := func(n *mgm.NodeStatus) {
		*n = mgm.NodeStatus{ID: n.ID, Type: mgm.NodeData, State: mgm.StateStarted, Version: mgm.MakeVersion(9, 8, 0), NodeGroup: 0, DynamicID: n.ID, Address: "10.0.0." + itoa(n.ID)}
	}
	nodes := "`uptime`, `config_generation` FROM ndbinfo.nodes"
	recorded := fakes[0].answers
	for _, step := range []struct {
		name  string
		do    func()
		want  [][]string // the nodes of each version, "" for those that are not connected
		state string     // of ndbinfo
	}{
		{"before", func() {}, [][]string{{"9.7.2", "d2", "d3", "m1", "m2", "s1", "s2"}}, serving},
		{"m1", manager(0), [][]string{{"9.7.2", "d2", "d3", "m2", "s1", "s2"}, {"9.8.0", "m1"}}, serving},
		{"m2", manager(1), [][]string{{"9.7.2", "d2", "d3", "s1", "s2"}, {"9.8.0", "m1", "m2"}}, serving},
		{"d2 is away", data(2, stopped), [][]string{{"", "d2"}, {"9.7.2", "d3", "s1", "s2"}, {"9.8.0", "m1", "m2"}}, serving},
		{"d2 is back", data(2, upgraded), [][]string{{"9.7.2", "d3", "s1", "s2"}, {"9.8.0", "d2", "m1", "m2"}}, serving},
		{
			"d3, and no SQL node has data nodes of its version", func() {
				data(3, upgraded)()
				for _, f := range fakes {
					f.set(t, nodes, none)
				}
			}, [][]string{{"9.7.2", "s1", "s2"}, {"9.8.0", "d2", "d3", "m1", "m2"}}, empty,
		},
		{
			"the SQL nodes", func() {
				for _, f := range fakes {
					f.answers = recorded
					f.setVariable(t, "SHOW GLOBAL VARIABLES", "version", "9.8.0-cluster")
				}
			}, [][]string{{"9.8.0", "d2", "d3", "m1", "m2", "s1", "s2"}}, serving,
		},
	} {
		step.do()
		lines, _ := pageOfThese(t.Context(), t, s, "management", "judgement", "sql", "ndbinfo")
		if diff := cmp.Diff(step.want, versionsOn(lines)); diff != "" {
			t.Errorf("%s: want - got +\n%s", step.name, diff)
		}
		says(t, lines, "ndb_up 1", "ndb_cluster_serving 1", `ndb_ndbinfo_state{state="`+step.state+`"} 1`)
	}
}

var label = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// versionsOn returns the nodes of each version on a page, the version first.
func versionsOn(lines []string) (all [][]string) {
	by := map[string][]string{}
	for _, line := range lines {
		labels := map[string]string{}
		for _, m := range label.FindAllStringSubmatch(line, -1) {
			labels[m[1]] = m[2]
		}
		family, _, _ := strings.Cut(line, "{")
		if family == "ndb_mgmd_info" || family == "ndb_sql_info" || family == "ndb_node_info" && labels["role"] == "data" {
			version := strings.TrimSuffix(labels["version"], "-cluster") // as SQL nodes say it
			by[version] = append(by[version], labels["node"])
		}
	}
	for _, version := range sorted(by) {
		all = append(all, append([]string{version}, slices.Sorted(slices.Values(by[version]))...))
	}
	return all
}
