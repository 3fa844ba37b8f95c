package ndb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

const (
	yes     = cluster.Yes
	no      = cluster.No
	unknown = cluster.Unknown
)

// data reads "1:0@d1 2:0@d2- 3:1@d3?": node 1 in group 0 on host d1 is up, 2 is down, of 3 it is
// not known. Group n is none, ? is unknown.
func data(text string) []ndb.ShapeNode {
	var nodes []ndb.ShapeNode
	for word := range strings.FieldsSeq(text) {
		n := ndb.ShapeNode{Up: yes}
		if w, down := strings.CutSuffix(word, "-"); down {
			word, n.Up = w, no
		}
		if w, doubt := strings.CutSuffix(word, "?"); doubt {
			word, n.Up = w, unknown
		}
		var group string
		word, n.Host, _ = strings.Cut(word, "@")
		id, group, _ := strings.Cut(word, ":")
		fmt.Sscan(id, &n.ID)
		switch group {
		case "n":
			n.Group = mgm.GroupNone
		case "u":
			n.Group = mgm.GroupUnknown
		default:
			fmt.Sscan(group, &n.Group)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func management(id int, host string, connected cluster.Truth) ndb.Candidate {
	return ndb.Candidate{Node: id, Rank: 1, Role: cluster.RoleManagement, Host: host, Connected: connected}
}

func sql(id int, host string, connected cluster.Truth) ndb.Candidate {
	return ndb.Candidate{Node: id, Rank: 2, Role: cluster.RoleSQL, Host: host, Connected: connected}
}

// said writes a survival in one line: the losses that stop the cluster, those of which it is not
// known, and the margins sequential/simultaneous.
func said(s ndb.Survival) string {
	var stops, doubt []string
	for _, l := range append(append([]ndb.Loss{}, s.Nodes...), s.Hosts...) {
		name := l.Host
		if name == "" {
			name = fmt.Sprint(l.Node)
		}
		switch l.Stops {
		case yes:
			stops = append(stops, name+" "+string(l.Rule))
		case unknown:
			doubt = append(doubt, name)
		}
	}
	count := func(c ndb.Count) string {
		if !c.Known {
			return fmt.Sprintf("≥%d", c.Value)
		}
		return fmt.Sprint(c.Value)
	}
	margin := func(m ndb.Margin) string { return count(m.Sequential) + "/" + count(m.Simultaneous) }
	return fmt.Sprintf("serving %s; stops: %s; doubt: %s; nodes %s; hosts %s", s.Serving, strings.Join(stops, ", "), strings.Join(doubt, ", "), margin(s.NodeMargin), margin(s.HostMargin))
}

func TestSurvive(t *testing.T) {
	const four = "1:0@a 2:0@b 3:1@c 4:1@d"
	elsewhere := []ndb.Candidate{management(49, "m", yes)}
	for _, c := range []struct {
		name       string
		nodes      string
		candidates []ndb.Candidate
		method     ndb.Method // "": Default
		arbitrator ndb.Arbitrator
		want       string
	}{
		{
			name: "two nodes and an arbitrator elsewhere: any one may die", nodes: "1:0@a 2:0@b", candidates: elsewhere,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "two nodes, nobody configured to arbitrate: any one stops the other", nodes: "1:0@a 2:0@b",
			want: "serving yes; stops: 1 LoseNocfg, 2 LoseNocfg, a LoseNocfg, b LoseNocfg; doubt: ; nodes 1/1; hosts 1/1",
		},
		{
			name: "two nodes, the only arbitrator is gone", nodes: "1:0@a 2:0@b", candidates: []ndb.Candidate{management(49, "m", no)},
			want: "serving yes; stops: 1 LoseNorun, 2 LoseNorun, a LoseNorun, b LoseNorun; doubt: ; nodes 1/1; hosts 1/1",
		},
		{
			name: "the arbitrator dies with the host it shares with a data node", nodes: "1:0@a 2:0@b",
			candidates: []ndb.Candidate{management(49, "a", yes)},
			want:       "serving yes; stops: a LoseNorun; doubt: ; nodes 2/2; hosts 1/1",
		},
		{
			name: "a second management server elsewhere does not help in that moment", nodes: "1:0@a 2:0@b",
			candidates: []ndb.Candidate{management(49, "a", yes), management(50, "m", yes)}, arbitrator: ndb.Arbitrator{Node: 49, Known: true},
			want: "serving yes; stops: a LoseNorun; doubt: ; nodes 2/2; hosts 1/1",
		},
		{
			name: "it does if it is the arbitrator", nodes: "1:0@a 2:0@b",
			candidates: []ndb.Candidate{management(49, "a", yes), management(50, "m", yes)}, arbitrator: ndb.Arbitrator{Node: 50, Known: true},
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "which of two arbitrates is not known: neither is what hangs on it", nodes: "1:0@a 2:0@b",
			candidates: []ndb.Candidate{management(49, "a", yes), management(50, "m", yes)},
			want:       "serving yes; stops: ; doubt: a; nodes 2/2; hosts ≥1/≥1",
		},
		{
			name: "four nodes on four hosts: two deaths in one group", nodes: four, candidates: elsewhere,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "four nodes without any arbitrator: no single loss ties", nodes: four,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "a whole group on one host", nodes: "1:0@a 2:0@a 3:1@b 4:1@b", candidates: elsewhere,
			want: "serving yes; stops: a LoseGroups, b LoseGroups; doubt: ; nodes 2/2; hosts 1/1",
		},
		{
			name: "two hosts with a node of each group: half is lost, the arbitrator decides", nodes: "1:0@a 2:0@b 3:1@a 4:1@b", candidates: elsewhere,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "and without it the cluster stops", nodes: "1:0@a 2:0@b 3:1@a 4:1@b",
			want: "serving yes; stops: a LoseNocfg, b LoseNocfg; doubt: ; nodes 2/2; hosts 1/1",
		},
		{
			name: "a group with one node left hangs on it and on its host", nodes: "1:0@a 2:0@b- 3:1@c 4:1@d", candidates: elsewhere,
			want: "serving yes; stops: 1 LoseGroups, a LoseGroups; doubt: ; nodes 1/1; hosts 1/1",
		},
		{
			name: "a group with no node left: the cluster is down, there is nothing to lose", nodes: "1:0@a- 2:0@b- 3:1@c 4:1@d", candidates: elsewhere,
			want: "serving no; stops: ; doubt: ; nodes 0/0; hosts 0/0",
		},
		{
			name: "three replicas: two deaths at once leave less than half", nodes: "1:0@a 2:0@b 3:0@c", candidates: elsewhere,
			want: "serving yes; stops: ; doubt: ; nodes 3/2; hosts 3/2",
		},
		{
			name: "three replicas, one after the other without arbitrator: the second ties", nodes: "1:0@a 2:0@b 3:0@c",
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "three replicas, one already down: a group is whole if those who ran stay", nodes: "1:0@a 2:0@b 3:0@c- 4:1@d 5:1@e 6:1@f", candidates: elsewhere,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "four replicas: half may die at once while the arbitrator lives, and three may not", nodes: "1:0@a 2:0@b 3:0@c 4:0@d", candidates: elsewhere,
			want: "serving yes; stops: ; doubt: ; nodes 4/3; hosts 4/3",
		},
		{
			name: "four replicas, the arbitrator on one of their hosts", nodes: "1:0@a 2:0@b 3:0@c 4:0@d", candidates: []ndb.Candidate{management(49, "a", yes)},
			want: "serving yes; stops: ; doubt: ; nodes 4/3; hosts 3/2",
		},
		{
			name: "one replica: every node is the last of its group", nodes: "1:0@a 2:1@b", candidates: elsewhere,
			want: "serving yes; stops: 1 LoseGroups, 2 LoseGroups, a LoseGroups, b LoseGroups; doubt: ; nodes 1/1; hosts 1/1",
		},
		{
			name: "arbitration disabled: nobody asks, a tie is no end", nodes: "1:0@a 2:0@b", method: ndb.MethodDisabled,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "arbitration from outside: a tie waits and wins", nodes: "1:0@a 2:0@b", method: ndb.MethodExternal,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "nodes in no group need no survivor and make no group whole", nodes: "1:0@a 2:0@b 3:n@c 4:n@d", candidates: elsewhere,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "a rank 2 node takes over when the management server is gone", nodes: "1:0@a 2:0@b",
			candidates: []ndb.Candidate{management(49, "m", no), sql(231, "s", yes)},
			want:       "serving yes; stops: ; doubt: ; nodes 2/2; hosts 2/2",
		},
		{
			name: "whether the other node is started is not known", nodes: "1:0@a 2:0@b?", candidates: elsewhere,
			want: "serving yes; stops: ; doubt: 1, a; nodes ≥1/≥1; hosts ≥1/≥1",
		},
		{
			name: "what is not known and does not matter leaves the answer", nodes: "1:0@a- 2:0@b- 3:1@c 4:1@d?", candidates: elsewhere,
			want: "serving no; stops: ; doubt: ; nodes 0/0; hosts 0/0",
		},
		{
			name: "whether the arbitrator is connected is not known", nodes: "1:0@a 2:0@b", candidates: []ndb.Candidate{management(49, "m", unknown)},
			want: "serving yes; stops: ; doubt: 1, 2, a, b; nodes ≥1/≥1; hosts ≥1/≥1",
		},
		{
			name: "a node group that is not known: nothing is", nodes: "1:0@a 2:u@b", candidates: elsewhere,
			want: "serving unknown; stops: ; doubt: ; nodes ≥0/≥0; hosts ≥0/≥0",
		},
		{
			name: "a host that is not known: nothing of hosts is", nodes: "1:0@a 2:0", candidates: elsewhere,
			want: "serving yes; stops: ; doubt: ; nodes 2/2; hosts ≥0/≥0",
		},
		{
			name: "no data node at all is no cluster", nodes: "",
			want: "serving unknown; stops: ; doubt: ; nodes ≥0/≥0; hosts ≥0/≥0",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = ndb.MethodDefault
			}
			got := ndb.Survive(ndb.Shape{Nodes: data(c.nodes), Candidates: c.candidates, Method: c.method, Arbitrator: c.arbitrator})
			same(t, c.want, said(got))
			if strings.ContainsAny(c.want, "≥") && len(got.Unknown) == 0 {
				t.Error("it does not say what is not known")
			}
		})
	}
}

func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
