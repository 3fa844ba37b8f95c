package journal

import (
	"context"
	"database/sql"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/statefile"
)

// A Message waits to be told to humans. It is kept until it was delivered.
type Message struct {
	ID       int64
	Incident string
	At       time.Time
	Text     string
}

func post(ctx context.Context, tx *sql.Tx, incident string, at time.Time, text string) error {
	if text == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox (incident, at, text) VALUES (?, ?, ?)`, incident, at.UnixNano(), cluster.Printable(text))
	return err
}

// Unsent returns up to a hundred messages that were not delivered, oldest first.
func (j *Journal) Unsent(ctx context.Context) ([]Message, error) {
	rows, err := j.db.QueryContext(ctx, `SELECT id, incident, at, text FROM outbox WHERE sent IS NULL ORDER BY id LIMIT 100`)
	if err != nil {
		return nil, statefile.Wrap("read messages", err)
	}
	defer rows.Close()
	var list []Message
	for rows.Next() {
		var m Message
		var at sql.NullInt64
		if err := rows.Scan(&m.ID, &m.Incident, &at, &m.Text); err != nil {
			return nil, statefile.Wrap("read messages", err)
		}
		m.At = statefile.FromNanos(at)
		list = append(list, m)
	}
	return list, statefile.Wrap("read messages", rows.Err())
}

// Sent marks a message as delivered and adds that to its incident's story.
func (j *Journal) Sent(ctx context.Context, m Message, at time.Time) error {
	return j.file.Tx(ctx, "close a message", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE outbox SET sent = ? WHERE id = ?`, at.UnixNano(), m.ID); err != nil {
			return err
		}
		return addEvents(ctx, tx, m.Incident, []Event{{At: at, Kind: "notified", Text: m.Text}})
	})
}
