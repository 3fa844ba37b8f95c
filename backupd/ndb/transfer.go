package ndb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

var _ backupd.Watcher = (*Kind)(nil)

// Transfer says which data nodes are not in service, and whether the data nodes are at a backup
// already. A data node that comes back copies its data from the other of its group, which is the
// whole redundancy until then; and a backup needs all data nodes from its begin to its end.
func (k *Kind) Transfer(ctx context.Context, c inventory.Cluster) (string, error) {
	seats, closeAll := ndb.Seats(c)
	defer closeAll()
	v := ndb.Look(ctx, seats)
	v.Inventory = ndb.InventoryOf(c)
	why, err := restless(v)
	if why != "" || err != nil {
		return why, err
	}
	client := management(c)
	defer client.Close()
	_, id, err := running(ctx, client)
	if err != nil || id == 0 {
		return "", err
	}
	return fmt.Sprintf("the data nodes are at backup %d", id), nil
}

// restless says which data nodes keep the cluster from being whole. A node that is in no group holds
// no data, and one that the cluster does not know will not come: to wait for these is of no use.
func restless(v ndb.View) (string, error) {
	switch {
	case !v.Answered():
		return "", errors.New("no management server answers")
	case v.Deaf():
		return "", errors.New("no management server has contact with a data node")
	}
	groups := map[mgm.NodeGroup]string{}
	all, _ := v.Redundancy()
	for _, r := range all {
		groups[r.Group] = fmt.Sprintf("node group %d has %d of %d nodes", r.Group, r.Started, r.Configured)
	}
	var busy, unclear []string
	for _, n := range v.Nodes() {
		if n.Role != cluster.RoleData || n.Group == mgm.GroupNone {
			continue
		}
		name := n.Name
		if name == "" {
			name = fmt.Sprint(n.ID)
		}
		switch {
		case n.State == string(mgm.StateSingleUser):
			return "the cluster is in single user mode", nil
		case n.Up == cluster.Unknown:
			unclear = append(unclear, name)
		case n.Up == cluster.No && n.State == string(mgm.StateStarting):
			busy = append(busy, fmt.Sprintf("data node %s starts, phase %d", name, n.Phase))
		case n.Up == cluster.No:
			missing := fmt.Sprintf("data node %s is %s", name, n.State)
			if group := groups[n.Group]; group != "" {
				missing += ", " + group
			}
			busy = append(busy, missing)
		}
	}
	if len(busy) == 0 && len(unclear) > 0 {
		return "", fmt.Errorf("whether these data nodes are started is not known: %s", strings.Join(unclear, ", "))
	}
	return strings.Join(busy, "; "), nil
}
