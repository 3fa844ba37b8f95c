package lab

import (
	"context"

	"github.com/kagu-db/kagu/internal/cluster"
)

// A kind is what the lab must know of one kind of cluster. Everything else is the same for all.
type kind interface {
	// place gives every node its address and ports.
	place(l *Lab, o Options, given book) error

	// start starts all nodes and makes the accounts.
	start(ctx context.Context, l *Lab, progress func(step string)) error

	// launch starts a node's server and does not wait for it.
	launch(l *Lab, n Node) (Process, error)

	// stop ends a node's server cleanly and waits for its end.
	stop(ctx context.Context, l *Lab, n Node) error

	// serves tells whether a process of the lab with this command line is the node's server.
	serves(l *Lab, n Node, argv []string) bool

	// cutRules are nftables' rules that take a node off the network.
	cutRules(l *Lab, n Node, reach Reach) rules

	// list puts the nodes into the cluster of kagu.yaml, and says where the hosts are.
	list(l *Lab, c *clusterFile, hosts map[string]hostFile)

	// admin is the account that may do everything on the node's socket, and its password.
	admin(l *Lab) (user, password string, err error)

	// client is the command line of a client that may do everything on a node, "" if there is none.
	client(l *Lab, n Node) string

	// look fills in what the node's server, which runs, says of itself.
	look(ctx context.Context, l *Lab, s *NodeStatus)
}

func (l *Lab) kind() kind {
	if l.Kind == cluster.KindNDB {
		return ndbKind{}
	}
	return galeraKind{}
}

// Client is the command line of a client that may do everything on a node, for a human to copy;
// "" if there is none.
func (l *Lab) Client(n Node) string { return l.kind().client(l, n) }

// Members returns the nodes of a role, in their order.
func (l *Lab) Members(role cluster.Role) []Node {
	var list []Node
	for _, n := range l.Nodes {
		if n.Role == role {
			list = append(list, n)
		}
	}
	return list
}
