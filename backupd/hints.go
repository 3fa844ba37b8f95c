package backupd

import (
	"context"
	"database/sql"
	"time"

	"github.com/kagu-db/kagu/internal/statefile"
)

// A Hint is an alert that asks for something to be looked after.
type Hint struct {
	Cluster     string
	Wants       What // Taking or Proving
	Fingerprint string
	StartsAt    time.Time
	Alert       string

	First, Last time.Time // when it was received first and last; PutHints takes Last for both
	Count       int       // how often it was received
}

// PutHints keeps hints; when it returns nil they are on disk. The same alert is one row however
// often it comes, and one that was dealt with stays so.
func (c *Catalogue) PutHints(ctx context.Context, hints []Hint) error {
	return c.file.Tx(ctx, "keep what alerts ask for", func(tx *sql.Tx) error {
		for _, h := range hints {
			_, err := tx.ExecContext(ctx, `INSERT INTO hints (cluster, wants, fingerprint, starts_at, alert, first, last, count, said) VALUES (?, ?, ?, ?, ?, ?, ?, 1, '')
				ON CONFLICT (cluster, wants, fingerprint, starts_at) DO UPDATE SET last = excluded.last, count = count + 1`,
				h.Cluster, h.Wants, h.Fingerprint, h.StartsAt.UnixNano(), h.Alert, h.Last.UnixNano(), h.Last.UnixNano())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PendingHints returns what nobody has dealt with, the oldest first.
func (c *Catalogue) PendingHints(ctx context.Context) ([]Hint, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT cluster, wants, fingerprint, starts_at, alert, first, last, count FROM hints WHERE done IS NULL ORDER BY first, rowid`)
	if err != nil {
		return nil, statefile.Wrap("read what alerts ask for", err)
	}
	defer rows.Close()
	var all []Hint
	for rows.Next() {
		var h Hint
		var starts, first, last sql.NullInt64
		if err := rows.Scan(&h.Cluster, &h.Wants, &h.Fingerprint, &starts, &h.Alert, &first, &last, &h.Count); err != nil {
			return nil, statefile.Wrap("read what alerts ask for", err)
		}
		h.StartsAt, h.First, h.Last = statefile.FromNanos(starts), statefile.FromNanos(first), statefile.FromNanos(last)
		all = append(all, h)
	}
	return all, statefile.Wrap("read what alerts ask for", rows.Err())
}

// DoneHints strikes all pending hints of a cluster that want the same: one run serves them all. run
// is zero if none was begun.
func (c *Catalogue) DoneHints(ctx context.Context, cluster string, wants What, at time.Time, run int64, said string) error {
	_, err := c.db.ExecContext(ctx, `UPDATE hints SET done = ?, run = ?, said = ? WHERE done IS NULL AND cluster = ? AND wants = ?`,
		at.UnixNano(), sql.NullInt64{Int64: run, Valid: run != 0}, said, cluster, wants)
	return statefile.Wrap("strike what alerts asked for", err)
}

// Heeded returns when a run was last begun for a hint about a cluster; zero: never.
func (c *Catalogue) Heeded(ctx context.Context, cluster string) (time.Time, error) {
	var at sql.NullInt64
	err := c.db.QueryRowContext(ctx, `SELECT max(done) FROM hints WHERE cluster = ? AND run IS NOT NULL`, cluster).Scan(&at)
	return statefile.FromNanos(at), statefile.Wrap("read what alerts asked for", err)
}
