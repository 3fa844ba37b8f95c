package ndb

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/kagu-db/kagu/internal/cluster"
)

// A unit fails as a whole: a node, or a host with all that runs there.
type unit struct {
	name     string
	host     string
	nodes    tally
	arbiters []int // the candidates for arbitrator in it
}

// nodeUnits are the data nodes that run and the candidates that are connected.
func (w world) nodeUnits() []unit {
	var all []unit
	for _, id := range sortedKeys(w.up) {
		u := unit{name: fmt.Sprintf("data node %d", id), nodes: make(tally, w.groups+1)}
		u.nodes[w.up[id]] = 1
		all = append(all, u)
	}
	for _, c := range w.candidates {
		all = append(all, unit{name: c.name(), nodes: make(tally, w.groups+1), arbiters: []int{c.Node}})
	}
	return all
}

func (c Candidate) name() string {
	if c.Role == cluster.RoleManagement {
		return fmt.Sprintf("management server %d", c.Node)
	}
	return fmt.Sprintf("SQL or API node %d", c.Node)
}

// hostUnits are the hosts with what runs on each.
func (w world) hostUnits(s Shape) []unit {
	byHost := map[string]*unit{}
	at := func(host string) *unit {
		if byHost[host] == nil {
			byHost[host] = &unit{name: "host " + host, host: host, nodes: make(tally, w.groups+1)}
		}
		return byHost[host]
	}
	for _, n := range s.Nodes {
		if g, up := w.up[n.ID]; up {
			at(n.Host).nodes[g]++
		}
	}
	for _, c := range w.candidates {
		u := at(c.Host)
		u.arbiters = append(u.arbiters, c.Node)
	}
	var all []unit
	for _, h := range sortedKeys(byHost) {
		all = append(all, *byHost[h])
	}
	return all
}

// margin finds the smallest numbers of failures. Losing every unit of one node group always
// stops the cluster and needs at most as many failures as there are replicas. A smaller set
// must take at least half of the nodes that ran, which few sets can: only those are tried.
func (w world) margin(units []unit) Margin {
	whole := w.cheapestGroup(units)
	m := Margin{
		Sequential:   Count{Value: len(whole), Known: true, Path: names(whole)},
		Simultaneous: Count{Value: len(whole), Known: true, Path: names(whole)},
	}
	for size := 1; size < len(whole); size++ {
		if !w.couldTie(units, size) {
			continue
		}
		if path := w.together(units, size); path != nil {
			m.Simultaneous = Count{Value: size, Known: true, Path: names(path)}
			break
		}
	}
	for size := 1; size < len(whole); size++ {
		if !w.couldTie(units, size) {
			continue
		}
		if path := w.oneByOne(units, size); path != nil {
			m.Sequential = Count{Value: size, Known: true, Path: names(path)}
			break
		}
	}
	return m
}

func names(units []unit) []string {
	all := make([]string, len(units))
	for i, u := range units {
		all[i] = u.name
	}
	return all
}

// cheapestGroup returns the units that hold the node group on the fewest units.
func (w world) cheapestGroup(units []unit) []unit {
	var best []unit
	for g := range w.groups {
		var of []unit
		for _, u := range units {
			if u.nodes[g] > 0 {
				of = append(of, u)
			}
		}
		if best == nil || len(of) < len(best) {
			best = of
		}
	}
	return best
}

// couldTie tells whether so many units can hold half of the running nodes.
func (w world) couldTie(units []unit, size int) bool {
	sizes := make([]int, len(units))
	for i, u := range units {
		sizes[i] = u.nodes.sum()
	}
	slices.SortFunc(sizes, func(a, b int) int { return cmp.Compare(b, a) })
	return 2*tally(sizes[:min(size, len(sizes))]).sum() >= w.running.sum()
}

// together finds units whose failure at one moment stops the cluster.
func (w world) together(units []unit, size int) []unit {
	var try func(from int, chosen []unit) []unit
	try = func(from int, chosen []unit) []unit {
		if len(chosen) == size {
			lost := make(tally, w.groups+1)
			for _, u := range chosen {
				lost.add(u.nodes)
			}
			if lost.sum() > 0 && !decide(w.running, lost, w.method, w.tie(w.arbitrator, chosen...)).Survives() {
				return slices.Clone(chosen)
			}
			return nil
		}
		for i := from; i < len(units); i++ {
			if found := try(i+1, append(chosen, units[i])); found != nil {
				return found
			}
		}
		return nil
	}
	return try(0, nil)
}

// oneByOne finds units whose failure one after the other stops the cluster at the last.
func (w world) oneByOne(units []unit, size int) []unit {
	for i, u := range units {
		stops := u.nodes.sum() > 0 && !decide(w.running, u.nodes, w.method, w.tie(w.arbitrator, u)).Survives()
		switch {
		case stops:
			return []unit{u}
		case size > 1:
			others := slices.Delete(slices.Clone(units), i, i+1)
			if path := w.without(u).oneByOne(others, size-1); path != nil {
				return append([]unit{u}, path...)
			}
		}
	}
	return nil
}

// without is the world after the loss of a unit was handled: if the arbitrator is gone the
// president chose the next, by rank and then by node id.
func (w world) without(u unit) world {
	w.running = slices.Clone(w.running)
	for g, n := range u.nodes {
		w.running[g] -= n
	}
	w.candidates = slices.DeleteFunc(slices.Clone(w.candidates), func(c Candidate) bool { return slices.Contains(u.arbiters, c.Node) })
	if slices.Contains(u.arbiters, w.arbitrator) {
		w.arbitrator = 0
	}
	if w.arbitrator == 0 && len(w.candidates) > 0 {
		w.arbitrator = w.candidates[0].Node
	}
	return w
}

func (t tally) add(o tally) {
	for i, n := range o {
		t[i] += n
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
