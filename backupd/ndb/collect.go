package ndb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

// collect brings every data node's part into a stream of its own, all at once, while they are written.
// It ends after complete is closed. Where one fails all do: half a stream cannot be taken back.
func (k *Kind) collect(ctx context.Context, t backupd.Take, id uint32, complete <-chan struct{}) (map[int]Part, error) {
	var mu sync.Mutex
	parts := map[int]Part{}
	g, ctx := errgroup.WithContext(ctx)
	for _, n := range t.Cluster.Data {
		g.Go(func() error {
			w, err := t.Sink.Stream(ctx, nodeStream(n.ID))
			if err != nil {
				return err
			}
			part, err := k.Hosts.Collect(ctx, t.Cluster.Name, n, id, complete, w)
			switch {
			case err == nil:
				err = whole(n.ID, id, part.Files)
			case ctx.Err() == nil:
				err = fmt.Errorf("%w: nothing of backup %d is kept; take another when kagu-node answers again: kagu report %s/%s", err, id, t.Cluster.Name, n.Name)
			}
			if err != nil { // not closed: a stream that lacks something must not look whole
				return fmt.Errorf("collect the part of %s: %w", n.Name, err)
			}
			if err := w.Close(); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			parts[n.ID] = part
			t.Tell("collect", fmt.Sprintf("the part of %s is in, %d files", n.Name, len(part.Files)))
			return nil
		})
	}
	return parts, g.Wait()
}

// partFile is the name of a file of a part, within the folder of the backup: one set of them, or
// one for each thread in folders of their own.
var partFile = regexp.MustCompile(`^(?:BACKUP-(\d+)-PART-(\d+)-OF-(\d+)/)?BACKUP-(\d+)(-\d+)?\.(\d+)\.(ctl|Data|log)$`)

var topFolder = regexp.MustCompile(`^(?:\./)?(?:BACKUP-\d+/)?`)

// withoutTop returns a name within the folder of the backup.
func withoutTop(name string) string { return topFolder.ReplaceAllString(name, "") }

// named takes the name of a file apart. A folder of the backup in front of it is let pass.
func named(name string, node int, id uint32) (set, kind string, sets int, err error) {
	m := partFile.FindStringSubmatch(withoutTop(name))
	number := strconv.FormatUint(uint64(id), 10)
	if m == nil || m[4] != number || m[1] != "" && m[1] != number || m[6] != strconv.Itoa(node) {
		return "", "", 0, fmt.Errorf("%+.120q is not a file of backup %d of node %d", name, id, node)
	}
	sets = 1
	if m[3] != "" {
		if sets, err = strconv.Atoi(m[3]); err != nil || sets < 1 || sets > 1024 {
			return "", "", 0, fmt.Errorf("%+.120q is one of %s parts", name, m[3])
		}
	}
	return m[2], m[7], sets, nil
}

// whole says what a node's part lacks: of each set it needs the metadata, the rows and the log.
func whole(node int, id uint32, files []File) error {
	kinds := map[string]map[string]bool{}
	want := 1
	for _, f := range files {
		set, kind, sets, err := named(f.Name, node, id)
		if err != nil {
			return err
		}
		if kinds[set] == nil {
			kinds[set] = map[string]bool{}
		}
		kinds[set][kind] = true
		want = max(want, sets)
	}
	var errs []error
	for set, have := range kinds {
		for _, kind := range []string{"ctl", "Data", "log"} {
			if !have[kind] {
				errs = append(errs, fmt.Errorf("there is no .%s file of backup %d (part %q): it was removed or never written", kind, id, set))
			}
		}
	}
	if len(kinds) != want {
		errs = append(errs, fmt.Errorf("backup %d has %d sets of files of %d", id, len(kinds), want))
	}
	return errors.Join(errs...)
}

// discard removes the files of a backup from every data node's host, also where it fails on one.
func (k *Kind) discard(ctx context.Context, c inventory.Cluster, id uint32) error {
	errs := make([]error, len(c.Data))
	var all sync.WaitGroup
	for i, n := range c.Data {
		all.Go(func() {
			if err := k.Hosts.Discard(ctx, c.Name, n, id); err != nil {
				errs[i] = fmt.Errorf("remove the files of backup %d from %s: %w", id, n.Name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// enough compares what was collected with what the data nodes said that they wrote. The files
// hold a little more: heads and the marks between records.
func enough(d Done, parts map[int]Part) error {
	var data, log int64
	for node, part := range parts {
		for _, f := range part.Files {
			_, kind, _, err := named(f.Name, node, d.Number)
			if err != nil {
				return err
			}
			switch kind {
			case "Data":
				data += f.Size
			case "log":
				log += f.Size
			}
		}
	}
	if uint64(data) < d.Bytes || uint64(log) < d.LogBytes {
		return fmt.Errorf("the files have %d bytes of rows and %d of log, and the data nodes wrote %d and %d: something of them is missing",
			data, log, d.Bytes, d.LogBytes)
	}
	return nil
}
