package ndb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/backupd"
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
		return t.defineAll(ctx, link, tell)
	case stepReplay:
		return t.replay(ctx, r, tell)
	case stepEmpty:
		if r.Goal == backupd.ToCluster {
			return t.awaitTarget(ctx, r, tell)
		}
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
	// What a restore that was done left in the folder is of no cluster that is to come.
	if err := os.RemoveAll(t.File(tablesMade)); err != nil {
		return err
	}
	if _, err := t.fetch(ctx, link, tell); err != nil {
		return err
	}
	files, err := readDefinitions(ctx, link)
	if err != nil {
		return err
	}
	if files[configFile], err = readAll(ctx, link.Source, configStream, maxAbout); err != nil {
		return fmt.Errorf("read the configuration of the backup: %w", err)
	}
	files[definitionsFile] = slices.Concat([]byte(findsTables), files[definitionsFile])
	for name, text := range files {
		if err := os.WriteFile(t.File(name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// defineAll carries the definitions out. A view that was broken already shall keep the rows from nobody:
// what is refused is told.
func (t *throwaway) defineAll(ctx context.Context, link backupd.Link, tell func(string)) error {
	c, err := t.definitions(ctx, link)
	if err == nil && !c.Good {
		tell(fmt.Sprintf("going on without some: %s; see %s and %s", c.Said, t.File(definitionsFile), t.File(eventsFile)))
	}
	return err
}

// fill starts the throw-away cluster and restores into it. One that was left half full is begun anew.
func (t *throwaway) fill(ctx context.Context, link backupd.Link, tell func(string)) error {
	about, err := readAbout(ctx, link.Source)
	if err == nil {
		err = errors.Join(os.RemoveAll(t.File("replayed")), t.Kill(ctx))
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
