package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// AwaitVerdict waits until another data node has declared this one failed, which seals its fate:
// it will hear of it and end. NO_CONTACT is no verdict. A management server says that by its own
// heartbeats, which with the lab's settings end a second and a half before those of the data
// nodes: a node thawed or joined in between goes on as if nothing had been. Since is a moment
// before the fault.
func (l *Lab) AwaitVerdict(ctx context.Context, node string, since time.Time) error {
	n, err := l.Node(node)
	if err != nil {
		return err
	}
	var others []int
	for _, o := range l.Members(cluster.RoleData) {
		if o.ID != n.ID {
			others = append(others, o.ID)
		}
	}
	client := mgm.New(mgm.Options{Addresses: l.ManagementAddresses(), Timeout: askTimeout})
	defer client.Close()
	return poll(ctx, func(ctx context.Context) error {
		saved, err := client.DumpEvents(ctx, mgm.SavedEvent, others...)
		if err != nil {
			return err
		}
		for _, e := range saved { // they are timed to the second
			if e.Type == mgm.NodeFailed && e.Node("failed_node") == n.ID && !e.Time.Before(since.Truncate(time.Second)) {
				return nil
			}
		}
		return fmt.Errorf("no data node has declared %s failed", node)
	})
}
