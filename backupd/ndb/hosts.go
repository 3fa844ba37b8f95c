package ndb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// Nodes reaches the hosts by kagu-node.
type Nodes struct {
	Client interface {
		Do(ctx context.Context, host inventory.Host, r node.Request) (node.Reply, error)
		Stream(ctx context.Context, host inventory.Host, r node.Request, w io.Writer) (node.Reply, error)
		Follow(ctx context.Context, host inventory.Host, r node.Request, complete <-chan struct{}, w io.Writer) (node.Reply, error)
	}
}

func request(verb node.Verb, cluster string, n inventory.Node, backup uint32) node.Request {
	return node.Request{
		Verb: verb, Cluster: cluster, Node: n.Name, ID: rand.Text(), NotAfter: time.Now().Add(time.Minute), By: "backupd", BackupID: backup,
	}
}

// Collect writes a node's part of a backup to w while the data node writes it. A kagu-node that is too
// old for that collects it when it is complete.
func (h Nodes) Collect(ctx context.Context, cluster string, n inventory.Node, backup uint32, complete <-chan struct{}, w io.Writer) (Part, error) {
	reply, err := h.Client.Follow(ctx, n.Host, request(node.Collect, cluster, n, backup), complete, w)
	var notes []string
	if errors.Is(err, node.ErrCannotFollow) {
		notes = append(notes, fmt.Sprintf("the part of %s was collected after the backup, not beside it: kagu-node on %s is older than backupd, install the same release", n.Name, n.Host.Name))
		select {
		case <-complete:
		case <-ctx.Done():
			return Part{}, context.Cause(ctx)
		}
		reply, err = h.Client.Stream(ctx, n.Host, request(node.Collect, cluster, n, backup), w)
	}
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		return Part{}, err
	}
	p := Part{Notes: append(notes, reply.Stream.Notes...)}
	for _, f := range reply.Stream.Files {
		p.Files = append(p.Files, File{Name: f.Name, Size: f.Size})
	}
	return p, nil
}

// Discard removes a node's part of a backup.
func (h Nodes) Discard(ctx context.Context, cluster string, n inventory.Node, backup uint32) error {
	reply, err := h.Client.Do(ctx, n.Host, request(node.Discard, cluster, n, backup))
	if err != nil {
		return err
	}
	return reply.Err()
}
