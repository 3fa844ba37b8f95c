package galera

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// checkers is how many sessions look at tables at once.
const checkers = 2

// each calls do for every table that holds rows, with some sessions at once, and tells how far it
// is. lock guards what do writes to.
func (s *spare) each(ctx context.Context, tables []table, names string, p backupd.Proof, do func(ctx context.Context, sql *sqlconn.Session, t table, lock sync.Locker) error) error {
	queue := make(chan table, len(tables))
	for _, t := range tables {
		if t.holds() {
			queue <- t
		}
	}
	close(queue)
	another := p.Count(len(queue), "tables")
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	for range checkers {
		g.Go(func() error {
			sql, err := s.connect(ctx, forLong...)
			if err != nil {
				return err
			}
			defer sql.Close()
			if err := sql.Exec(ctx, "SET NAMES "+names); err != nil {
				return err
			}
			for t := range queue {
				if err := do(ctx, sql, t, &mu); err != nil {
					return err
				}
				another()
			}
			return nil
		})
	}
	return g.Wait()
}

// whole lets the server check every table: all pages of all indexes with their checksums.
func (s *spare) whole(ctx context.Context, p backupd.Proof, tables []table) (backupd.Check, error) {
	var bad []string
	good := 0
	err := s.each(ctx, tables, "utf8mb4", p, func(ctx context.Context, sql *sqlconn.Session, t table, lock sync.Locker) error {
		rows, err := sql.Texts(ctx, "CHECK TABLE "+t.String())
		if err != nil {
			return fmt.Errorf("check %s: %w", t, err)
		}
		lock.Lock()
		defer lock.Unlock()
		last := rows[len(rows)-1] // table, what was done, kind, text
		if last[2] == "status" && last[3] == "OK" {
			good++
			return nil
		}
		bad = append(bad, fmt.Sprintf("%s (%s)", t, last[3]))
		return nil
	})
	return backupd.Check{Name: "CHECK TABLE", Good: len(bad) == 0, Said: fmt.Sprintf("%d tables are whole", good) + some(", damaged", bad)}, err
}

// same reads every table of which the manifest knows rows and checksum, in the way in which they
// were made.
func (s *spare) same(ctx context.Context, p backupd.Proof, tables []table) ([]backupd.Check, error) {
	want := map[[2]string]backupd.Table{}
	for _, t := range p.Links[len(p.Links)-1].Manifest.Content {
		if t.Rows != nil {
			want[[2]string{t.Schema, t.Name}] = t
		}
	}
	if len(want) == 0 {
		return nil, nil
	}
	var rows, sums []string
	var good int
	var read int64
	err := s.each(ctx, tables, "binary", p, func(ctx context.Context, sql *sqlconn.Session, t table, lock sync.Locker) error {
		w, known := want[[2]string{t.schema, t.name}]
		if !known {
			return nil
		}
		err := sql.Exec(ctx, "START TRANSACTION READ ONLY")
		if err != nil {
			return err
		}
		e, err := readChunk(ctx, sql, t, "", func([]byte) error { return nil })
		if err != nil {
			return err
		}
		lock.Lock()
		defer lock.Unlock()
		read += e.rows
		switch {
		case e.rows != *w.Rows:
			rows = append(rows, fmt.Sprintf("%s has %d of %d", t, e.rows, *w.Rows))
		case sumText(e.sum) != w.Sum:
			sums = append(sums, t.String())
		default:
			good++
		}
		return nil
	})
	return []backupd.Check{
		{Name: "rows", Good: len(rows) == 0, Said: fmt.Sprintf("%d rows counted", read) + some(", wrong", rows)},
		{Name: "checksums", Good: len(sums) == 0, Said: fmt.Sprintf("%d of %d tables are the same", good, len(want)) + some(", different", sums)},
	}, err
}

// answers asks a query of the user's own.
func answers(ctx context.Context, sql *sqlconn.Session, q inventory.ContentCheck) backupd.Check {
	c := backupd.Check{Name: "query: " + q.Query}
	if len(c.Name) > 120 {
		c.Name = strings.ToValidUTF8(c.Name[:120], "") + "…"
	}
	rows, err := sql.Texts(ctx, q.Query)
	switch {
	case err != nil:
		c.Said = err.Error()
	case len(rows) != 1 || len(rows[0]) != 1:
		c.Said = fmt.Sprintf("it has an answer of %d rows, want one value", len(rows))
	case rows[0][0] != q.Want:
		c.Said = fmt.Sprintf("%q, want %q", rows[0][0], q.Want)
	default:
		c.Good, c.Said = true, rows[0][0]
	}
	return c
}
