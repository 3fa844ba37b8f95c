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

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/mgm"
)

// Do carries out one step of a plan.
func (k *Kind) Do(ctx context.Context, r backupd.Restore, s backupd.Step) error {
	if len(r.Links) != 1 {
		return errors.New("an NDB cluster is restored from one native backup")
	}
	if r.Dir == "" && r.Scratch.Dir == "" {
		return errors.New("name the folder of the restore, or backup.scratch.dir in kagu.yaml")
	}
	t, err := newThrowaway(folder(r), true, r.Scratch)
	if err != nil {
		return err
	}
	defer t.db.close()
	link := r.Links[0]
	tell := func(detail string) { r.Tell(s.Name, detail) }
	switch s.Name {
	case stepFetch:
		return t.fetchAll(ctx, link, tell)
	case stepScratch:
		return t.fill(ctx, link, tell)
	case stepDefine:
		c, err := t.definitions(ctx, link)
		if err == nil && !c.Good {
			err = fmt.Errorf("%s; see %s", c.Said, t.File("definitions.sql"))
		}
		return err
	case stepReplay:
		return t.replay(ctx, r, tell)
	case stepEmpty:
		return t.emptyTarget(ctx, r)
	case stepTables:
		return t.targetTables(ctx, r)
	case stepRows:
		restorer, err := t.target(r)
		if err != nil {
			return err
		}
		back, err := restorer.data(ctx)
		if err == nil {
			tell(fmt.Sprintf("%d rows and %d changes", back.rows, back.changes))
		}
		return err
	case stepIndexes:
		restorer, err := t.target(r)
		if err == nil {
			err = restorer.indexes(ctx)
		}
		if err == nil && r.Goal == backupd.ToCluster {
			restorer.only = nil
			err = restorer.epoch(ctx)
		}
		return err
	}
	return fmt.Errorf("there is no step %q in the restore of an NDB cluster", s.Name)
}

// fetchAll unpacks the parts, and puts beside them what a human needs.
func (t *throwaway) fetchAll(ctx context.Context, link backupd.Link, tell func(string)) error {
	if _, err := t.fetch(ctx, link, tell); err != nil {
		return err
	}
	for stream, name := range map[string]string{configStream: "original-config.ini", definitionsStream: "definitions.sql"} {
		text, err := readAll(ctx, link.Source, stream, 1<<30)
		if err == nil {
			err = os.WriteFile(t.File(name), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", stream, err)
		}
	}
	return nil
}

// fill starts the throw-away cluster and restores into it. One that was left half full is begun anew.
func (t *throwaway) fill(ctx context.Context, link backupd.Link, tell func(string)) error {
	about, err := readAbout(ctx, link.Source)
	if err == nil {
		err = t.Kill(ctx)
	}
	if err == nil {
		err = t.begin(ctx, link, about)
	}
	if err != nil {
		return err
	}
	back, err := t.restore(ctx, link, about)
	if err != nil {
		return err
	}
	pids, err := t.PIDs()
	if err != nil {
		return err
	}
	tell(fmt.Sprintf("%d rows and %d changes restored. Enter it: %s --defaults-file=%s. End it: kill %s, then remove %s",
		back.rows, back.changes, t.program("mysql"), t.File("my.cnf"), strings.Trim(fmt.Sprint(pids), "[]"), t.Path))
	return nil
}

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

// emptyTarget makes sure that a restore overwrites nothing.
func (t *throwaway) emptyTarget(ctx context.Context, r backupd.Restore) error {
	client := management(r.Cluster)
	defer client.Close()
	nodes, err := client.Status(ctx, mgm.NodeData)
	if err != nil {
		return fmt.Errorf("ask the management servers how the data nodes are: %w", err)
	}
	if err := ready(r.Cluster, nodes); err != nil {
		return err
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
		return nil, fmt.Errorf("list the tables of the cluster: %w; ndb_show_tables needs a free [api] slot in config.ini and the way to all data nodes from here", err)
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
		return nil, errors.New("ndb_show_tables lists no table, not even those that the cluster makes itself: is an SQL node started?")
	}
	return all, nil
}

// targetTables makes the tables, unless an earlier try has. It looks again right before it does,
// because --disable-indexes would drop the indexes of tables that are there.
func (t *throwaway) targetTables(ctx context.Context, r backupd.Restore) error {
	done := t.File("tables-are-made")
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
