package ndb

import (
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/mgm/mgmtest"
)

// scripted is a cluster of two groups whose management server says what a test wants.
func scripted(t *testing.T) (*mgmtest.Cluster, inventory.Cluster) {
	t.Helper()
	script := mgmtest.NewCluster(4)
	c := inventory.Cluster{Name: "voip", Management: []inventory.Node{{ID: 1, Name: "m1", Role: cluster.RoleManagement, Listen: mgmtest.Listen(t, script).Address()}}}
	for i, name := range []string{"d1", "d2", "d3", "d4"} {
		c.Data = append(c.Data, inventory.Node{ID: 2 + i, Name: name, Role: cluster.RoleData})
	}
	return script, c
}

func TestTransfer(t *testing.T) {
	state := func(s mgm.NodeState, phase int) func(*mgm.NodeStatus) {
		return func(n *mgm.NodeStatus) { n.State, n.StartPhase = s, phase }
	}
	for _, c := range []struct {
		name, want, err string
		change          func(*mgmtest.Cluster)
	}{
		{name: "all are started"},
		{name: "one starts", change: func(c *mgmtest.Cluster) { c.Change(3, state(mgm.StateStarting, 5)) }, want: "data node d2 starts, phase 5"},
		{
			name: "one is dead", change: func(c *mgmtest.Cluster) { c.Kill(4) },
			want: "data node d3 is NO_CONTACT, node group 1 has 1 of 2 nodes",
		},
		{
			name: "one goes down, another waits", change: func(c *mgmtest.Cluster) {
				c.Change(2, state(mgm.StateShuttingDown, 1))
				c.Change(5, state(mgm.StateNotStarted, 0))
			},
			want: "data node d1 is SHUTTING_DOWN, node group 0 has 1 of 2 nodes; data node d4 is NOT_STARTED, node group 1 has 1 of 2 nodes",
		},
		{name: "single user mode", change: func(c *mgmtest.Cluster) { c.Change(2, state(mgm.StateSingleUser, 0)) }, want: "the cluster is in single user mode"},
		{name: "one in no group is not waited for", change: func(c *mgmtest.Cluster) {
			c.Set(5, mgm.KeyNodegroup, 65536)
			c.Change(5, func(n *mgm.NodeStatus) { n.State, n.NodeGroup = mgm.StateStarted, mgm.GroupNone })
		}},
		{name: "a state that is not known", change: func(c *mgmtest.Cluster) { c.Change(3, state("DREAMING", 0)) }, err: "is not known: d2"},
		{name: "no contact with any", change: func(c *mgmtest.Cluster) {
			for id := 2; id <= 5; id++ {
				c.Kill(id)
			}
		}, err: "no management server has contact with a data node"},
		{
			name: "a backup runs", change: func(c *mgmtest.Cluster) { c.Backup(7) },
			want: "the data nodes are at backup 7",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			script, fleet := scripted(t)
			if c.change != nil {
				c.change(script)
			}
			got, err := (&Kind{}).Transfer(t.Context(), fleet)
			if got != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
	away := inventory.Cluster{Management: []inventory.Node{{ID: 1, Name: "m1", Listen: "127.0.0.1:1"}}}
	if _, err := (&Kind{}).Transfer(t.Context(), away); err == nil || !strings.Contains(err.Error(), "no management server answers") {
		t.Errorf("that nobody answers passes for quiet: %v", err)
	}
}
