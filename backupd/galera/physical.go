package galera

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// streamData is what mariadb-backup writes: mbstream -x unpacks it.
const streamData = "data.mbstream"

// copyThreads is how many files mariadb-backup reads at once. What comes behind it is slower.
const copyThreads = 2

// hostDesync is the debt of a member that kagu-node took out of flow control. kagu-node has a
// watchdog of its own for it; the debt is for a host that dies and comes back.
const hostDesync = "host-desync"

// takePhysical streams the files of a member from its host, all of them or what changed since
// the base.
func (k Kind) takePhysical(ctx context.Context, t backupd.Take) (backupd.Facts, error) {
	var facts backupd.Facts
	if (t.Method == backupd.Incremental) != (t.Base != nil) {
		return facts, errors.New("an incremental backup has a base, and a full one has none")
	}
	n, err := k.donor(ctx, t)
	if err != nil {
		return facts, err
	}
	before, config, err := readServer(ctx, t.Cluster, n)
	if err != nil {
		return facts, err
	}
	if err := keepConfig(ctx, t.Sink, config); err != nil {
		return facts, err
	}
	settled, err := t.Owe(ctx, backupd.Debt{Cluster: t.Cluster.Name, Node: n.Name, What: hostDesync, Detail: t.ID, Since: time.Now()})
	if err != nil {
		return facts, fmt.Errorf("write down that %s must be brought back: %w", n.Name, err)
	}
	sent, err := k.stream(ctx, t, n)
	if err != nil { // kagu-node brings the member back by itself; the debt stays and looks again
		if _, refused := errors.AsType[*node.Refusal](err); refused {
			settled() // nothing was done
		}
		return facts, err
	}
	settled()
	after, _, err := readServer(ctx, t.Cluster, n)
	if err != nil {
		return facts, err
	}
	facts = backupd.Facts{
		Origin: backupd.Origin{Nodes: []string{n.Name}, Server: sent.Server, Tool: sent.Tool, Config: streamConfig},
		Position: backupd.Position{
			UUID: sent.UUID, Seqno: sent.Seqno, FromLSN: sent.FromLSN, ToLSN: sent.ToLSN, Lineage: sent.Lineage,
		},
		Content: content(common(before, after)),
		Notes:   append(sent.Notes, changed(before, after)...),
	}
	if b := sent.Binlog; b != nil {
		facts.Position.File, facts.Position.Offset, facts.Position.GTID = b.File, b.Pos, b.GTID
	}
	return facts, nil
}

// stream lets kagu-node on the host of the member stream its files.
func (k Kind) stream(ctx context.Context, t backupd.Take, n inventory.Node) (node.Stream, error) {
	r := node.Request{
		Verb: node.Backup, Cluster: t.Cluster.Name, Node: n.Name, ID: t.ID, NotAfter: time.Now().Add(time.Minute), By: "backupd",
		Why: "job " + t.Job.Name, Parallel: copyThreads, Desync: true,
	}
	if rate := t.Cluster.Backup.Rate; rate > 0 {
		r.Rate, r.Parallel = max(rate, node.MinRate), 1 // each thread that waits has the redo log wait for 10 MiB of its own
	}
	if t.Base != nil {
		r.Since, r.Lineage = t.Base.Position.ToLSN, t.Base.Position.Lineage
	}
	out, err := t.Sink.Stream(ctx, streamData)
	if err != nil {
		return node.Stream{}, err
	}
	t.Tell("read", "the files of "+n.Name)
	reply, err := k.Hosts.Stream(ctx, n.Host, r, out)
	if err == nil {
		err = reply.Err()
	}
	if err == nil && reply.Stream == nil {
		err = errors.New("kagu-node says nothing of what it sent: install the same release on both sides")
	}
	if err != nil {
		return node.Stream{}, fmt.Errorf("back up %s: %w", n.Name, err)
	}
	if err := out.Close(); err != nil {
		return node.Stream{}, err
	}
	return *reply.Stream, nil
}

// readServer lists the tables of a member and the settings that its files cannot be read without.
func readServer(ctx context.Context, c inventory.Cluster, n inventory.Node) ([]table, config, error) {
	sql, err := sqlconn.Connect(ctx, n.SQL, c.Backup.Credential, c.TLS, "wsrep_sync_wait=0")
	if err != nil {
		return nil, nil, err
	}
	defer sql.Close()
	if err := sql.Exec(ctx, "SET NAMES utf8mb4"); err != nil {
		return nil, nil, err
	}
	tables, err := readTables(ctx, sql, nil)
	if err != nil {
		return nil, nil, err
	}
	config, err := readConfig(ctx, sql)
	return tables, config, err
}

// common returns what is in both lists under the same name: what a restore must bring back,
// whatever was created or dropped while files were read.
func common(before, after []table) (both []table) {
	there := map[string]bool{}
	for _, t := range after {
		there[t.String()] = true
	}
	for _, t := range before {
		if there[t.String()] {
			both = append(both, t)
		}
	}
	return both
}
