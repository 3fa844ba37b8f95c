package ndb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
)

// ready says why a backup cannot be taken now: of each node that is not as it must be. A failing
// or starting data node would abort the backup, and one that kagu.yaml does not name would keep
// its part to itself.
func ready(c inventory.Cluster, nodes []mgm.NodeStatus) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	names := map[int]string{}
	for _, n := range c.Data {
		names[n.ID] = n.Name
	}
	var version mgm.VersionID
	seen := map[int]bool{}
	for _, n := range nodes {
		if n.Type != mgm.NodeData {
			continue
		}
		seen[n.ID] = true
		name, known := names[n.ID]
		switch {
		case !known:
			bad("data node %d is not in kagu.yaml: add it, its part of the backup must be collected from its host", n.ID)
			continue
		case n.NodeGroup == mgm.GroupNone && n.State == mgm.StateStarted:
			bad("data node %s is in no node group: create one, or stop it", name)
		case n.State != mgm.StateStarted:
			bad("data node %s is %s, not %s: all of them are needed; kagu status says what is the matter", name, n.State, mgm.StateStarted)
		case version != 0 && n.Version != version:
			bad("data node %s runs %s, another %s: finish the upgrade first", name, n.Version, version)
		}
		if n.Version != 0 {
			version = n.Version
		}
	}
	for _, n := range c.Data {
		if !seen[n.ID] {
			bad("data node %s has the number %d in kagu.yaml, and the cluster knows no such node", n.Name, n.ID)
		}
	}
	if len(seen) == 0 {
		bad("the management server knows no data node")
	}
	return errors.Join(errs...)
}

// running asks the data nodes whether they are at a backup. The number is 0 if they are not.
func running(ctx context.Context, c *mgm.Client) (mgm.Event, uint32, error) {
	events, err := c.DumpEvents(ctx, mgm.BackupStatus)
	if err != nil {
		return mgm.Event{}, 0, fmt.Errorf("ask whether a backup is running: %w", err)
	}
	for _, e := range events {
		if id, _ := e.Value("backup_id"); id != 0 && e.Node("starting_node") != 0 {
			return e, uint32(id), nil
		}
	}
	return mgm.Event{}, 0, nil
}

// free waits a moment until no backup is running, and says which one is if it goes on.
func free(ctx context.Context, c *mgm.Client) error {
	begun := time.Now()
	for {
		_, id, err := running(ctx, c)
		switch {
		case err != nil:
			return err
		case id == 0:
			return nil
		case time.Since(begun) > patience:
			return fmt.Errorf("backup %d is running: wait for it, or end it with ndb_mgm -e 'ABORT BACKUP %d'", id, id)
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
