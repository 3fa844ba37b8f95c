package ndb_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// A plainWorld is a cluster with nothing unknown, as sets. It shares no code with what it tests.
type plainWorld struct {
	group      map[int]int // running data node → its group; -1 none
	groups     map[int]bool
	rank       map[int]int // connected candidate → its rank
	anyRank    bool        // any candidate is configured
	method     ndb.Method
	arbitrator int
}

// goesOn is the definition: may those that are left of the running nodes go on after these
// nodes and candidates are gone at one moment?
func (w plainWorld) goesOn(gone map[int]bool) bool {
	left, before := map[int]int{}, map[int]int{}
	alive, ran := 0, 0
	for id, g := range w.group {
		before[g]++
		ran++
		if !gone[id] {
			left[g]++
			alive++
		}
	}
	if alive == ran {
		return true
	}
	for g := range w.groups {
		if left[g] == 0 {
			return false
		}
	}
	if w.method == ndb.MethodDisabled {
		return true
	}
	for g := range w.groups {
		if left[g] == before[g] {
			return true
		}
	}
	if alive*2 != ran {
		return alive*2 > ran
	}
	if w.method == ndb.MethodExternal {
		return true
	}
	return w.anyRank && w.arbitrator != 0 && !gone[w.arbitrator]
}

func (w plainWorld) serves() bool {
	for g := range w.groups {
		if !slices.Contains(slices.Collect(maps.Values(w.group)), g) {
			return false
		}
	}
	return true
}

// after is the world once the loss was handled.
func (w plainWorld) after(gone map[int]bool) plainWorld {
	w.group, w.rank = maps.Clone(w.group), maps.Clone(w.rank)
	for id := range gone {
		delete(w.group, id)
		delete(w.rank, id)
	}
	if _, there := w.rank[w.arbitrator]; !there {
		w.arbitrator = 0
		for rank := 1; rank <= 2 && w.arbitrator == 0; rank++ {
			for _, id := range slices.Sorted(maps.Keys(w.rank)) {
				if w.rank[id] == rank {
					w.arbitrator = id
					break
				}
			}
		}
	}
	return w
}

// atOnce tries every set of units, oneByOne every order of them.
func (w plainWorld) atOnce(units []map[int]bool) int {
	least := 1 << 20
	for set := 1; set < 1<<len(units); set++ {
		gone, size := map[int]bool{}, 0
		for i, u := range units {
			if set&(1<<i) != 0 {
				size++
				maps.Copy(gone, u)
			}
		}
		if size < least && !w.goesOn(gone) {
			least = size
		}
	}
	return least
}

func (w plainWorld) oneByOne(units []map[int]bool) int {
	least := 1 << 20
	for i, u := range units {
		if !w.goesOn(u) {
			return 1
		}
		rest := slices.Delete(slices.Clone(units), i, i+1)
		least = min(least, 1+w.after(u).oneByOne(rest))
	}
	return least
}

// plainWorlds fills in what is unknown in every way.
func plainWorlds(s ndb.Shape) []plainWorld {
	var all []plainWorld
	doubts := []int{}
	for _, n := range s.Nodes {
		if n.Up == cluster.Unknown {
			doubts = append(doubts, n.ID)
		}
	}
	for _, c := range s.Candidates {
		if c.Connected == cluster.Unknown && (!s.Arbitrator.Known || s.Arbitrator.Node != c.Node) {
			doubts = append(doubts, c.Node)
		}
	}
	for bits := range 1 << len(doubts) {
		w := plainWorld{group: map[int]int{}, groups: map[int]bool{}, rank: map[int]int{}, anyRank: len(s.Candidates) > 0, method: s.Method}
		is := func(id int, t cluster.Truth) bool {
			i := slices.Index(doubts, id)
			return t == cluster.Yes || i >= 0 && bits&(1<<i) != 0
		}
		for _, n := range s.Nodes {
			g := -1
			if n.Group.Known() {
				g = int(n.Group)
				w.groups[g] = true
			}
			if is(n.ID, n.Up) {
				w.group[n.ID] = g
			}
		}
		for _, c := range s.Candidates {
			if is(c.Node, c.Connected) || s.Arbitrator.Known && s.Arbitrator.Node == c.Node {
				w.rank[c.Node] = c.Rank
			}
		}
		who := slices.Sorted(maps.Keys(w.rank))
		if s.Arbitrator.Known || len(who) == 0 {
			who = []int{s.Arbitrator.Node}
		}
		for _, w.arbitrator = range who {
			all = append(all, w)
		}
	}
	if s.Serves {
		all = slices.DeleteFunc(all, func(w plainWorld) bool { return !w.serves() })
	}
	return all
}

func TestSurviveIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := rapid.SampledFrom([]cluster.Truth{cluster.Yes, cluster.Yes, cluster.Yes, cluster.No, cluster.Unknown})
		host := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		s := ndb.Shape{Method: rapid.SampledFrom([]ndb.Method{ndb.MethodDefault, ndb.MethodDefault, ndb.MethodDisabled, ndb.MethodExternal}).Draw(t, "method")}
		groups := rapid.IntRange(1, 3).Draw(t, "groups")
		for i := range rapid.IntRange(1, 6).Draw(t, "nodes") {
			group := mgm.NodeGroup(i % groups)
			if rapid.IntRange(0, 9).Draw(t, "outside") == 0 && i >= groups {
				group = mgm.GroupNone
			}
			s.Nodes = append(s.Nodes, ndb.ShapeNode{ID: 1 + i, Group: group, Host: host.Draw(t, "host"), Up: truth.Draw(t, "up")})
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "candidates") {
			s.Candidates = append(s.Candidates, ndb.Candidate{Node: 49 + i, Rank: rapid.IntRange(1, 2).Draw(t, "rank"), Host: host.Draw(t, "host"), Connected: truth.Draw(t, "connected")})
		}
		if rapid.Bool().Draw(t, "arbitrator known") {
			s.Arbitrator.Known = true
			if len(s.Candidates) > 0 {
				s.Arbitrator.Node = rapid.SampledFrom([]int{0, s.Candidates[0].Node}).Draw(t, "arbitrator")
			}
		}
		s.Serves = rapid.IntRange(0, 3).Draw(t, "known to serve") == 0
		got := ndb.Survive(s)
		worlds := plainWorlds(s)
		if len(worlds) == 0 { // it serves, and no node of some group is up
			if got.Serving != cluster.Unknown || len(got.Nodes) > 0 || len(got.Unknown) == 0 {
				t.Fatalf("a contradiction makes %+v", got)
			}
			return
		}
		agree := func(name string, answer cluster.Truth, of func(plainWorld) bool) {
			yes, no := 0, 0
			for _, w := range worlds {
				if of(w) {
					yes++
				} else {
					no++
				}
			}
			want := cluster.Unknown
			if yes == 0 {
				want = cluster.No
			} else if no == 0 {
				want = cluster.Yes
			}
			if want != answer {
				t.Fatalf("%s: want %s, got %s of %+v", name, want, answer, s)
			}
		}
		agree("serving", got.Serving, plainWorld.serves)
		for _, l := range got.Nodes {
			agree(fmt.Sprintf("loss of node %d", l.Node), l.Stops, func(w plainWorld) bool {
				return w.serves() && !w.goesOn(map[int]bool{l.Node: true})
			})
		}
		onHost := func(name string) map[int]bool {
			gone := map[int]bool{}
			for _, n := range s.Nodes {
				if n.Host == name {
					gone[n.ID] = true
				}
			}
			for _, c := range s.Candidates {
				if c.Host == name {
					gone[c.Node] = true
				}
			}
			return gone
		}
		for _, l := range got.Hosts {
			agree("loss of host "+l.Host, l.Stops, func(w plainWorld) bool { return w.serves() && !w.goesOn(onHost(l.Host)) })
		}
		var nodes, hosts []map[int]bool
		for _, n := range s.Nodes {
			nodes = append(nodes, map[int]bool{n.ID: true})
		}
		for _, c := range s.Candidates {
			nodes = append(nodes, map[int]bool{c.Node: true})
		}
		for _, h := range []string{"a", "b", "c", "d", "e"} {
			hosts = append(hosts, onHost(h))
		}
		count := func(name string, answer ndb.Count, of func(plainWorld) int) {
			least, most := 1<<20, -1
			for _, w := range worlds {
				n := 0
				if w.serves() {
					n = of(w)
				}
				least, most = min(least, n), max(most, n)
			}
			if answer.Known != (least == most) || answer.Value != least {
				t.Fatalf("%s: want %d to %d, got %+v of %+v", name, least, most, answer, s)
			}
			if len(answer.Path) != answer.Value {
				t.Fatalf("%s: %d failures are named for %d", name, len(answer.Path), answer.Value)
			}
		}
		count("nodes at once", got.NodeMargin.Simultaneous, func(w plainWorld) int { return w.atOnce(nodes) })
		count("hosts at once", got.HostMargin.Simultaneous, func(w plainWorld) int { return w.atOnce(hosts) })
		count("nodes one by one", got.NodeMargin.Sequential, func(w plainWorld) int { return w.oneByOne(nodes) })
		count("hosts one by one", got.HostMargin.Sequential, func(w plainWorld) int { return w.oneByOne(hosts) })
	})
}
