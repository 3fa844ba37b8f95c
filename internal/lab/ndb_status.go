package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// askTimeout bounds one question to a management server.
const askTimeout = time.Second

// managementStatus asks the management server at that address, or the first that answers, how
// the nodes are.
func managementStatus(ctx context.Context, addresses ...string) (map[int]mgm.NodeStatus, error) {
	client := mgm.New(mgm.Options{Addresses: addresses, Timeout: askTimeout})
	defer client.Close()
	list, err := client.Status(ctx)
	if err != nil {
		return nil, err
	}
	nodes := map[int]mgm.NodeStatus{}
	for _, n := range list {
		nodes[n.ID] = n
	}
	return nodes, nil
}

// ManagementAddresses are where the management servers answer.
func (l *Lab) ManagementAddresses() []string {
	var addresses []string
	for _, n := range l.Members(cluster.RoleManagement) {
		addresses = append(addresses, n.ManagementAddress())
	}
	return addresses
}

// AwaitManagement waits until every management server answers with the cluster's configuration.
func (l *Lab) AwaitManagement(ctx context.Context) error {
	for _, n := range l.Members(cluster.RoleManagement) {
		if err := l.awaitServer(ctx, n, func(ctx context.Context) error {
			_, err := managementStatus(ctx, n.ManagementAddress())
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// AwaitHeard waits until every management server says of every data node that is not spare that it is
// started. One that was restarted answers before it has heard of each, and who asks next may ask any.
func (l *Lab) AwaitHeard(ctx context.Context) error {
	return poll(ctx, func(ctx context.Context) error {
		for _, server := range l.Members(cluster.RoleManagement) {
			nodes, err := managementStatus(ctx, server.ManagementAddress())
			if err != nil {
				return err
			}
			for _, n := range l.grouped() {
				if state := nodes[n.ID].State; state != mgm.StateStarted {
					return fmt.Errorf("to %s %s is %s, not %s", server.Name, n.Name, state, mgm.StateStarted)
				}
			}
		}
		return nil
	})
}

// AwaitState waits until a management server says that a data node is in a state.
func (l *Lab) AwaitState(ctx context.Context, node string, want mgm.NodeState) error {
	n, err := l.Node(node)
	if err != nil {
		return err
	}
	return poll(ctx, func(ctx context.Context) error { return l.isIn(ctx, n, want) })
}

// AwaitNot waits until a data node is no longer in a state.
func (l *Lab) AwaitNot(ctx context.Context, node string, state mgm.NodeState) error {
	n, err := l.Node(node)
	if err != nil {
		return err
	}
	return poll(ctx, func(ctx context.Context) error {
		nodes, err := managementStatus(ctx, l.ManagementAddresses()...)
		if err == nil && nodes[n.ID].State == state {
			err = fmt.Errorf("%s is %s still", node, state)
		}
		return err
	})
}

func (l *Lab) isIn(ctx context.Context, n Node, want mgm.NodeState) error {
	nodes, err := managementStatus(ctx, l.ManagementAddresses()...)
	if err == nil && nodes[n.ID].State != want {
		err = fmt.Errorf("%s is %s in phase %d, not %s", n.Name, nodes[n.ID].State, nodes[n.ID].StartPhase, want)
	}
	return err
}

// awaitServer waits until ok agrees about a node that was launched, and gives up when the node
// has no process any more. The programs of NDB Cluster go into the background by themselves, so
// the process that was launched tells nothing. A single look does not either: while a program goes
// into the background its parent may have ended when it is looked at, and its child have begun after
// the processes were listed.
func (l *Lab) awaitServer(ctx context.Context, n Node, ok func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	looked, missed := time.Now(), 0
	err := poll(ctx, func(ctx context.Context) error {
		err := ok(ctx)
		if err != nil && time.Since(looked) > time.Second {
			looked = time.Now()
			missed++
			if list, failed := l.nodeProcesses(n); failed != nil || len(list) > 0 {
				missed = 0
			}
			if missed == 2 {
				cancel(errors.New("it ended"))
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("start %s: %w; the end of its logs:\n%s\n%s", n.Name, err, tail(n.outputLog()), tail(n.ErrorLog()))
	}
	return nil
}

// grouped are the data nodes without those that are spare.
func (l *Lab) grouped() []Node {
	return slices.DeleteFunc(l.Members(cluster.RoleData), func(n Node) bool { return n.Spare })
}

// AwaitData waits until every data node that is not spare is started.
func (l *Lab) AwaitData(ctx context.Context) error {
	for _, n := range l.grouped() {
		if err := l.awaitServer(ctx, n, func(ctx context.Context) error { return l.isIn(ctx, n, mgm.StateStarted) }); err != nil {
			return err
		}
	}
	return nil
}

// AwaitSQL waits until every SQL node serves the cluster's tables and can change its schemas.
func (l *Lab) AwaitSQL(ctx context.Context) error {
	for _, n := range l.Members(cluster.RoleSQL) {
		if err := l.awaitServer(ctx, n, func(ctx context.Context) error { return l.servesTables(ctx, n) }); err != nil {
			return err
		}
	}
	return nil
}

// servesTables asks an SQL node whether it reaches the data nodes.
func (l *Lab) servesTables(ctx context.Context, n Node) error {
	db, err := l.admin(n)
	if err != nil {
		return err
	}
	defer db.Close()
	var count int
	switch err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM ndbinfo.nodes").Scan(&count); {
	case err != nil:
		return err
	case count == 0: // what ndbinfo says while it has no contact
		return errors.New("it sees no data node")
	}
	return nil
}

// look asks the management servers about a data node, and every other node itself.
func (ndbKind) look(ctx context.Context, l *Lab, s *NodeStatus) {
	if s.Node.Role == cluster.RoleSQL {
		if s.Err = l.servesTables(ctx, s.Node); s.Err == nil {
			s.State = "serves tables"
		}
		return
	}
	ask := l.ManagementAddresses()
	if s.Node.Role == cluster.RoleManagement {
		ask = []string{s.Node.ManagementAddress()}
	}
	nodes, err := managementStatus(ctx, ask...)
	if err != nil {
		s.Err = err
		return
	}
	n := nodes[s.Node.ID]
	s.State = string(n.State)
	switch n.State {
	case mgm.StateStarting, mgm.StateShuttingDown:
		s.State = fmt.Sprintf("%s, phase %d", n.State, n.StartPhase)
	}
	if n.NodeGroup.Known() {
		s.Cluster = fmt.Sprintf("node group %d", n.NodeGroup)
	}
}
