package galera

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/scratch"
)

// Prove restores a chain into a scratch server and looks at what came back.
func (k Kind) Prove(ctx context.Context, p backupd.Proof) (e backupd.Evidence, err error) {
	e.Seconds = map[string]float64{}
	to := tell(p.Tell)
	timed := func(stage, detail string, do func() error) error {
		to(stage, detail)
		begun := time.Now()
		defer func() { e.Seconds[stage] += time.Since(begun).Seconds() }()
		return do()
	}
	if err := fault(p.Links); err != nil {
		return e, err
	}
	if err := scratch.Sweep(ctx, p.Scratch.Dir); err != nil { // what a killed proof left
		return e, err
	}
	s, err := newSpare(ctx, p.Dir, p.Scratch, false)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, s.remove()) }()
	e.Server = s.version
	var looked []backupd.Check
	s.beforeStart = func(c config) error {
		if on := c["innodb_encrypt_tables"]; on != "" && on != "OFF" {
			return nil // innochecksum cannot read them; the server can
		}
		return timed(stageCheck, "every page", func() error {
			pages, err := s.pages(ctx, p)
			looked = append(looked, pages)
			return err
		})
	}
	if err := s.restore(ctx, p.Links, timed); err != nil {
		against, err := s.judge(ctx, err)
		if !against {
			return e, err
		}
		e.Checks = append(looked, backupd.Check{Name: "it can be restored", Said: err.Error()})
		return e, nil
	}
	err = timed(stageCheck, s.version, func() error {
		checks, err := s.checks(ctx, p, to)
		e.Checks = append(looked, checks...)
		return err
	})
	if err != nil {
		var against bool
		if against, err = s.judge(ctx, err); against {
			e.Checks = append(e.Checks, backupd.Check{Name: "it can be read", Said: err.Error()})
			return e, nil
		}
	}
	return e, err
}

// judge says whether an error speaks against the backup, and what there is to say of it. It does if
// a program of MariaDB refused the backup or failed over it, not for want of room, and if nobody
// ended that program. A server that has ended is the reason for whatever a client of it says.
func (s *spare) judge(ctx context.Context, err error) (against bool, why error) {
	if ctx.Err() != nil || errors.Is(err, backupd.ErrDamaged) || errors.Is(err, errEmpty) {
		return false, err
	}
	cause := err
	if how := s.gone(ctx); how != nil {
		cause, err = how, fmt.Errorf("the scratch server ended (%w): %w; the end of its log:\n%s", how, err, s.said())
	}
	if scratch.Killed(cause) {
		return false, scratch.FromOutside(err)
	}
	var fs syscall.Statfs_t
	room := syscall.Statfs(s.dir, &fs) == nil && fs.Bavail*uint64(fs.Bsize) > 64<<20
	return room && scratch.Failed(cause), err
}

// checks looks at the content of a restored server.
func (s *spare) checks(ctx context.Context, p backupd.Proof, to func(stage, detail string)) ([]backupd.Check, error) {
	m := p.Links[len(p.Links)-1].Manifest
	sql, err := s.connect(ctx, forLong...)
	if err != nil {
		return nil, err
	}
	defer sql.Close()
	if err := sql.Exec(ctx, "SET NAMES utf8mb4"); err != nil {
		return nil, err
	}
	tables, err := readTables(ctx, sql, nil)
	if err != nil {
		return nil, err
	}
	all := []backupd.Check{present(m, tables)}
	to(stageCheck, "every table")
	whole, err := s.whole(ctx, p, tables)
	if err != nil {
		return nil, err
	}
	all = append(all, whole)
	to(stageCheck, "rows and checksums")
	content, err := s.same(ctx, p, tables)
	if err != nil {
		return nil, err
	}
	all = append(all, content...)
	if p.Cluster.Backup != nil {
		for _, q := range p.Cluster.Backup.Checks {
			all = append(all, answers(ctx, sql, q))
		}
	}
	for i := range all {
		all[i].Said = cluster.Printable(all[i].Said)
	}
	return all, nil
}

// present compares what a manifest lists with what came back.
func present(m backupd.Manifest, tables []table) backupd.Check {
	there := map[[2]string]bool{}
	for _, t := range tables {
		there[[2]string{t.schema, t.name}] = true
	}
	var missing []string
	for _, t := range m.Content {
		if !there[[2]string{t.Schema, t.Name}] {
			missing = append(missing, t.Schema+"."+t.Name)
		}
	}
	c := backupd.Check{Name: "tables are there", Good: len(missing) == 0}
	c.Said = fmt.Sprintf("%d of %d", len(m.Content)-len(missing), len(m.Content)) + some(" missing", missing)
	return c
}

// some lists the first few of a list, "" if it is empty.
func some(what string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	text := what + ":"
	for i, item := range list {
		if i == 5 {
			return fmt.Sprintf("%s and %d more", text, len(list)-i)
		}
		text += " " + item
	}
	return text
}
