package galera

import (
	"context"
	"fmt"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/remediator"
)

// Quorum vetoes an act after which, at the worst, fewer members than a majority would serve.
// Starting a node takes no member away; but it needs a donor, and a donor that is the last
// serving member is one too few.
type Quorum struct{}

// Name returns "quorum".
func (Quorum) Name() string { return "quorum" }

// Check counts the members in the primary component, as all of them must agree.
func (g Quorum) Check(_ context.Context, c remediator.Case) error {
	configured := len(c.Cluster.Nodes)
	if c.Cluster.Arbitrator != nil {
		configured++
	}
	majority := configured/2 + 1
	size, uuid := 0, ""
	for _, n := range c.Snapshot.Nodes {
		if n.Galera.Primary != cluster.Yes {
			continue
		}
		switch {
		case uuid == "":
			size, uuid = n.Galera.Size, n.Galera.StateUUID
		case n.Galera.StateUUID != uuid:
			return fmt.Errorf("members in a primary component hold different histories (%s and %s): split brain", uuid, n.Galera.StateUUID)
		case n.Galera.Size != size:
			return fmt.Errorf("the members do not agree how many they are (%d and %d): the membership is changing", size, n.Galera.Size)
		}
	}
	if size == 0 {
		return fmt.Errorf("no member is in a primary component")
	}
	if size < majority {
		return &remediator.Veto{Guard: g.Name(), Reason: fmt.Sprintf(
			"only %d of %d members are in the primary component, fewer than the majority of %d: %s would make one of them a donor, "+
				"and losing it as well would stop the cluster. `kagu start` does it if you say so", size, configured, majority, c.Plan)}
	}
	return nil
}
