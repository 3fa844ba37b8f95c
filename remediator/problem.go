package remediator

import (
	"context"
	"slices"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// WholeCluster stands in place of a node's name where a problem has the whole cluster.
const WholeCluster = ""

// A Problem is one row of a table: all there is to say of one thing that can be wrong.
type Problem struct {
	Name string
	Rank int // lower comes first; a node is counted under its first problem only

	// Match returns the nodes that have the problem, or WholeCluster, which hides the
	// problems of single nodes.
	Match func(cluster.Snapshot) []string

	// Plan says what would heal the node. Where nothing safe can be done it returns a *Veto
	// that tells a human what was seen and what to do.
	Plan func(s cluster.Snapshot, node string) (Plan, error)

	// Patience is how long the problem must have stood before it is spoken of or acted on.
	Patience time.Duration
}

// An Observer looks at a cluster afresh. It returns what it saw even if much could not be
// seen; an error means that it could not look at all.
type Observer interface {
	Observe(ctx context.Context, c inventory.Cluster) (cluster.Snapshot, error)
}

// A Kind is what the engine must be given to heal one kind of database.
type Kind struct {
	Observer Observer
	Problems []Problem
	Guards   []Guard // besides those every cluster has
	Actor    Actor
	Describe func(cluster.Snapshot) string // one line: what was seen of each node
}

// A Finding is a problem that a node has.
type Finding struct {
	Problem Problem
	Node    string
}

// Diagnose returns what is wrong, the lowest rank first, a node at most once.
func Diagnose(problems []Problem, s cluster.Snapshot) []Finding {
	ranked := slices.Clone(problems)
	slices.SortStableFunc(ranked, func(a, b Problem) int { return a.Rank - b.Rank })
	var found []Finding
	seen := map[string]bool{}
	for _, p := range ranked {
		for _, node := range p.Match(s) {
			if node == WholeCluster {
				return []Finding{{p, node}}
			}
			if !seen[node] {
				seen[node] = true
				found = append(found, Finding{p, node})
			}
		}
	}
	return found
}

func hasNode(found []Finding, node string) bool {
	return slices.ContainsFunc(found, func(f Finding) bool {
		return f.Node == node || f.Node == WholeCluster || node == WholeCluster
	})
}
