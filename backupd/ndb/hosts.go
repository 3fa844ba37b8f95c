package ndb

import (
	"context"
	"crypto/rand"
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
	}
}

func request(verb node.Verb, cluster string, n inventory.Node, backup uint32) node.Request {
	return node.Request{
		Verb: verb, Cluster: cluster, Node: n.Name, ID: rand.Text(), NotAfter: time.Now().Add(time.Minute), By: "backupd", BackupID: backup,
	}
}

// Collect writes a node's part of a backup to w.
func (h Nodes) Collect(ctx context.Context, cluster string, n inventory.Node, backup uint32, w io.Writer) ([]File, error) {
	reply, err := h.Client.Stream(ctx, n.Host, request(node.Collect, cluster, n, backup), w)
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		return nil, err
	}
	var files []File
	for _, f := range reply.Stream.Files {
		files = append(files, File{Name: f.Name, Size: f.Size})
	}
	return files, nil
}

// Discard removes a node's part of a backup.
func (h Nodes) Discard(ctx context.Context, cluster string, n inventory.Node, backup uint32) error {
	reply, err := h.Client.Do(ctx, n.Host, request(node.Discard, cluster, n, backup))
	if err != nil {
		return err
	}
	return reply.Err()
}
