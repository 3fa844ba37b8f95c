package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// voip is two data nodes, two management servers and two SQL nodes.
func voip() inventory.Cluster {
	c := inventory.Cluster{Name: "voip", Kind: cluster.KindNDB}
	node := func(role cluster.Role, id int, name string) inventory.Node {
		return inventory.Node{Role: role, ID: id, Name: name, Host: inventory.Host{Name: "h-" + name, Address: fmt.Sprintf("10.0.1.%d", id)}, Listen: "10.0.1.1:1186"}
	}
	c.Management = []inventory.Node{node(cluster.RoleManagement, 1, "m1"), node(cluster.RoleManagement, 2, "m2")}
	c.Data = []inventory.Node{node(cluster.RoleData, 11, "d1"), node(cluster.RoleData, 12, "d2")}
	c.SQL = []inventory.Node{node(cluster.RoleSQL, 51, "s1"), node(cluster.RoleSQL, 52, "s2")}
	return c
}

// seen is what m1 tells of it; m2 does not answer. d2 is in that state.
func seen(c inventory.Cluster, d2 mgm.NodeState, phase int) ndb.View {
	v := ndb.View{Inventory: ndb.InventoryOf(c), Config: &ndb.Configuration{Generation: 1, Replicas: 2, Method: ndb.MethodDefault, HeartbeatDB: 1500 * time.Millisecond}}
	version := mgm.MakeVersion(9, 7, 2)
	m1 := ndb.Server{Name: "m1", ID: 1, Generation: 1}
	say := func(id int, t mgm.NodeType, state mgm.NodeState) *mgm.NodeStatus {
		n := mgm.NodeStatus{ID: id, Type: t, State: state, NodeGroup: mgm.GroupUnknown}
		if state != mgm.StateNoContact {
			n.Version, n.DynamicID = version, id
		}
		m1.Nodes = append(m1.Nodes, n)
		return &m1.Nodes[len(m1.Nodes)-1]
	}
	say(11, mgm.NodeData, mgm.StateStarted)
	say(12, mgm.NodeData, d2).StartPhase = phase
	say(1, mgm.NodeManagement, mgm.StateConnected)
	say(2, mgm.NodeManagement, mgm.StateNoContact)
	say(51, mgm.NodeAPI, mgm.StateConnected)
	say(52, mgm.NodeAPI, mgm.StateNoContact)
	say(101, mgm.NodeAPI, mgm.StateNoContact)
	v.Servers = []ndb.Server{m1, {Name: "m2", Error: "connection refused" + hostile}}
	for _, n := range v.Inventory {
		in := ndb.ConfigNode{ID: n.ID, Role: n.Role, Host: n.Address, Group: mgm.GroupUnknown}
		switch n.Role {
		case cluster.RoleData:
			in.Group = 0
		case cluster.RoleManagement:
			in.Rank = 1
		}
		v.Config.Nodes = append(v.Config.Nodes, in)
	}
	return v
}

func TestStatusOfNDB(t *testing.T) {
	c := voip()
	silent := ndb.View{Inventory: ndb.InventoryOf(c), Servers: []ndb.Server{{Name: "m1", Error: "connection refused"}, {Name: "m2", Error: "no answer within 3s"}}}
	for _, row := range []struct {
		file string
		view ndb.View
	}{
		{"ndb_started", seen(c, mgm.StateStarted, 0)},
		{"ndb_starting", seen(c, mgm.StateStarting, 5)},
		{"ndb_gone", seen(c, mgm.StateNoContact, 0)},
		{"ndb_hostile", seen(c, hostile, 0)},
		{"ndb_silent", silent},
	} {
		t.Run(row.file, func(t *testing.T) {
			var out strings.Builder
			r := clusterReport{Name: c.Name, NDB: &ndbReport{Judgement: ndb.Judge(row.view), Nodes: row.view.Nodes(), View: row.view}}
			r.print(&out)
			same(t, out.String(), out.String()) // nothing that a terminal would obey
			goldentest.Compare(t, "testdata/"+row.file+".txt", out.String())
		})
	}
}

func TestNDBNames(t *testing.T) {
	names := ndbNames(voip())
	for id, want := range map[int]string{1: "management server m1 (1)", 11: "data node d1 (11)", 51: "SQL node s1 (51)", 101: "node 101"} {
		same(t, want, names(id))
	}
}

func TestTellEvents(t *testing.T) {
	failed := mgm.Event{
		Type: mgm.NodeFailed, Name: "NODE_FAILREP", Category: mgm.CategoryNodeRestart, Severity: mgm.SeverityAlert, Source: 12,
		Fields: []mgm.Field{{Name: "failed_node", Value: 11}, {Name: "failure_state", Value: 0}}, Time: after(0),
	}
	saved := mgm.Event{Type: mgm.WarningText, Name: "WarningEvent", Category: mgm.CategoryError, Severity: mgm.SeverityWarning, Source: 11, Text: "it says " + hostile, Time: after(1), Saved: true}
	gap := mgm.Event{Time: after(2), Gap: &mgm.Gap{Why: "the stream ended", Since: after(1), Saved: true}}
	var lines, objects strings.Builder
	tell, tellObjects := tellWords(&lines, ndbNames(voip())), tellJSON(&objects, ndbNames(voip()))
	for _, ev := range []mgm.Event{failed, gap, saved} {
		for _, f := range []func(mgm.Event) error{tell, tellObjects} {
			if err := f(ev); err != nil {
				t.Fatal(err)
			}
		}
	}
	same(t, `
03:00:00.000  data node d1 (11) was declared failed by data node d2 (12)
03:00:02.000  -- gap: events may be missing since 03:00:01 (the stream ended); what the data nodes saved follows --
03:00:01.000  (saved) data node d1 (11): it says ·[2J·]0;pwned··31m··all is well·
`, lines.String())
	if got := objects.String(); strings.Count(got, "\n") != 3 || !strings.Contains(got, `"fields":{"failed_node":11,"failure_state":0}`) ||
		!strings.Contains(got, `"gap":true`) || !strings.Contains(got, `"saved":true`) {
		t.Errorf("--json prints\n%s", got)
	}
}

func TestEventFilter(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // what of some categories is heard, or the error
	}{
		{"NODERESTART,error", "NODERESTART=8 ERROR=8"},
		{"CHECKPOINT=9", "CHECKPOINT=9"},
		{"backup", "BACKUP=15"},
		{"GOSSIP", `there is no category "GOSSIP"; there are STARTUP, `},
		{"ERROR=16", `level "16" of ERROR: it is 0 to 15`},
	} {
		t.Run(c.text, func(t *testing.T) {
			filter, err := readFilter(c.text)
			var got []string
			for k := mgm.CategoryStartup; k <= mgm.CategorySchema; k++ {
				if level, in := filter[k]; in {
					got = append(got, fmt.Sprintf("%s=%d", k, level))
				}
			}
			text := strings.Join(got, " ")
			if err != nil {
				text = err.Error()
			}
			if !strings.HasPrefix(text, c.want) || err == nil && text != c.want {
				t.Errorf("want %s, got %s", c.want, text)
			}
		})
	}
	if all, err := readFilter(""); err != nil || len(all) < 5 {
		t.Errorf("without a filter %v is heard, error %v", all, err)
	}
}
