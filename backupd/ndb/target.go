package ndb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/mgm"
)

// target is the cluster that a restore goes to.
func (t *throwaway) target(r backupd.Restore) (restorer, error) {
	m := r.Links[0].Manifest
	nodes, err := nodesOf(m)
	if err != nil {
		return restorer{}, err
	}
	to := t.restorer(m.Position.Backup, nodes)
	to.connect = connectString(r.Cluster)
	to.only = tlsArgs(r)
	if r.Goal != backupd.ToSchema {
		return to, nil
	}
	schemas, err := schemasOf(r, m)
	if err != nil {
		return restorer{}, err
	}
	var tables []string
	for _, c := range m.Content {
		if wanted(r, c) {
			tables = append(tables, c.Schema+"."+c.Name)
		}
	}
	to.only = append(to.only, "--include-tables="+strings.Join(tables, ","))
	if r.Into != "" {
		to.only = append(to.only, "--rewrite-database="+schemas[0]+","+r.Into)
	}
	return to, nil
}

func tlsArgs(r backupd.Restore) []string {
	if r.Cluster.ManagementTLS == nil {
		return nil
	}
	return []string{"--ndb-tls-search-path=" + filepath.Dir(r.Cluster.ManagementTLS.CertFile)}
}

// wanted reports whether a table of the backup is to be restored.
func wanted(r backupd.Restore, t backupd.Table) bool {
	return r.Goal != backupd.ToSchema || slices.Contains(r.Schemas, t.Schema) || slices.Contains(r.Schemas, t.Schema+"."+t.Name)
}

// errNotUp: the cluster that a restore goes to is not started yet, or not all of it.
var errNotUp = errors.New("the cluster cannot be restored into now")

// awaitTarget waits until the new cluster is up: it is started by hand, which takes as long as it
// takes. One that holds tables already is refused at once.
func (t *throwaway) awaitTarget(ctx context.Context, r backupd.Restore, tell func(string)) error {
	told := ""
	for {
		err := t.emptyTarget(ctx, r)
		if err == nil || !errors.Is(err, errNotUp) {
			return err
		}
		if text := strings.ReplaceAll(err.Error(), "\n", "; "); text != told {
			told = text
			tell("waiting for the new cluster: " + told)
		}
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// emptyTarget makes sure that a restore overwrites nothing.
func (t *throwaway) emptyTarget(ctx context.Context, r backupd.Restore) error {
	client := management(r.Cluster)
	defer client.Close()
	nodes, err := client.Status(ctx, mgm.NodeData)
	if err != nil {
		return fmt.Errorf("%w: ask the management servers how the data nodes are: %w", errNotUp, err)
	}
	if err := ready(r.Cluster, nodes); err != nil {
		return fmt.Errorf("%w: %w", errNotUp, err)
	}
	there, err := t.tablesOf(ctx, r)
	if err != nil {
		return err
	}
	var already []string
	for _, c := range r.Links[0].Manifest.Content {
		into := table{c.Schema, c.Name}
		if r.Into != "" {
			into.schema = r.Into
		}
		if wanted(r, c) && there[into] {
			already = append(already, into.schema+"."+into.name)
		}
	}
	if len(already) == 0 {
		return nil
	}
	how := "restore into another schema with --into, or drop them yourself if nobody needs them"
	if r.Goal == backupd.ToCluster {
		how = "start every data node with --initial if nobody needs what is there"
	}
	return fmt.Errorf("%d of the tables are there already, the first is %s, and nothing is overwritten: %s", len(already), already[0], how)
}

var listed = regexp.MustCompile(`'([^']*)'`)

// tablesOf lists the tables of the cluster, by NDB's own tool: there may be no SQL node yet.
func (t *throwaway) tablesOf(ctx context.Context, r backupd.Restore) (map[table]bool, error) {
	args := append([]string{"--no-defaults", "--ndb-connectstring=" + connectString(r.Cluster), "--parsable", "--connect-retries=3"}, tlsArgs(r)...)
	out, err := t.Command(ctx, t.program("ndb_show_tables"), args...).Output()
	if err != nil {
		return nil, fmt.Errorf("%w: list its tables: %w; ndb_show_tables needs a free [api] slot in config.ini and the way to all data nodes from here", errNotUp, err)
	}
	return tablesIn(string(out))
}

// tablesIn reads what ndb_show_tables --parsable says: number, type, state, logging, then database,
// schema and name.
func tablesIn(said string) (map[table]bool, error) {
	all := map[table]bool{}
	for line := range strings.Lines(said) {
		if !strings.Contains(line, "'UserTable'") {
			continue
		}
		words := listed.FindAllStringSubmatch(line, -1)
		if len(words) < 4 {
			return nil, fmt.Errorf("ndb_show_tables says %+.120q, which is not understood", line)
		}
		all[table{words[len(words)-3][1], words[len(words)-1][1]}] = true
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: it has no table, not even those that an SQL node makes: start one", errNotUp)
	}
	return all, nil
}

// tablesMade is a file that says that the tables were made.
const tablesMade = "tables-are-made"

// targetTables makes the tables, unless an earlier try has. It looks again right before it does,
// because --disable-indexes would drop the indexes of tables that are there.
func (t *throwaway) targetTables(ctx context.Context, r backupd.Restore) error {
	done := t.File(tablesMade)
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := t.emptyTarget(ctx, r); err != nil {
		return err
	}
	to, err := t.target(r)
	if err != nil {
		return err
	}
	var args []string
	if r.Goal == backupd.ToSchema { // tablespaces are the whole cluster's
		args = append(args, "--no-restore-disk-objects")
	}
	if err := to.tables(ctx, args...); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o600)
}
