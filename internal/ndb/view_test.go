package ndb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// fleet is two management servers, two node groups of two, one SQL node, each on a host of its own.
func fleet() ndb.View {
	v := ndb.View{Config: &ndb.Configuration{Generation: 1, Replicas: 2, Method: ndb.MethodDefault, HeartbeatDB: 5 * time.Second}, Elected: ndb.Arbitrator{Node: 49, Known: true}}
	add := func(id int, name string, role cluster.Role, group mgm.NodeGroup, rank int) {
		address := fmt.Sprintf("10.0.0.%d", id)
		v.Config.Nodes = append(v.Config.Nodes, ndb.ConfigNode{ID: id, Role: role, Host: address, Group: group, Rank: rank})
		v.Inventory = append(v.Inventory, ndb.InventoryNode{ID: id, Name: name, Role: role, Host: "h-" + name, Address: address})
	}
	for id := 1; id <= 4; id++ {
		add(id, fmt.Sprint("d", id), cluster.RoleData, mgm.NodeGroup((id-1)/2), 0)
	}
	add(49, "m1", cluster.RoleManagement, mgm.GroupUnknown, 1)
	add(50, "m2", cluster.RoleManagement, mgm.GroupUnknown, 1)
	add(51, "s1", cluster.RoleSQL, mgm.GroupUnknown, 0)
	return v
}

// server is a management server that says of the nodes, by id: + started or connected, - no
// contact, s starting in phase 4, n not started, ? unknown, 1 single user mode. A letter is
// given for nodes 1 to 4, 49, 50 and 51.
func server(id int, says string) ndb.Server {
	s := ndb.Server{ID: id, Name: fmt.Sprint("m", id-48), Generation: 1}
	if says == "" {
		s.ID, s.Generation, s.Error = 0, 0, "connection refused"
		return s
	}
	for i, id := range []int{1, 2, 3, 4, 49, 50, 51} {
		n := mgm.NodeStatus{ID: id, Type: mgm.NodeData, NodeGroup: mgm.GroupUnknown, DynamicID: i + 1}
		if i >= 4 {
			n.Type = mgm.NodeManagement
		}
		if i == 6 {
			n.Type = mgm.NodeAPI
		}
		switch says[i] {
		case '+':
			n.State = mgm.StateStarted
			if i >= 4 {
				n.State = mgm.StateConnected
			}
		case '-':
			n.State = mgm.StateNoContact
		case 's':
			n.State, n.StartPhase = mgm.StateStarting, 4
		case 'n':
			n.State = mgm.StateNotStarted
		case '1':
			n.State = mgm.StateSingleUser
		case '?':
			n.State = mgm.StateUnknown
		case 'x':
			n.State = "DREAMING"
		}
		s.Nodes = append(s.Nodes, n)
	}
	return s
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		m1, m2 string
		change func(*ndb.View)
		colour ndb.Colour
		head   string
		also   []string // in the findings, in any order
	}{
		{name: "healthy", m1: "+++++++", m2: "+++++++", colour: ndb.Green, head: "healthy"},
		{
			name: "a data node is gone", m1: "-++++++", m2: "-++++++", colour: ndb.Red,
			head: "node group 0 has one of two nodes: the loss of host h-d2 stops the cluster",
			also: []string{"data node 1 on host h-d1: no contact"},
		},
		{
			name: "it is starting", m1: "s++++++", m2: "s++++++", colour: ndb.Red,
			head: "node group 0 has one of two nodes: the loss of host h-d2 stops the cluster",
			also: []string{"data node 1 is starting, phase 4: it opens its logs and checkpoints"},
		},
		{
			name: "it is starting, and one management server has no contact with it yet", m1: "-++++++", m2: "s++++++", colour: ndb.Red,
			head: "node group 0 has one of two nodes: the loss of host h-d2 stops the cluster",
			also: []string{"data node 1 is starting, phase 4: it opens its logs and checkpoints"},
		},
		{
			name: "it waits for an order", m1: "n++++++", m2: "n++++++", colour: ndb.Red,
			head: "node group 0 has one of two nodes: the loss of host h-d2 stops the cluster",
			also: []string{"data node 1 runs and waits for the order to start"},
		},
		{ // it could not run if the group were dead
			name: "of a whole node group nothing is seen, and the cluster runs", m1: "--+++++", m2: "--+++++", colour: ndb.Red,
			head: "node group 0 has no started node although others run: it holds no data yet, or no management server reaches it",
			also: []string{
				"data node 1 on host h-d1: no contact",
				"what the loss of node 1, node 2, host h-d1 and host h-d2 does is not known: whether data node 1 is started and whether data node 2 is started",
			},
		},
		{
			name: "a whole node group is gone, and the rest stops", m1: "--s-++?", m2: "--s-++?", colour: ndb.Red,
			head: "no data node is started: the cluster is down",
		},
		{
			name: "a whole node group is gone, and of the other nothing is known", m1: "--??++?", m2: "--??++?", colour: ndb.Red,
			head: "node group 0 has no started node: the cluster is down",
		},
		{
			name: "a node of kagu.yaml is not in the cluster's configuration", m1: "+++++++", m2: "+++++++", colour: ndb.Red,
			change: func(v *ndb.View) {
				v.Inventory = append(v.Inventory, ndb.InventoryNode{ID: 5, Name: "d5", Role: cluster.RoleData, Host: "h-d5", Address: "10.0.0.5"})
			},
			head: "data node 5 is in kagu.yaml, and not in the cluster's configuration",
		},
		{
			name: "all data nodes start", m1: "ssss++?", m2: "ssss++?", colour: ndb.Red,
			head: "no data node is started: the cluster is down",
		},
		{
			name: "no data node is in contact", m1: "----++?", m2: "----++?", colour: ndb.Red,
			head: "no management server has contact with any data node: the cluster is down, or cut off from them",
		},
		{
			name: "no data node is in contact with anybody", m1: "----++?", m2: "----++?", colour: ndb.Red,
			change: func(v *ndb.View) { v.SQL.Reach = no },
			head:   "neither a management server nor an SQL node has contact with any data node: the cluster is down",
		},
		{
			name: "all management servers are cut off", m1: "----++?", m2: "----++?", colour: ndb.Red,
			change: func(v *ndb.View) { v.SQL.Reach = yes },
			head:   "no management server has contact with any data node, and SQL nodes have: the management servers are cut off from a cluster that serves",
		},
		{
			name: "a management server is gone", m1: "", m2: "++++-++", colour: ndb.Yellow,
			head: "management server m1 does not answer",
		},
		{
			name: "a management server is cut off: its word proves nothing", m1: "----++?", m2: "++++-++", colour: ndb.Yellow,
			head: "management server m1 reaches no data node: it is cut off",
		},
		{
			name: "a management server was just started, and no data node has told it how it is", m1: "?---++?", m2: "+++++++", colour: ndb.Yellow,
			head: "management server m1 reaches no data node: it is cut off",
		},
		{name: "it knows all data nodes but one, which has just connected", m1: "+?+++++", m2: "+++++++", colour: ndb.Green, head: "healthy"},
		{
			name: "the management servers disagree: it is shown, and not called safe", m1: "-++++++", m2: "+++++++", colour: ndb.Yellow,
			head: "the management servers disagree on data node 1: no contact / started",
			also: []string{"what the loss of node 2 and host h-d2 does is not known: whether data node 1 is started"},
		},
		{name: "nobody answers", m1: "", m2: "", colour: ndb.Red, head: "no management server answers: nothing is known of the cluster"},
		{name: "the SQL node is gone", m1: "++++++-", m2: "++++++-", colour: ndb.Red, head: "no SQL node is connected"},
		{name: "a state of the future", m1: "x++++++", m2: "x++++++", colour: ndb.Red, head: "data node 1 on host h-d1: dreaming"},
		{name: "single user mode", m1: "1111+++", m2: "1111+++", colour: ndb.Yellow, head: "the cluster is in single user mode: one client may work, the others may not"},
		{
			name: "no arbitrator is connected", m1: "++++--+", m2: "", colour: ndb.Red,
			change: func(v *ndb.View) { v.Servers[0].ID = 0 },
			head:   "there is no arbitrator: none of nodes 49 and 50 is connected",
		},
		{
			name: "nobody may arbitrate", m1: "+++++++", m2: "+++++++", colour: ndb.Yellow,
			change: func(v *ndb.View) {
				for i := range v.Config.Nodes {
					v.Config.Nodes[i].Rank = 0
				}
			},
			head: "no node is configured to arbitrate (ArbitrationRank)",
		},
		{
			name: "the data nodes name two arbitrators", m1: "+++++++", m2: "+++++++", colour: ndb.Red,
			change: func(v *ndb.View) {
				v.Memberships = []ndb.Membership{{Node: 1, Arbitrator: 49, Connected: yes}, {Node: 2, Arbitrator: 50, Connected: yes}}
			},
			head: "the data nodes name several arbitrators: nodes 49 and 50",
		},
		{
			name: "one data node has none", m1: "+++++++", m2: "+++++++", colour: ndb.Yellow,
			change: func(v *ndb.View) {
				v.Memberships = []ndb.Membership{{Node: 1, Arbitrator: 49, Connected: yes}, {Node: 2, Arbitrator: 49, Connected: no}}
			},
			head: "not every data node has the arbitrator",
		},
		{
			name: "which of two arbitrates nobody knows", m1: "+++++++", m2: "+++++++", colour: ndb.Yellow,
			change: func(v *ndb.View) { v.Elected = ndb.Arbitrator{} },
			head:   "it is not known which of nodes 49 and 50 arbitrates",
		},
		{
			name: "the arbitrator sits beside a data node", m1: "+++++++", m2: "+++++++", colour: ndb.Yellow,
			change: func(v *ndb.View) { v.Inventory[4].Host = "h-d1" },
			head:   "the arbitrator (node 49) runs on host h-d1 with a data node, and dies with it",
		},
		{
			name: "the configuration is of two generations", m1: "+++++++", m2: "+++++++", colour: ndb.Yellow,
			change: func(v *ndb.View) { v.Servers[1].Generation = 2 },
			head:   "the management servers serve different generations of the configuration: 1 and 2",
		},
		{
			name: "both nodes of a group on one host", m1: "+++++++", m2: "+++++++", colour: ndb.Yellow,
			change: func(v *ndb.View) { v.Inventory[1].Host = "h-d1" },
			head:   "the loss of host h-d1 stops the cluster: a node group would have no node left",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := fleet()
			v.Servers = []ndb.Server{server(49, c.m1), server(50, c.m2)}
			if c.change != nil {
				c.change(&v)
			}
			got := ndb.Judge(v)
			same(t, c.head, got.Head)
			same(t, c.colour, got.Colour)
			var all []string
			for _, f := range got.Findings {
				all = append(all, f.Text)
			}
			for _, want := range c.also {
				if !strings.Contains(strings.Join(all, "\n")+"\n", want+"\n") {
					t.Errorf("it does not say %q but\n%s", want, strings.Join(all, "\n"))
				}
			}
		})
	}
}

// Two nodes that were added to the configuration, which gives them a group by their order, and
// wait for CREATE NODEGROUP.
func TestNodesThatAreBeingAdded(t *testing.T) {
	for _, c := range []struct {
		name, says string
		change     func(*ndb.View)
		serving    cluster.Truth
	}{
		{"they were not started yet", "++--+++", func(*ndb.View) {}, cluster.Yes},
		{"they are started, and say that they are in no group", "+++++++", func(v *ndb.View) {
			for i := 2; i < 4; i++ {
				v.Servers[0].Nodes[i].NodeGroup = mgm.GroupNone
			}
		}, cluster.Yes},
		{"one is started, and says so", "+++-+++", func(v *ndb.View) { v.Servers[0].Nodes[2].NodeGroup = mgm.GroupNone }, cluster.Yes},
		{"all is down", "----+++", func(v *ndb.View) { v.SQL.Reach = no }, cluster.No},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := fleet()
			v.Servers = []ndb.Server{server(49, c.says)}
			c.change(&v)
			same(t, c.serving, ndb.Survive(v.Shape()).Serving)
		})
	}
}

// Where no management server has contact with a data node, that is no proof that the cluster is down.
func TestWhatSQLNodesKnowBetter(t *testing.T) {
	for _, c := range []struct {
		name    string
		m1, m2  string
		sql     ndb.Testimony
		serving cluster.Truth
		up      [4]cluster.Truth
	}{
		{"nobody knows", "----++?", "----++?", ndb.Testimony{}, cluster.Unknown, [4]cluster.Truth{}},
		{"one of them is away, and nobody knows", "", "----++?", ndb.Testimony{}, cluster.Unknown, [4]cluster.Truth{}},
		{"SQL nodes have no data node either", "----++?", "----++?", ndb.Testimony{Reach: no}, cluster.No, [4]cluster.Truth{no, no, no, no}},
		{"SQL nodes have some", "----++?", "----++?", ndb.Testimony{Reach: yes}, cluster.Yes, [4]cluster.Truth{}},
		{"and say which", "----++?", "----++?", ndb.Testimony{Reach: yes, Started: map[int]bool{1: true, 2: true, 4: true}}, cluster.Yes, [4]cluster.Truth{yes, yes, no, yes}},
		{"what they say contradicts itself", "----++?", "----++?", ndb.Testimony{Reach: yes, Started: map[int]bool{}}, cluster.Unknown, [4]cluster.Truth{no, no, no, no}},
		{"a management server knows, and SQL nodes are not asked", "----++?", "+++-+++", ndb.Testimony{Reach: no}, cluster.Yes, [4]cluster.Truth{yes, yes, yes, no}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := fleet()
			v.Servers, v.SQL = []ndb.Server{server(49, c.m1), server(50, c.m2)}, c.sql
			same(t, c.serving, ndb.Survive(v.Shape()).Serving)
			var up [4]cluster.Truth
			for _, n := range v.Nodes() {
				if n.Role == cluster.RoleData {
					up[n.ID-1] = n.Up
				}
			}
			same(t, c.up, up)
		})
	}
}

// The arbitrator shares a host with one of the two nodes that serve: its loss stops the cluster
// now, whatever becomes of the group that is being added.
func TestNodesThatAreBeingAddedSaveNobodyYet(t *testing.T) {
	v := fleet()
	v.Servers = []ndb.Server{server(49, "++--+-+")}
	for i := range v.Inventory {
		if v.Inventory[i].ID == 49 {
			v.Inventory[i].Host = "h-d1"
		}
	}
	stops := map[string]cluster.Truth{}
	for _, l := range ndb.Survive(v.Shape()).Hosts {
		stops[l.Host] = l.Stops
	}
	same(t, cluster.Unknown, stops["h-d1"]) // not so if nodes of group 1 run unseen
	same(t, cluster.No, stops["h-d2"])
}

// Trying all sets of failures of such a group would not end.
func TestAGroupThatCannotBe(t *testing.T) {
	s := ndb.Shape{Method: ndb.MethodDefault}
	for id := range 60 {
		s.Nodes = append(s.Nodes, ndb.ShapeNode{ID: id + 1, Group: 0, Host: fmt.Sprint("h", id), Up: cluster.Yes})
	}
	same(t, cluster.Unknown, ndb.Survive(s).Serving)
	same(t, []string{"the node groups (60 nodes are said to be in group 0)"}, ndb.Survive(s).Unknown)
}

// What kagu.yaml alone has is no part of the cluster, and hides nothing of it.
func TestANodeThatTheClusterDoesNotHave(t *testing.T) {
	v := fleet()
	v.Servers = []ndb.Server{server(49, "+++++++")}
	v.Inventory = append(v.Inventory, ndb.InventoryNode{ID: 5, Name: "d5", Role: cluster.RoleData, Host: "h-d5", Address: "10.0.0.5"})
	got := ndb.Survive(v.Shape())
	same(t, cluster.Yes, got.Serving)
	same(t, 2, got.NodeMargin.Sequential.Value)
	for _, n := range v.Nodes() {
		if n.ID == 5 {
			same(t, cluster.No, n.Up)
		}
	}
}

func TestRedundancy(t *testing.T) {
	v := fleet()
	v.Servers = []ndb.Server{server(49, "-+?++++")}
	got, complete := v.Redundancy()
	same(t, true, complete)
	same(t, []ndb.Redundancy{{Group: 0, Configured: 2, Started: 1}, {Group: 1, Configured: 2, Started: 1, Unknown: 1}}, got)
	same(t, []int{1, 0}, []int{got[0].Deficit(), got[1].Deficit()})
}

// A node of group 1 that is down is told as group 0 by the server: the configuration knows better.
func TestGroupOfADownNode(t *testing.T) {
	v := fleet()
	v.Servers = []ndb.Server{server(49, "+++-+++")}
	v.Servers[0].Nodes[3].NodeGroup = 0
	for _, n := range v.Nodes() {
		if n.ID == 4 {
			same(t, mgm.NodeGroup(1), n.Group)
		}
	}
}
