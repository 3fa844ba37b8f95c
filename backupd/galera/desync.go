package galera

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// desynced is the debt of a member that we took out of flow control.
const desynced = "desync"

// desync lets a member fall behind the cluster while it is read from, rather than hold the cluster
// up. What undoes it is owed before it is done.
func desync(ctx context.Context, t backupd.Take, n inventory.Node) (undo func() error, err error) {
	sql, err := sqlconn.Connect(ctx, n.SQL, t.Cluster.Backup.Credential, t.Cluster.TLS)
	if err != nil {
		return nil, err
	}
	defer sql.Close()
	on, err := sql.Texts(ctx, "SELECT @@GLOBAL.wsrep_on, @@GLOBAL.wsrep_desync")
	if err != nil {
		return nil, err
	}
	switch {
	case on[0][0] == "0": // without Galera there is nothing to hold up
		return func() error { return nil }, nil
	case on[0][1] == "1": // a human's, or another backup's: it is not ours to end
		return nil, fmt.Errorf("%s was desynced by somebody since it was chosen: nothing was done", n.Name)
	}
	settled, err := t.Owe(ctx, backupd.Debt{Cluster: t.Cluster.Name, Node: n.Name, What: desynced, Detail: t.ID, Since: time.Now()})
	if err != nil {
		return nil, fmt.Errorf("write down that %s must be brought back: %w", n.Name, err)
	}
	undo = func() error {
		ctx, cancel := afterwards(ctx)
		defer cancel()
		if err := resync(ctx, t.Cluster, n); err != nil {
			return err // the debt stays, and is settled later
		}
		settled()
		return nil
	}
	if err := sql.Exec(ctx, "SET GLOBAL wsrep_desync=ON"); err != nil {
		return nil, errors.Join(fmt.Errorf("desync %s: %w", n.Name, err), undo())
	}
	return undo, nil
}

// resync brings a member back into flow control. One that is in it stays so.
func resync(ctx context.Context, c inventory.Cluster, n inventory.Node) error {
	sql, err := sqlconn.Connect(ctx, n.SQL, c.Backup.Credential, c.TLS)
	if err != nil {
		return fmt.Errorf("bring %s back into flow control: %w", n.Name, err)
	}
	defer sql.Close()
	on, err := sql.Texts(ctx, "SELECT @@GLOBAL.wsrep_desync")
	if err == nil && on[0][0] == "1" {
		err = sql.Exec(ctx, "SET GLOBAL wsrep_desync=OFF")
	}
	if err != nil {
		return fmt.Errorf("bring %s back into flow control (SET GLOBAL wsrep_desync=OFF there): %w", n.Name, err)
	}
	return nil
}

// Settle pays the debt of a process that died.
func (k Kind) Settle(ctx context.Context, c inventory.Cluster, d backupd.Debt) error {
	n, err := member(c, d.Node)
	if err != nil {
		return err
	}
	if c.Backup == nil {
		return fmt.Errorf("cluster %s has no backup section any more: run SET GLOBAL wsrep_desync=OFF on %s", c.Name, n.Name)
	}
	switch d.What {
	case desynced:
		return resync(ctx, c, n)
	case hostDesync:
		return k.settleHost(ctx, c, n, d)
	}
	return fmt.Errorf("a debt %.40q of %s is not one of Galera", d.What, d.Node)
}

// settleHost asks kagu-node, which knows whether a desync is its own, and whether the backup that
// began it still goes on.
func (k Kind) settleHost(ctx context.Context, c inventory.Cluster, n inventory.Node, d backupd.Debt) error {
	reply, err := k.Hosts.Do(ctx, n.Host, node.Request{
		Verb: node.Resync, Cluster: c.Name, Node: n.Name, ID: "resync-" + strings.ReplaceAll(time.Now().UTC().Format("20060102T150405.000000"), ".", ""),
		NotAfter: time.Now().Add(time.Minute), By: "backupd", Why: "settle " + d.Detail,
	})
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		return fmt.Errorf("bring %s back into flow control: %w", n.Name, err)
	}
	return nil
}
