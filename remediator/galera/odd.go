package galera

import (
	"fmt"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/remediator"
)

// Odd says of each member that is not like the others what is odd about it. A healthy cluster
// has none.
func Odd(s cluster.Snapshot) map[string]string {
	odd := map[string]string{}
	for _, f := range remediator.Diagnose(Problems, s) {
		if f.Node != remediator.WholeCluster {
			n, _ := s.Node(f.Node)
			odd[f.Node] = notes(n)
		}
	}
	uuid, size := usual(s, func(g *cluster.Galera) string { return g.StateUUID }), usual(s, func(g *cluster.Galera) int { return g.Size })
	for _, n := range s.Nodes {
		switch g := n.Galera; {
		case odd[n.Name] != "" || g.Answers != cluster.Yes:
		case g.StateUUID != uuid:
			odd[n.Name] = "holds another history than the others: " + g.StateUUID
		case g.Size != size:
			odd[n.Name] = fmt.Sprintf("counts %d members, the others %d", g.Size, size)
		case n.Process == cluster.ProcessUnknown:
			odd[n.Name] = "its host does not answer: " + notes(n)
		}
	}
	return odd
}

// usual returns what most of the members that answer say.
func usual[T comparable](s cluster.Snapshot, of func(*cluster.Galera) T) (most T) {
	counts := map[T]int{}
	for _, n := range s.Nodes {
		if n.Galera.Answers == cluster.Yes {
			v := of(n.Galera)
			if counts[v]++; counts[v] > counts[most] {
				most = v
			}
		}
	}
	return most
}
