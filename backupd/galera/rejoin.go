package galera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/failpoint"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// request is one to kagu-node by an operator. Its ID is new each time: a step that is done again is
// a new try.
func request(verb node.Verb, c inventory.Cluster, n inventory.Node) node.Request {
	now := time.Now()
	return node.Request{
		Verb: verb, Cluster: c.Name, Node: n.Name, ID: "restore-" + strings.ReplaceAll(now.UTC().Format("20060102T150405.000000"), ".", "-"),
		NotAfter: now.Add(time.Minute), By: "kagu backup restore", Why: "rebuild from a backup", Operator: true,
	}
}

// upload sends a chain to the host of a member, which unpacks and prepares it there.
func (k Kind) upload(ctx context.Context, r backupd.Restore, s backupd.Step) error {
	n, err := member(r.Cluster, s.Node)
	if err != nil {
		return err
	}
	last := r.Links[len(r.Links)-1].Manifest
	if there := k.restored(ctx, r.Cluster, n); there != nil && there.UUID == last.Position.UUID && there.Seqno == last.Position.Seqno && there.ToLSN == last.Position.ToLSN {
		tell(r.Tell)("restore", "its host has all of it already, since "+there.At.Format(time.RFC3339)+", and no server has run on it")
		tellAside(r, there.Aside)
		return nil
	}
	req := request(node.Restore, r.Cluster, n)
	req.Consent = r.Consent
	var parts []node.Part
	for i, l := range r.Links {
		parts = append(parts, func(ctx context.Context) (io.ReadCloser, error) {
			failpoint.Here(fmt.Sprintf("restore-part-%d", i+1))
			return l.Source.Open(ctx, streamData)
		})
	}
	reply, err := k.Hosts.Upload(ctx, n.Host, req, parts...)
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		return fmt.Errorf("restore %s: %w", n.Name, err)
	}
	if reply.Stream != nil && (reply.Stream.UUID != last.Position.UUID || reply.Stream.Seqno != last.Position.Seqno) {
		return fmt.Errorf("restore %s: it is at %s:%d now, and the backup was at %s:%d: do not start it", n.Name,
			reply.Stream.UUID, reply.Stream.Seqno, last.Position.UUID, last.Position.Seqno)
	}
	if reply.Stream != nil {
		tellAside(r, reply.Stream.Aside)
	}
	return nil
}

// restored asks a host what a restore put in place there, that no server has run on: the answer to
// an upload may have been lost. Nil is as good as an error, which the upload itself will meet.
func (k Kind) restored(ctx context.Context, c inventory.Cluster, n inventory.Node) *node.Restored {
	reply, err := k.Hosts.Do(ctx, n.Host, node.Request{Verb: node.Report, Cluster: c.Name, Node: n.Name})
	if err != nil || reply.State == nil {
		return nil
	}
	return reply.State.Restored
}

func tellAside(r backupd.Restore, aside string) {
	if aside != "" {
		tell(r.Tell)("restore", "the data directory that was there is now "+aside)
	}
}

func (k Kind) startNode(ctx context.Context, r backupd.Restore, s backupd.Step) error {
	n, err := member(r.Cluster, s.Node)
	if err != nil {
		return err
	}
	// A kagu that was killed may have started it.
	reply, err := k.Hosts.Do(ctx, n.Host, node.Request{Verb: node.Report, Cluster: r.Cluster.Name, Node: n.Name})
	if err == nil && reply.State != nil && reply.State.Process == cluster.ProcessRunning {
		return nil
	}
	reply, err = k.Hosts.Do(ctx, n.Host, request(node.Start, r.Cluster, n))
	if errors.Is(err, node.ErrUnsure) { // it may run: the next step looks
		return nil
	}
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	return nil
}

// joinPatience is how long a member may take to become synced.
const joinPatience = 2 * time.Hour

// awaitJoin waits until the member is synced, and says whether what it lacked came by IST.
func (k Kind) awaitJoin(ctx context.Context, r backupd.Restore, s backupd.Step, to func(stage, detail string)) error {
	n, err := member(r.Cluster, s.Node)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, joinPatience, fmt.Errorf("%s is not synced after %s: kagu status %s shows it, and its error log says more", n.Name, joinPatience, r.Cluster.Name))
	defer cancel()
	db := sqlconn.Open(n.SQL, r.Cluster.Credential, r.Cluster.TLS)
	defer db.Close()
	failpoint.Here("restore-joining")
	said := ""
	for {
		st, err := status(ctx, db)
		if err == nil && st.State == "synced" && st.ClusterStatus == "primary" {
			break
		}
		if now := st.Comment; now != said {
			said = now
			to("join", n.Name+": "+now)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	reply, err := k.Hosts.Do(ctx, n.Host, node.Request{Verb: node.Report, Cluster: r.Cluster.Name, Node: n.Name})
	if err == nil {
		err = reply.Err()
	}
	if err != nil || reply.State == nil {
		to("join", n.Name+" is synced; its host does not tell how it came to that")
		return nil
	}
	to("join", n.Name+" is synced"+joinedBy(reply.State.Log))
	return nil
}

// joinedBy says out of the last lines of a server's log how it got what it lacked.
func joinedBy(log []string) string {
	text := strings.Join(log, "\n")
	switch {
	case strings.Contains(text, "wsrep_sst_"):
		return ", by a full state transfer: the donor no longer had what the backup lacks, and the backup was for nothing"
	case strings.Contains(text, "IST received") || strings.Contains(text, "Receiving IST"):
		return ", by IST"
	}
	return ""
}
