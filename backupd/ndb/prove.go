package ndb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/scratch"
)

// Prove restores a backup into a throw-away cluster, looks at it, and removes the cluster.
func (k *Kind) Prove(ctx context.Context, p backupd.Proof) (e backupd.Evidence, err error) {
	if err := scratch.Sweep(ctx, p.Scratch.Dir); err != nil { // what a killed proof left
		return e, fmt.Errorf("clear away what an earlier proof left: %w", err)
	}
	t, err := newThrowaway(p.Dir, false, p.Scratch)
	if err != nil {
		return e, err
	}
	defer func() {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyFor)
		defer cancel()
		err = errors.Join(err, t.db.close(), t.Remove(after))
	}()
	return t.prove(ctx, p)
}

func (t *throwaway) prove(ctx context.Context, p backupd.Proof) (e backupd.Evidence, err error) {
	e.Seconds = map[string]float64{}
	stage := func(name, detail string, do func() error) error {
		p.Tell(name, detail)
		begun := time.Now()
		err := do()
		e.Seconds[name] += time.Since(begun).Seconds()
		return err
	}
	defer func() { // whatever was found: a cluster that is no more says nothing of a backup
		if (err != nil || !e.Good()) && ctx.Err() == nil {
			if gone := t.gone(ctx); gone != nil {
				err = errors.Join(gone, err)
			}
		}
	}()
	link := p.Links[len(p.Links)-1]
	var about About
	err = stage("fetch", "the parts of the data nodes", func() (err error) {
		about, err = t.fetch(ctx, link, func(detail string) { p.Tell("fetch", detail) })
		return err
	})
	if err != nil {
		return e, err
	}
	err = stage("start", "a throw-away cluster on this machine", func() error { return t.begin(ctx, link, about) })
	if err != nil {
		return e, err
	}
	if e.Server, err = t.db.value(ctx, "SELECT VERSION()"); err != nil {
		return e, fmt.Errorf("ask for the version of the throw-away cluster: %w", err)
	}
	var back restored
	err = stage("restore", "tables, rows and indexes", func() (err error) {
		back, err = t.restore(ctx, link, about)
		return err
	})
	if ctx.Err() != nil {
		return e, context.Cause(ctx)
	}
	if scratch.Killed(err) {
		return e, scratch.FromOutside(err)
	}
	if err != nil { // the cluster is there: that the restore failed is what was to be found out
		e.Checks = append(e.Checks, backupd.Check{Name: "ndb_restore", Said: err.Error()})
		return e, nil
	}
	e.Checks = append(e.Checks, backupd.Check{
		Name: "ndb_restore", Good: true,
		Said: fmt.Sprintf("%d rows and %d changes restored, all indexes and foreign keys built", back.rows, back.changes),
	})
	err = stage("define", "views, routines, triggers, events and accounts", func() error {
		c, err := t.definitions(ctx, link)
		e.Checks = append(e.Checks, c)
		return err
	})
	if err != nil {
		return e, err
	}
	err = stage("check", "tables, rows, checksums and queries", func() error {
		checks, err := t.check(ctx, link.Manifest, p)
		e.Checks = append(e.Checks, checks...)
		return err
	})
	return e, err
}

// fetch unpacks what is needed of a backup.
func (t *throwaway) fetch(ctx context.Context, link backupd.Link, tell func(detail string)) (About, error) {
	if link.Manifest.Method != backupd.Native {
		return About{}, fmt.Errorf("backup %s was taken as %s, not as %s", link.Manifest.ID, link.Manifest.Method, backupd.Native)
	}
	about, err := readAbout(ctx, link.Source)
	if err == nil {
		err = unpack(ctx, link, about.Nodes, t.File("parts"), tell)
	}
	return about, err
}

// begin starts the cluster, as large as the backup needs it, and makes the schemas.
func (t *throwaway) begin(ctx context.Context, link backupd.Link, about About) error {
	config, err := readAll(ctx, link.Source, configStream, maxAbout)
	if err != nil {
		return fmt.Errorf("read the configuration of the backup: %w", err)
	}
	if err := t.up(ctx, sizeOf(about, config)); err != nil {
		return err
	}
	for _, s := range about.Schemas {
		if err := t.db.do(ctx, s); err != nil {
			return fmt.Errorf("make the schemas: %w", err)
		}
	}
	return nil
}

// restore brings tables and rows back, and lets the SQL node know of them.
func (t *throwaway) restore(ctx context.Context, link backupd.Link, about About) (restored, error) {
	nodes, err := nodesOf(link.Manifest)
	if err != nil {
		return restored{}, err
	}
	r := t.restorer(link.Manifest.Position.Backup, nodes)
	if err := r.tables(ctx); err != nil {
		return restored{}, err
	}
	back, err := r.data(ctx)
	if err != nil {
		return back, err
	}
	if err := errors.Join(r.indexes(ctx), r.epoch(ctx)); err != nil {
		return back, err
	}
	return back, t.learn(ctx, link.Manifest.Content)
}

// learn makes the SQL node look for tables that it has not made itself, and waits until it has
// those of the backup.
func (t *throwaway) learn(ctx context.Context, want []backupd.Table) error {
	if err := t.db.do(ctx, "SET GLOBAL ndb_metadata_sync = ON"); err != nil {
		return fmt.Errorf("let the SQL node find the tables: %w", err)
	}
	deadline := time.Now().Add(5 * time.Minute)
	for {
		on, err := t.db.value(ctx, "SELECT @@GLOBAL.ndb_metadata_sync")
		if err != nil {
			return fmt.Errorf("let the SQL node find the tables: %w", err)
		}
		if on == "0" || time.Now().After(deadline) { // it is over; what is missing is for the check to tell
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (t *throwaway) definitions(ctx context.Context, link backupd.Link) (backupd.Check, error) {
	c := backupd.Check{Name: "definitions"}
	scripts, err := readDefinitions(ctx, link)
	if err != nil {
		return c, err
	}
	refused, err := t.define(ctx, slices.Concat(scripts[definitionsFile], []byte("\n"), scripts[eventsFile]))
	if err != nil {
		return c, err
	}
	c.Good, c.Said = len(refused) == 0, "views, routines, triggers, events, accounts and grants are made"
	if !c.Good {
		c.Said = fmt.Sprintf("%d statements are refused, the first: %s", len(refused), refused[0])
	}
	return c, nil
}
