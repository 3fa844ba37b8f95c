package ndb

import (
	"context"
	"io"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// Hosts reaches the files that a native backup leaves on the hosts of the data nodes.
type Hosts interface {
	// Collect writes a node's part of a backup to w as a tar, and returns what is in it. The data node
	// may still be writing it: complete is closed once all data nodes have said that the backup is
	// complete, and only then may it end well. A file may come in chunks (see node.ChunkName). An error
	// means that w did not get all of it.
	Collect(ctx context.Context, cluster string, n inventory.Node, backup uint32, complete <-chan struct{}, w io.Writer) (Part, error)

	// Discard removes a node's part of a backup. If there is none, it does nothing.
	Discard(ctx context.Context, cluster string, n inventory.Node, backup uint32) error
}

// Part is a data node's part of a backup, as it was collected.
type Part struct {
	Files []File
	Notes []string // what a human should know of how it came
}

// File is one file of a node's part.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// Kind takes, proves and restores backups of NDB clusters.
type Kind struct {
	Hosts Hosts
	Tree  func() string // of NDB Cluster on this machine, for the archive; nil: KAGU_NDB_HOME names it
}

var _ backupd.Kind = (*Kind)(nil)

// management returns a client that goes on with the next management server when one is away.
func management(c inventory.Cluster) *mgm.Client {
	var addresses []string
	for _, n := range c.Management {
		addresses = append(addresses, n.Listen)
	}
	return ndb.Client(c, addresses...)
}

// connectString is what the programs of NDB Cluster are told of the management servers.
func connectString(c inventory.Cluster) string {
	var all []string
	for _, n := range c.Management {
		all = append(all, n.Listen)
	}
	return strings.Join(all, ",")
}
