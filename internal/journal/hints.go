package journal

import (
	"context"
	"database/sql"
	"time"

	"github.com/kagu-db/kagu/internal/statefile"
)

// A Hint is an alert as far as it matters here: where to look, and since when.
type Hint struct {
	Cluster     string
	Node        string // "" if the alert named none
	Alert       string
	Fingerprint string
	StartsAt    time.Time
	Resolved    bool

	First, Last time.Time // when it was received first and last; Put takes Last for both
	Count       int       // how often it was received
}

type batch struct {
	hints []Hint
	wrote chan error
}

// PutHints stores hints and returns once they are on disk. The same alert (cluster,
// fingerprint and start) is one row however often it comes; one that was resolved stays
// resolved. Calls that come at the same time share one write to the disk.
func (j *Journal) PutHints(ctx context.Context, hints []Hint) error {
	b := batch{hints: hints, wrote: make(chan error, 1)}
	select {
	case j.batches <- b:
	case <-ctx.Done():
		return statefile.Wrap("store hints", ctx.Err())
	}
	select {
	case err := <-b.wrote:
		return err
	case <-ctx.Done():
		return statefile.Wrap("store hints", ctx.Err())
	}
}

// writeHints commits what has gathered since the last commit, so that a storm of webhooks
// costs as many writes as the disk can do and not one for each.
func (j *Journal) writeHints() {
	defer close(j.done)
	for first := range j.batches {
		waiting := []batch{first}
	gather:
		for len(waiting) < 256 {
			select {
			case b, open := <-j.batches:
				if !open {
					break gather
				}
				waiting = append(waiting, b)
			default:
				break gather
			}
		}
		err := j.commitHints(waiting)
		for _, b := range waiting {
			b.wrote <- err
		}
	}
}

func (j *Journal) commitHints(waiting []batch) error {
	ctx := context.Background() // the webhook may be gone; the hint is kept all the same
	return j.file.Tx(ctx, "store hints", func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, `
			INSERT INTO hints (cluster, node, alert, fingerprint, starts_at, resolved, first, last, count, pending)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 1)
			ON CONFLICT (cluster, fingerprint, starts_at) DO UPDATE SET
				resolved = max(resolved, excluded.resolved), last = excluded.last, count = count + 1, pending = 1`)
		if err != nil {
			return err
		}
		for _, b := range waiting {
			for _, h := range b.hints {
				at := h.Last.UnixNano()
				if _, err := put.ExecContext(ctx, h.Cluster, h.Node, h.Alert, h.Fingerprint, h.StartsAt.UnixNano(), h.Resolved, at, at); err != nil {
					return err
				}
			}
		}
		return put.Close()
	})
}

// PendingHints returns the hints of a cluster that nobody has dealt with, oldest first.
func (j *Journal) PendingHints(ctx context.Context, cluster string) ([]Hint, error) {
	rows, err := j.db.QueryContext(ctx, `
		SELECT cluster, node, alert, fingerprint, starts_at, resolved, first, last, count
		FROM hints WHERE pending = 1 AND cluster = ? ORDER BY id`, cluster)
	if err != nil {
		return nil, statefile.Wrap("read hints", err)
	}
	defer rows.Close()
	var hints []Hint
	for rows.Next() {
		var h Hint
		var starts, first, last sql.NullInt64
		if err := rows.Scan(&h.Cluster, &h.Node, &h.Alert, &h.Fingerprint, &starts, &h.Resolved, &first, &last, &h.Count); err != nil {
			return nil, statefile.Wrap("read hints", err)
		}
		h.StartsAt, h.First, h.Last = statefile.FromNanos(starts), statefile.FromNanos(first), statefile.FromNanos(last)
		hints = append(hints, h)
	}
	return hints, statefile.Wrap("read hints", rows.Err())
}

// DoneHints marks the hints of a cluster received up to that moment as dealt with: all of
// them, or those only whose alert was resolved.
func (j *Journal) DoneHints(ctx context.Context, cluster string, upTo time.Time, resolvedOnly bool) error {
	_, err := j.db.ExecContext(ctx, `UPDATE hints SET pending = 0 WHERE pending = 1 AND cluster = ? AND last <= ? AND (resolved = 1 OR NOT ?)`,
		cluster, upTo.UnixNano(), resolvedOnly)
	return statefile.Wrap("close hints", err)
}
