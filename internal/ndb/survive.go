package ndb

import (
	"fmt"
	"slices"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// A Shape is all that survival depends on. View.Shape makes one.
type Shape struct {
	Nodes      []ShapeNode
	Method     Method
	Candidates []Candidate // those that may arbitrate: rank 1 or 2
	Arbitrator Arbitrator

	// Unseen are groups of which no node is seen although the cluster runs. Either such a group
	// holds no data yet, and is none, or nodes of it run that nobody sees.
	Unseen []mgm.NodeGroup

	// Serves is true if the cluster is known to serve, even if it is not known by which nodes.
	Serves bool
}

// A ShapeNode is a data node.
type ShapeNode struct {
	ID    int
	Group mgm.NodeGroup
	Host  string        // "" if it is not known
	Up    cluster.Truth // it is started and serves
}

// A Candidate is a node that may be chosen as arbitrator.
type Candidate struct {
	Node      int           `json:"node"`
	Rank      int           `json:"rank"`
	Role      cluster.Role  `json:"role"`
	Host      string        `json:"host,omitempty"`
	Connected cluster.Truth `json:"connected"` // to the data nodes
}

// An Arbitrator is who decides now. Known with node 0 is nobody.
type Arbitrator struct {
	Node  int  `json:"node"`
	Known bool `json:"known"`
}

// Survival is what the next failures would do to a cluster.
type Survival struct {
	// Serving tells whether every node group has a started node. Without that the cluster is
	// down, there is nothing to lose, and all margins are 0.
	Serving cluster.Truth `json:"serving"`

	Nodes []Loss `json:"nodes,omitempty"` // of each data node that may be running, alone
	Hosts []Loss `json:"hosts,omitempty"` // of each host, with all that runs there, at one moment

	NodeMargin Margin `json:"node_margin"` // a failure is that of one data node or arbitrator
	HostMargin Margin `json:"host_margin"` // a failure is that of one host

	Unknown []string `json:"unknown,omitempty"` // what would have to be known to say more
}

// A Loss is what one failure would do.
type Loss struct {
	Node  int           `json:"node,omitempty"`
	Host  string        `json:"host,omitempty"`
	Stops cluster.Truth `json:"stops"`
	Rule  Rule          `json:"rule,omitempty"` // "" if the answer depends on what is not known, or no data node is lost
}

// A Margin is the smallest number of failures until the cluster stops, the last one included.
type Margin struct {
	// Sequential: one after the other, each handled and a new arbitrator chosen before the next.
	Sequential Count `json:"sequential"`
	// Simultaneous: all at one moment; an arbitrator among them cannot be asked.
	Simultaneous Count `json:"simultaneous"`
}

// A Count is a number of failures.
type Count struct {
	Value int      `json:"value"` // meaningful if it is known; otherwise the least that is possible
	Known bool     `json:"known"`
	Path  []string `json:"path,omitempty"` // one set of failures that does it
}

// maxWorlds bounds how many answers to what is not known are tried.
const maxWorlds = 1024

// mostReplicas is how many nodes of a group are believed; NDB allows 4. The sets of failures that
// are tried grow without bound with it.
const mostReplicas = 6

// Survive applies the rules to what is known. What is not known is tried both ways: an answer
// that does not depend on it is given all the same, one that does is unknown.
func Survive(s Shape) Survival {
	worlds, unknown := s.worlds()
	if len(worlds) == 0 {
		return Survival{Unknown: unknown}
	}
	hosts := s.hosts()
	allKnown := !slices.Contains(hosts, "")
	if !allKnown {
		unknown = append(unknown, "the host of every node")
		hosts = nil
	}
	var total Survival
	for i, w := range worlds {
		here := w.outlook(s, hosts)
		if i == 0 {
			total = here
			continue
		}
		total.merge(here)
	}
	if !allKnown {
		total.HostMargin = Margin{}
	}
	total.Unknown = unknown
	return total
}

// merge keeps what two worlds agree on.
func (s *Survival) merge(o Survival) {
	if s.Serving != o.Serving {
		s.Serving = cluster.Unknown
	}
	mergeLosses(s.Nodes, o.Nodes)
	mergeLosses(s.Hosts, o.Hosts)
	s.NodeMargin.Sequential.merge(o.NodeMargin.Sequential)
	s.NodeMargin.Simultaneous.merge(o.NodeMargin.Simultaneous)
	s.HostMargin.Sequential.merge(o.HostMargin.Sequential)
	s.HostMargin.Simultaneous.merge(o.HostMargin.Simultaneous)
}

func mergeLosses(into, from []Loss) {
	for i := range into {
		if into[i].Stops != from[i].Stops {
			into[i].Stops = cluster.Unknown
		}
		if into[i].Rule != from[i].Rule {
			into[i].Rule = ""
		}
	}
}

func (c *Count) merge(o Count) {
	if c.Value != o.Value || !o.Known {
		c.Known = false
	}
	if o.Value < c.Value {
		c.Value, c.Path = o.Value, o.Path
	}
}

// A world is one possible state of a cluster, with nothing unknown.
type world struct {
	groups     int // how many; index groups is for nodes in no group
	running    tally
	up         map[int]int // running data node → index of its group
	method     Method
	candidates []Candidate // connected, in the order in which the president tries them
	configured bool        // any candidate is
	arbitrator int         // who decides; 0 nobody
}

// worlds lists every state that fits what is known, and says what is not known. None if a group
// is unknown, or too much is.
func (s Shape) worlds() ([]world, []string) {
	var unknown []string
	index := map[mgm.NodeGroup]int{}
	for _, n := range s.Nodes {
		switch {
		case n.Group.Known():
			index[n.Group]++
		case n.Group != mgm.GroupNone:
			return nil, []string{fmt.Sprintf("the node group of data node %d", n.ID)}
		}
	}
	if len(index) == 0 {
		return nil, []string{"the node groups"}
	}
	for g, size := range index {
		if size > mostReplicas {
			return nil, []string{fmt.Sprintf("the node groups (%d nodes are said to be in group %s)", size, g)}
		}
	}
	// The unseen come last and are taken away from the end, so that the others keep their places.
	order := slices.DeleteFunc(sortedKeys(index), func(g mgm.NodeGroup) bool { return slices.Contains(s.Unseen, g) })
	for i := len(s.Unseen) - 1; i >= 0; i-- {
		order = append(order, s.Unseen[i])
	}
	for i, g := range order {
		index[g] = i
	}
	worlds := []world{{groups: len(index), running: make(tally, len(index)+1), up: map[int]int{}, configured: len(s.Candidates) > 0}}
	// What is known comes first, so that it is not done anew for every doubt.
	nodes := slices.Clone(s.Nodes)
	slices.SortStableFunc(nodes, func(a, b ShapeNode) int { return int(b.Up) - int(a.Up) })
	for _, n := range nodes {
		g, in := index[n.Group]
		if !in {
			g = len(index)
		}
		switch n.Up {
		case cluster.Yes:
			worlds = each(worlds, func(w world) []world { return []world{w.with(n.ID, g)} })
		case cluster.Unknown:
			unknown = append(unknown, fmt.Sprintf("whether data node %d is started", n.ID))
			worlds = each(worlds, func(w world) []world { return []world{w, w.with(n.ID, g)} })
		}
		if len(worlds) > maxWorlds {
			return nil, unknown
		}
	}
	for _, g := range s.Unseen {
		worlds = each(worlds, func(w world) []world {
			if i := index[g]; w.running[i] == 0 {
				w = w.withoutGroup(i)
			}
			return []world{w}
		})
	}
	if s.Serves {
		worlds = slices.DeleteFunc(worlds, func(w world) bool { return !w.serving() })
		if len(worlds) == 0 {
			return nil, append(unknown, "which data nodes serve")
		}
	}
	methods := []Method{s.Method}
	if s.Method == MethodUnknown {
		unknown = append(unknown, "the method of arbitration")
		methods = []Method{MethodDefault, MethodDisabled, MethodExternal}
	}
	worlds = each(worlds, func(w world) []world {
		var out []world
		for _, m := range methods {
			w.method = m
			out = append(out, w)
		}
		return out
	})
	worlds, more := s.electorates(worlds)
	return worlds, append(unknown, more...)
}

// electorates splits worlds by who may arbitrate and who does.
func (s Shape) electorates(worlds []world) ([]world, []string) {
	var unknown []string
	order := slices.Clone(s.Candidates)
	slices.SortStableFunc(order, func(a, b Candidate) int {
		if a.Rank != b.Rank {
			return a.Rank - b.Rank
		}
		return a.Node - b.Node
	})
	for _, c := range order {
		connected := c.Connected
		if s.Arbitrator.Known && s.Arbitrator.Node == c.Node {
			connected = cluster.Yes
		}
		switch connected {
		case cluster.Yes:
			worlds = each(worlds, func(w world) []world { return []world{w.electing(c)} })
		case cluster.Unknown:
			unknown = append(unknown, fmt.Sprintf("whether node %d, which may arbitrate, is connected", c.Node))
			worlds = each(worlds, func(w world) []world { return []world{w, w.electing(c)} })
		}
		if len(worlds) > maxWorlds {
			return nil, unknown
		}
	}
	doubt := false
	worlds = each(worlds, func(w world) []world {
		if s.Arbitrator.Known {
			w.arbitrator = s.Arbitrator.Node
			return []world{w}
		}
		var out []world
		for _, c := range w.candidates {
			w.arbitrator = c.Node
			out = append(out, w)
		}
		doubt = doubt || len(out) > 1
		if len(out) == 0 {
			return []world{w}
		}
		return out
	})
	if doubt {
		unknown = append(unknown, "which node arbitrates")
	}
	if len(worlds) > maxWorlds {
		return nil, unknown
	}
	return worlds, unknown
}

func each(worlds []world, split func(world) []world) []world {
	var out []world
	for _, w := range worlds {
		out = append(out, split(w)...)
	}
	return out
}

// with returns the world with one more running node.
func (w world) with(id, group int) world {
	w.running = slices.Clone(w.running)
	w.running[group]++
	up := map[int]int{id: group}
	for k, v := range w.up {
		up[k] = v
	}
	w.up = up
	return w
}

// withoutGroup returns the world without a group that has no running node.
func (w world) withoutGroup(gone int) world {
	w.groups--
	w.running = slices.Delete(slices.Clone(w.running), gone, gone+1)
	up := map[int]int{}
	for id, g := range w.up {
		if g > gone {
			g--
		}
		up[id] = g
	}
	w.up = up
	return w
}

// electing returns the world with one more node that may be chosen.
func (w world) electing(c Candidate) world {
	w.candidates = append(slices.Clip(w.candidates), c)
	return w
}

// tie tells who decides when half is left and the units are lost.
func (w world) tie(arbitrator int, lost ...unit) tie {
	if !w.configured {
		return tieNobody
	}
	if arbitrator == 0 || slices.ContainsFunc(lost, func(u unit) bool { return slices.Contains(u.arbiters, arbitrator) }) {
		return tieAbsent
	}
	return tieAsked
}

// serving tells whether every group has a node.
func (w world) serving() bool { return !slices.Contains(w.running[:w.groups], 0) }

// outlook is what the rules say in this world.
func (w world) outlook(s Shape, hosts []string) Survival {
	out := Survival{Serving: cluster.TruthOf(w.serving())}
	none := Margin{Sequential: Count{Known: true}, Simultaneous: Count{Known: true}}
	if !w.serving() {
		out.NodeMargin, out.HostMargin = none, none
	}
	byNode, byHost := w.nodeUnits(), w.hostUnits(s)
	for _, n := range s.Nodes {
		if n.Up == cluster.No {
			continue
		}
		l := Loss{Node: n.ID, Stops: cluster.No}
		if g, up := w.up[n.ID]; up && w.serving() {
			u := unit{nodes: make(tally, w.groups+1)}
			u.nodes[g] = 1
			l.judge(w, u)
		}
		out.Nodes = append(out.Nodes, l)
	}
	for _, h := range hosts {
		l := Loss{Host: h, Stops: cluster.No}
		if i := slices.IndexFunc(byHost, func(u unit) bool { return u.host == h }); i >= 0 && w.serving() {
			l.judge(w, byHost[i])
		}
		out.Hosts = append(out.Hosts, l)
	}
	if w.serving() {
		out.NodeMargin = w.margin(byNode)
		out.HostMargin = w.margin(byHost)
	}
	return out
}

// judge applies the rules to the loss of one unit.
func (l *Loss) judge(w world, u unit) {
	if u.nodes.sum() == 0 {
		return
	}
	l.Rule = decide(w.running, u.nodes, w.method, w.tie(w.arbitrator, u))
	l.Stops = cluster.TruthOf(!l.Rule.Survives())
}

// hosts lists the hosts of what may be running.
func (s Shape) hosts() []string {
	all := map[string]bool{}
	for _, n := range s.Nodes {
		if n.Up != cluster.No {
			all[n.Host] = true
		}
	}
	for _, c := range s.Candidates {
		if c.Connected != cluster.No {
			all[c.Host] = true
		}
	}
	return sortedKeys(all)
}
