package galera

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// The streams of a logical backup, in the order in which they are loaded: definitions that rows
// need, rows, and definitions that need them. Each is SQL for the client mariadb.
const (
	streamBefore = "before.sql"
	streamAfter  = "after.sql"
)

func streamOfRows(lane int) string { return fmt.Sprintf("rows-%d.sql", lane) }

// lanes is how many sessions read at once, each into a stream of its own.
const lanes = 4

// takeLogical writes the rows of one moment as SQL, and adds up a checksum of each table on the way.
func (k Kind) takeLogical(ctx context.Context, t backupd.Take) (facts backupd.Facts, err error) {
	n, err := k.donor(ctx, t)
	if err != nil {
		return facts, err
	}
	undo, err := desync(ctx, t, n)
	if err != nil {
		return facts, err
	}
	defer func() { err = errors.Join(err, undo()) }()
	t.Tell("snapshot", "on "+n.Name)
	m, err := takeMoment(ctx, n.SQL, t.Cluster, t.Job.Schemas, lanes)
	if err != nil {
		return facts, err
	}
	defer m.close()
	facts = backupd.Facts{
		Origin:   backupd.Origin{Nodes: []string{n.Name}, Server: m.server, Tool: "kagu"},
		Position: m.position, Content: content(m.tables),
	}
	d := &definitions{ctx: ctx, sql: m.define, tables: m.tables, some: t.Job.Schemas}
	if err := define(ctx, t.Sink, streamBefore, d, d.before); err != nil {
		return facts, err
	}
	t.Tell("read", fmt.Sprintf("%d tables of %s", len(m.tables), n.Name))
	if err := m.rows(ctx, t.Sink, facts.Content); err != nil {
		return facts, ddl(err)
	}
	if err := define(ctx, t.Sink, streamAfter, d, d.after); err != nil {
		return facts, err
	}
	after, err := readTables(ctx, m.define, t.Job.Schemas)
	if err != nil {
		return facts, err
	}
	facts.Content = slices.DeleteFunc(facts.Content, func(t backupd.Table) bool { // noted, and nothing that could come back
		return slices.ContainsFunc(m.tables, func(o table) bool { return o.unusable() && o.schema == t.Schema && o.name == t.Name })
	})
	facts.Notes = append(d.notes, changed(m.tables, after)...)
	return facts, nil
}

// define writes one stream of definitions.
func define(ctx context.Context, sink backupd.Sink, name string, d *definitions, write func() error) error {
	return toStream(ctx, sink, name, func(w io.Writer) error {
		d.to = w
		return write()
	})
}

// toStream writes a stream through a buffer. A stream that failed is not closed: what it holds is
// no part of a backup.
func toStream(ctx context.Context, sink backupd.Sink, name string, write func(io.Writer) error) error {
	out, err := sink.Stream(ctx, name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 64<<10)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return out.Close()
}

// rows reads all chunks with all sessions, and fills in what each table held.
func (m *moment) rows(ctx context.Context, sink backupd.Sink, found []backupd.Table) error {
	all, err := chunks(ctx, m.sessions[0], m.tables, chunkSize)
	if err != nil {
		return err
	}
	queue := make(chan chunk, len(all))
	for _, c := range all {
		queue <- c
	}
	close(queue)
	var mu sync.Mutex
	sums := make([]uint64, len(m.tables))
	rows := make([]int64, len(m.tables))
	g, ctx := errgroup.WithContext(ctx)
	for lane, sql := range m.sessions {
		g.Go(func() error {
			return toStream(ctx, sink, streamOfRows(lane), func(w io.Writer) error {
				if _, err := io.WriteString(w, preambleOfRows); err != nil {
					return err
				}
				for c := range queue {
					e, err := readChunk(ctx, sql, m.tables[c.table], c.where, func(p []byte) error { _, err := w.Write(p); return err })
					if err != nil {
						return err
					}
					mu.Lock()
					sums[c.table] += e.sum
					rows[c.table] += e.rows
					mu.Unlock()
				}
				return nil
			})
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, t := range m.tables {
		if t.holds() {
			found[i].Rows, found[i].Sum = &rows[i], sumText(sums[i])
		}
	}
	return nil
}

// readChunk writes rows of a table as statements. The savepoint lets go of the table when it is
// read: a change of its definition need not wait for the end of the backup.
func readChunk(ctx context.Context, sql *sqlconn.Session, t table, where string, write func([]byte) error) (*encoder, error) {
	e := newEncoder(t.schema, t.name, t.columns, write)
	query := "SELECT SQL_NO_CACHE " + selection(t.columns) + " FROM " + t.String()
	if where != "" {
		query += " WHERE " + where
	}
	err := sql.Exec(ctx, "SAVEPOINT kagu")
	if err == nil {
		err = e.read(ctx, sql, query)
	}
	if err == nil {
		err = e.flush()
	}
	if err == nil {
		err = sql.Exec(ctx, "ROLLBACK TO SAVEPOINT kagu")
	}
	if err != nil {
		return nil, fmt.Errorf("read the rows of %s: %w", t, err)
	}
	return e, nil
}

// read writes all rows of an answer, by the cheapest way that the session has.
func (e *encoder) read(ctx context.Context, sql *sqlconn.Session, query string) error {
	if ok, err := sql.Packets(ctx, query, e.packet); ok {
		return err
	}
	return sql.Rows(ctx, query, e.row)
}

// ddl says what is behind an error that a change of definitions brings.
func ddl(err error) error {
	var said *mysql.MySQLError
	if errors.As(err, &said) {
		switch said.Number {
		case 1412, 1146, 1049, 1054, 1213, 1317: // altered, dropped, deadlock and interrupted by a DDL of the cluster
			return fmt.Errorf("the definition of a table changed while it was read, so this backup is not one moment's: take it again when no migration runs: %w", err)
		}
	}
	return err
}
