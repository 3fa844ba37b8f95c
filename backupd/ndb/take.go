package ndb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
)

// filesDebt is what a cluster is owed while the files of a backup lie on its data nodes. Its
// detail is the backup's number.
const filesDebt = "ndb-files"

// Take takes a native backup.
func (k *Kind) Take(ctx context.Context, t backupd.Take) (backupd.Facts, error) {
	if t.Method != backupd.Native {
		return backupd.Facts{}, fmt.Errorf("take a backup of %s: an NDB cluster has no method %s, give the job the method %s", t.Cluster.Name, t.Method, backupd.Native)
	}
	if t.Cluster.Backup == nil {
		return backupd.Facts{}, fmt.Errorf("take a backup of %s: kagu.yaml has no section backup for it", t.Cluster.Name)
	}
	client := management(t.Cluster)
	defer client.Close()
	nodes, err := client.Status(ctx, mgm.NodeData)
	if err != nil {
		return backupd.Facts{}, fmt.Errorf("ask the management servers of %s how the data nodes are: %w", t.Cluster.Name, err)
	}
	if err := errors.Join(ready(t.Cluster, nodes), free(ctx, client)); err != nil {
		return backupd.Facts{}, err
	}
	seat, err := sit(ctx, t.Cluster)
	if err != nil {
		return backupd.Facts{}, err
	}
	defer seat.Close()
	before, err := seat.content(ctx)
	if err != nil {
		return backupd.Facts{}, err
	}
	config, err := client.ShowConfig(ctx, mgm.ConfigQuery{})
	if err != nil {
		return backupd.Facts{}, fmt.Errorf("read the configuration: %w", err)
	}
	if err := write(ctx, t.Sink, configStream, configText(config)); err != nil {
		return backupd.Facts{}, err
	}

	var about About
	if about.Memory, err = seat.memory(ctx, nodes); err != nil {
		return backupd.Facts{}, err
	}
	facts := backupd.Facts{Origin: backupd.Origin{Server: nodes[0].Version.String(), Config: configStream}}
	parts, err := k.native(ctx, t, client, func(ctx context.Context, done Done) error {
		about.Done = done
		facts.Position = backupd.Position{Backup: done.Number, Start: done.StartGCI, Stop: done.StopGCI}
		t.Tell("define", "reading schemas, views, routines, triggers, events and accounts from "+seat.node.Name)
		return seat.describe(ctx, t.Sink, &about, &facts, before)
	})
	if err != nil {
		return backupd.Facts{}, err
	}
	about.Nodes = map[int][]File{}
	for _, n := range t.Cluster.Data {
		facts.Origin.Nodes = append(facts.Origin.Nodes, n.Name)
		about.Nodes[n.ID] = parts[n.ID].Files
		facts.Notes = append(facts.Notes, parts[n.ID].Notes...)
	}
	facts.Origin.Nodes = append(facts.Origin.Nodes, seat.node.Name)
	text, err := json.Marshal(about)
	if err == nil {
		err = write(ctx, t.Sink, aboutStream, text)
	}
	return facts, err
}

// native takes the backup itself: from the order to the last file that is removed again. Its files are
// collected while they are written, and what needs its end is done while their rest is.
func (k *Kind) native(ctx context.Context, t backupd.Take, client *mgm.Client, meanwhile func(context.Context, Done) error) (map[int]Part, error) {
	newest := uint32(0)
	if saved, err := client.DumpEvents(ctx, mgm.SavedEvent); err == nil { // a higher number than is needed does no harm
		for _, e := range saved {
			if id, ok := e.Value("backup_id"); ok && e.Type == mgm.BackupStarted {
				newest = max(newest, uint32(id))
			}
		}
	}
	id, err := number(time.Now(), newest)
	if err != nil {
		return nil, err
	}
	listener := client.Listen(ctx, mgm.Filter{mgm.CategoryBackup: 15})
	defer listener.Close()
	if err := hears(ctx, listener); err != nil {
		return nil, err
	}
	paid, err := k.order(ctx, t, client, id)
	if paid == nil {
		return nil, err
	}
	tidy := sync.OnceFunc(func() {
		// The context may have ended; the files have to go all the same.
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyFor)
		defer cancel()
		if err := k.tidy(after, client, t.Cluster, id); err != nil {
			t.Tell("discard", "the files of backup "+strconv.FormatUint(uint64(id), 10)+" are still on the data nodes, it is tried again: "+err.Error())
		} else {
			paid()
		}
	})
	defer tidy()
	if err != nil {
		return nil, err
	}
	t.Tell("backup", fmt.Sprintf("the data nodes write backup %d", id))
	w := watch{client: client, listener: listener, every: 2 * time.Second, tell: func(detail string) { t.Tell("backup", detail) }}
	var done Done
	var parts map[int]Part
	complete := make(chan struct{})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if parts, err = k.collect(ctx, t, id, complete); err != nil {
			return err
		}
		if err := enough(done, parts); err != nil { // done is known: collect ends after the backup is complete
			return err
		}
		tidy()
		return nil
	})
	g.Go(func() (err error) {
		if done, err = w.wait(ctx, id); err != nil {
			return err
		}
		close(complete)
		return meanwhile(ctx, done)
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return parts, nil
}

// tidyFor is how long removing the files may take before it is left to Settle.
const tidyFor = 2 * time.Minute

// hears waits until the events of the cluster are heard.
func hears(ctx context.Context, l *mgm.Listener) error {
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !l.Stream().Up {
		select {
		case <-tick.C:
		case <-deadline.C:
			return fmt.Errorf("listen to the events of the cluster: %w", l.Stream().Err)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// order owes the files of the backup, then starts it. paid is nil if nothing is owed.
func (k *Kind) order(ctx context.Context, t backupd.Take, client *mgm.Client, id uint32) (paid func(), err error) {
	paid, err = t.Owe(ctx, backupd.Debt{
		Cluster: t.Cluster.Name, Node: t.Cluster.Data[0].Name, What: filesDebt, Detail: strconv.FormatUint(uint64(id), 10), Since: time.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("write down that the files of backup %d must be removed: %w", id, err)
	}
	if err = start(ctx, client, id); err == nil {
		return paid, nil
	}
	rest(ctx)
	if code, _ := mgm.CodeOf(err); code == mgm.CodeBackupExists {
		paid() // there are files of somebody else's among them: nothing of that number is removed
		paid = nil
	}
	return paid, err
}

// tidy ends the backup if it still runs, and removes its files.
func (k *Kind) tidy(ctx context.Context, client *mgm.Client, c inventory.Cluster, id uint32) error {
	if err := giveUp(ctx, client, id); err != nil {
		return err
	}
	return k.discard(ctx, c, id)
}

// Settle ends a backup whose taker has died, and removes its files from the data nodes.
func (k *Kind) Settle(ctx context.Context, c inventory.Cluster, d backupd.Debt) error {
	id, err := strconv.ParseUint(d.Detail, 10, 32)
	if d.What != filesDebt || err != nil || id == 0 {
		return fmt.Errorf("settle %q (%q) of %s: an NDB cluster has no such debt", d.What, d.Detail, c.Name)
	}
	client := management(c)
	defer client.Close()
	return k.tidy(ctx, client, c, uint32(id))
}
