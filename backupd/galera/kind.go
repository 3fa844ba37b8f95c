package galera

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// Kind is Galera, as backupd knows it.
type Kind struct {
	Hosts Hosts

	// Observe looks at a cluster; nil: by SQL, each member twice.
	Observe func(context.Context, inventory.Cluster) (cluster.Snapshot, error)
}

// Hosts asks kagu-node on the hosts of databases; node.Client does.
type Hosts interface {
	Do(ctx context.Context, host inventory.Host, r node.Request) (node.Reply, error)
	Stream(ctx context.Context, host inventory.Host, r node.Request, w io.Writer) (node.Reply, error)
	Upload(ctx context.Context, host inventory.Host, r node.Request, parts ...node.Part) (node.Reply, error)
}

// Take takes one backup of the member that is best for it.
func (k Kind) Take(ctx context.Context, t backupd.Take) (backupd.Facts, error) {
	switch t.Method {
	case backupd.Physical, backupd.Incremental:
		return k.takePhysical(ctx, t)
	case backupd.Logical:
		return k.takeLogical(ctx, t)
	default:
		return backupd.Facts{}, fmt.Errorf("a Galera cluster is not backed up by the method %s", t.Method)
	}
}

// donor observes the cluster and chooses.
func (k Kind) donor(ctx context.Context, t backupd.Take) (inventory.Node, error) {
	look := k.Observe
	if look == nil {
		look = observe
	}
	t.Tell("choose", "looking at the members of "+t.Cluster.Name)
	s, err := look(ctx, t.Cluster)
	if err != nil {
		return inventory.Node{}, err
	}
	var w want
	if t.Base != nil {
		if len(t.Base.Origin.Nodes) != 1 {
			return inventory.Node{}, fmt.Errorf("base %s does not say which member it is of: take a full backup", t.Base.ID)
		}
		w.base = t.Base.Origin.Nodes[0]
	}
	w.prefer = k.archived(ctx, t.Cluster)
	c, err := chooseDonor(s, w)
	if err != nil {
		return inventory.Node{}, err
	}
	n, err := member(t.Cluster, c.node)
	if err == nil {
		t.Tell("choose", c.node+" "+c.because(c.node))
	}
	return n, err
}

func member(c inventory.Cluster, name string) (inventory.Node, error) {
	for _, n := range c.Nodes {
		if n.Name == name {
			return n, nil
		}
	}
	return inventory.Node{}, fmt.Errorf("cluster %s has no member %q in kagu.yaml any more", c.Name, cluster.Printable(name))
}

// within bounds what must be done though a context has ended.
const lastWords = 30 * time.Second

func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), lastWords)
}

// tell is a Tell that may be nil.
func tell(to func(stage, detail string)) func(stage, detail string) {
	if to == nil {
		return func(string, string) {}
	}
	return to
}
