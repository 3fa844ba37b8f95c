package backupd

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/statefile"
)

// Looked reports whether there may be records of what was found of a backup. Of a piece of a binary
// log there are some only if it was put together from others: the rest is far too many.
func (m Manifest) Looked() bool { return m.Method != Binlog || m.Merged > 0 }

func addPiece(ctx context.Context, tx *sql.Tx, cluster string, p Piece) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO pieces (cluster, id, begun, ended, node, from_file, from_offset, to_file, to_offset, newest, plain, stored, fresh, merged, mark)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		cluster, p.ID, p.Begun.UnixNano(), p.Ended.UnixNano(), p.Node, p.From.File, int64(p.From.Offset), p.To.File, int64(p.To.Offset), nanos(p.Newest),
		p.Plain, p.Stored, p.Fresh, p.Merged, p.Mark)
	return err
}

// nanos is 0 for the zero time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

const pieceColumns = `SELECT id, begun, ended, node, from_file, from_offset, to_file, to_offset, newest, plain, stored, fresh, merged, mark,
	(SELECT group_concat(store) FROM (SELECT store FROM copies c WHERE c.cluster = p.cluster AND c.id = p.id ORDER BY store)) FROM pieces p `

// Pieces returns the archived pieces of the binary logs of a cluster, the oldest first.
func (c *Catalogue) Pieces(ctx context.Context, cluster string) ([]Piece, error) {
	return c.pieces(ctx, cluster, `WHERE cluster = ? ORDER BY begun, id`, cluster)
}

// NewestPiece returns the newest one; nil: there is none.
func (c *Catalogue) NewestPiece(ctx context.Context, cluster string) (*Piece, error) {
	all, err := c.pieces(ctx, cluster, `WHERE cluster = ? ORDER BY begun DESC, id DESC LIMIT 1`, cluster)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// Lacking returns the pieces that one store has and another lacks, the oldest first.
func (c *Catalogue) Lacking(ctx context.Context, cluster, has, lacks string) ([]Piece, error) {
	const in = `(SELECT 1 FROM copies c WHERE c.cluster = p.cluster AND c.id = p.id AND c.store = ?)`
	return c.pieces(ctx, cluster, `WHERE cluster = ? AND EXISTS `+in+` AND NOT EXISTS `+in+` ORDER BY begun, id`, cluster, has, lacks)
}

func (c *Catalogue) pieces(ctx context.Context, cluster, which string, args ...any) ([]Piece, error) {
	records, err := c.pieceRecords(ctx, cluster)
	if err != nil {
		return nil, statefile.Wrap("read the archived binary logs", err)
	}
	rows, err := c.db.QueryContext(ctx, pieceColumns+which, args...)
	if err != nil {
		return nil, statefile.Wrap("read the archived binary logs", err)
	}
	defer rows.Close()
	var all []Piece
	// The same few words come again and again: they are kept once.
	words, lists := map[string]string{}, map[string][]string{}
	once := func(s *string) {
		if w, found := words[*s]; found {
			*s = w
			return
		}
		words[*s] = *s
	}
	for rows.Next() {
		var p Piece
		var begun, ended, newest, from, to int64
		var stores sql.NullString
		if err := rows.Scan(&p.ID, &begun, &ended, &p.Node, &p.From.File, &from, &p.To.File, &to, &newest, &p.Plain, &p.Stored, &p.Fresh, &p.Merged, &p.Mark, &stores); err != nil {
			return nil, statefile.Wrap("read the archived binary logs", err)
		}
		p.Begun, p.Ended, p.From.Offset, p.To.Offset = time.Unix(0, begun).UTC(), time.Unix(0, ended).UTC(), uint64(from), uint64(to)
		p.Newest = statefile.FromNanos(sql.NullInt64{Int64: newest, Valid: true})
		for _, word := range []*string{&p.Node, &p.From.File, &p.To.File} {
			once(word)
		}
		if stores.Valid && lists[stores.String] == nil {
			lists[stores.String] = strings.Split(stores.String, ",")
		}
		p.Stores = lists[stores.String]
		p.looked(records[p.ID])
		all = append(all, p)
	}
	return all, statefile.Wrap("read the archived binary logs", rows.Err())
}

// pieceRecords returns what was found of pieces, by ID.
func (c *Catalogue) pieceRecords(ctx context.Context, cluster string) (map[string]Entry, error) {
	found := map[string]Entry{}
	err := c.each(ctx, `SELECT cluster, id, record FROM records WHERE cluster = ?
		AND EXISTS (SELECT 1 FROM pieces p WHERE p.cluster = records.cluster AND p.id = records.id) ORDER BY ended`, cluster, func(key [2]string, text string) error {
		var r Record
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return fmt.Errorf("read what is noted of %s: %w", key[1], err)
		}
		e := found[key[1]]
		e.Records = append(e.Records, r)
		found[key[1]] = e
		return nil
	})
	return found, err
}

// Archived sums up the binary logs of a cluster for who asks every few seconds.
type Archived struct {
	Newest time.Time        // of the newest transaction; zero: none is known
	Held   map[string]int64 // bytes in each store
}

// Archived sums up what is archived, by cluster.
func (c *Catalogue) Archived(ctx context.Context) (map[string]Archived, error) {
	all := map[string]Archived{}
	rows, err := c.db.QueryContext(ctx, `SELECT cluster, store, coalesce((SELECT max(newest) FROM pieces p WHERE p.cluster = held.cluster), 0), bytes FROM held`)
	if err != nil {
		return nil, statefile.Wrap("sum up the archived binary logs", err)
	}
	defer rows.Close()
	for rows.Next() {
		var cluster, store string
		var newest, held int64
		if err := rows.Scan(&cluster, &store, &newest, &held); err != nil {
			return nil, statefile.Wrap("sum up the archived binary logs", err)
		}
		a, found := all[cluster]
		if !found {
			a.Held = map[string]int64{}
		}
		if at := statefile.FromNanos(sql.NullInt64{Int64: newest, Valid: true}); at.After(a.Newest) {
			a.Newest = at
		}
		a.Held[store] = held
		all[cluster] = a
	}
	return all, statefile.Wrap("sum up the archived binary logs", rows.Err())
}
