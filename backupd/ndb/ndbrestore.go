package ndb

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/internal/scratch"
)

// A restorer runs ndb_restore with the parts of one backup against one cluster, in the order that
// it must have: the tables without their indexes once, the rows of each part, the indexes once. Each
// run takes some seconds for its connection alone, so parts are restored side by side.
type restorer struct {
	program string
	connect string
	backup  uint32
	nodes   []int  // whose parts there are
	parts   string // folder of them
	command func(ctx context.Context, program string, args ...string) *exec.Cmd
	// only narrows it down, the same for every run: databases, names that are written instead.
	only []string
}

// restored is what ndb_restore says that it did with the parts.
type restored struct{ rows, changes uint64 }

func (r restorer) run(ctx context.Context, node int, args ...string) (string, error) {
	all := append([]string{
		"--no-defaults", "--ndb-connectstring=" + r.connect, "--nodeid=" + strconv.Itoa(node), "--backupid=" + strconv.FormatUint(uint64(r.backup), 10),
		"--backup-path=" + partDir(r.parts, node), "--connect-retries=3", "--connect-retry-delay=2",
	}, args...)
	said, err := run(ctx, r.command(ctx, r.program, append(all, r.only...)...))
	if err != nil {
		return said, fmt.Errorf("restore the part of node %d (%s): %w", node, strings.Join(args, " "), err)
	}
	return said, nil
}

// tables makes the tables, and tablespaces if there are any. It is run once: given twice, or beside
// another run, --disable-indexes would drop what is there.
func (r restorer) tables(ctx context.Context, args ...string) error {
	_, err := r.run(ctx, r.nodes[0], append([]string{"--restore-meta", "--disable-indexes"}, args...)...)
	return err
}

// data brings the rows of all parts in, and the changes that were made while the backup was taken.
func (r restorer) data(ctx context.Context) (restored, error) {
	var mu sync.Mutex
	var all restored
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(min(max(2, runtime.NumCPU()), restoreIDs/2))
	for _, node := range r.nodes {
		g.Go(func() error {
			said, err := r.run(ctx, node, "--restore-data")
			if err != nil {
				return err
			}
			one, err := restoredOf(said)
			if err != nil {
				return fmt.Errorf("restore the part of node %d: %w", node, err)
			}
			mu.Lock()
			defer mu.Unlock()
			all.rows += one.rows
			all.changes += one.changes
			return nil
		})
	}
	return all, g.Wait()
}

// indexes builds the indexes, which finds rows that break a unique or a foreign key.
func (r restorer) indexes(ctx context.Context) error {
	_, err := r.run(ctx, r.nodes[0], "--rebuild-indexes")
	return err
}

// epoch writes into mysql.ndb_apply_status up to where the cluster's own changes are in.
func (r restorer) epoch(ctx context.Context) error {
	_, err := r.run(ctx, r.nodes[0], "--restore-epoch")
	return err
}

var restoredWords = regexp.MustCompile(`Restored (\d+) tuples and (\d+) log entries`)

// restoredOf reads what ndb_restore says at its end.
func restoredOf(said string) (restored, error) {
	found := restoredWords.FindAllStringSubmatch(said, -1)
	if len(found) == 0 {
		return restored{}, fmt.Errorf("ndb_restore does not say how much it restored; the end of what it said:\n%s", said)
	}
	var r restored
	last := found[len(found)-1]
	rows, err1 := strconv.ParseUint(last[1], 10, 64)
	changes, err2 := strconv.ParseUint(last[2], 10, 64)
	if err1 != nil || err2 != nil {
		return r, fmt.Errorf("ndb_restore says %+.100q", last[0])
	}
	r.rows, r.changes = rows, changes
	return r, nil
}

// restorer returns one that restores into the throw-away cluster.
func (t *throwaway) restorer(backup uint32, nodes []int) restorer {
	return restorer{
		program: t.program("ndb_restore"), connect: t.connectString(), backup: backup, nodes: nodes, parts: t.File("parts"), command: t.Command,
	}
}

// define carries a script out on the SQL node and returns what it refused.
func (t *throwaway) define(ctx context.Context, script []byte) ([]string, error) {
	c := t.Command(ctx, t.program("mysql"), "--defaults-file="+t.File("my.cnf"), "--binary-mode", "--comments", "--force", "--batch")
	c.Stdin = bytes.NewReader(script)
	var said bytes.Buffer // all of it: each statement that is refused says so
	c.Stdout, c.Stderr = &said, &said
	err := c.Run()
	var refused []string
	for line := range strings.Lines(said.String()) {
		if strings.HasPrefix(line, "ERROR ") {
			refused = append(refused, strings.TrimSpace(line))
		}
	}
	if err != nil && len(refused) == 0 {
		return nil, fmt.Errorf("carry the definitions out: %w; the end of what was said:\n%s", err, scratch.LastLines(said.Bytes()))
	}
	return refused, nil
}
