package galera

import (
	"context"
	"errors"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

var _ backupd.Watcher = Kind{}

// Transfer says which member receives its data or catches up. A backup beside it would take a
// second member out of the redundancy, and the reading of two would share one disk or network.
func (k Kind) Transfer(ctx context.Context, c inventory.Cluster) (string, error) {
	see := k.Observe
	if see == nil {
		see = observe
	}
	s, err := see(ctx, c)
	if err != nil {
		return "", err
	}
	return transfer(s)
}

func transfer(s cluster.Snapshot) (string, error) {
	var busy, donors []string
	answers := false
	for _, n := range s.Nodes {
		if n.Galera == nil || n.Galera.Answers != cluster.Yes {
			continue
		}
		answers = true
		switch n.Galera.State {
		case "joiner", "joined":
			busy = append(busy, n.Name+" is "+n.Galera.State)
		case "donor":
			// One that somebody desynced stays so for as long as he likes: that is no transfer.
			if d := n.Galera.Desyncs; d == nil || *d == 0 {
				donors = append(donors, n.Name)
			}
		}
	}
	switch {
	case !answers:
		return "", errors.New("no member answers")
	case len(busy) > 0:
		return strings.Join(busy, ", "), nil
	case len(donors) > 0: // a joiner answers no SQL while it receives a whole state
		return strings.Join(donors, ", ") + " gives its state", nil
	}
	return "", nil
}
