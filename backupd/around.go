package backupd

import (
	"context"
	"fmt"
	"net/http"

	"github.com/kagu-db/kagu/internal/inventory"
)

// A Watcher is a Kind that can tell whether a cluster is at rest: no member is being given its data,
// and none that a backup needs is missing.
type Watcher interface {
	// Transfer says who receives from whom or what else goes on, in words; "" if nothing does.
	Transfer(ctx context.Context, c inventory.Cluster) (string, error)
}

// Around finds out what goes on around a cluster; see Scheduler. What is asked is only what may hold
// the job back.
func (e *Engine) Around(ctx context.Context, s Slot) Around {
	var a Around
	for _, r := range e.Running() {
		if r.Cluster == s.Cluster {
			a.Running = &r
			return a
		}
	}
	if s.What != Taking {
		return a
	}
	var err error
	a.Maintenance, err = Remediator{URL: e.Fleet().Remediator.URL, HTTP: http.DefaultClient}.Maintenance(ctx, s.Cluster)
	if err != nil {
		a.Unknown = append(a.Unknown, fmt.Sprintf("whether the cluster is in maintenance: %v", err))
	}
	c, kind, err := e.find(s.Cluster)
	if watcher, can := kind.(Watcher); err == nil && can {
		a.Transfer, err = watcher.Transfer(ctx, c)
	}
	if err != nil {
		a.Unknown = append(a.Unknown, fmt.Sprintf("whether the cluster is at rest: %v", err))
	}
	return a
}
