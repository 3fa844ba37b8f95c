package journal

import (
	"context"
	"database/sql"
	"time"

	"github.com/kagu-db/kagu/internal/statefile"
)

// ErrNotFound says that no row has that ID.
var ErrNotFound = statefile.ErrNotFound

// A Journal is an open journal. Its methods may be called from several goroutines.
type Journal struct {
	file *statefile.File
	db   *sql.DB // of the file

	batches chan batch // see hints.go
	done    chan struct{}
}

// Open opens the journal in the folder dir and creates what is missing.
func Open(dir string) (*Journal, error) {
	file, err := statefile.Open(dir, "journal", migrations)
	if err != nil {
		return nil, err
	}
	j := &Journal{file: file, db: file.DB, batches: make(chan batch), done: make(chan struct{})}
	go j.writeHints()
	return j, nil
}

// Close waits for writes under way and closes the journal. No method may be called after it.
func (j *Journal) Close() error {
	close(j.batches)
	<-j.done
	return j.file.Close()
}

// Writable reports whether the journal can be written to now, by writing to it.
func (j *Journal) Writable(ctx context.Context) error {
	_, err := j.db.ExecContext(ctx, `INSERT INTO heartbeat (id, at) VALUES (1, ?)
		ON CONFLICT (id) DO UPDATE SET at = excluded.at`, time.Now().UnixNano())
	return statefile.Wrap("write to the journal", err)
}

// Prune removes closed incidents with their story, finished intents and hints that are older
// than keep. What is open is never removed.
func (j *Journal) Prune(ctx context.Context, now time.Time, keep time.Duration) error {
	before := now.Add(-keep).UnixNano()
	return j.file.Tx(ctx, "prune the journal", func(tx *sql.Tx) error {
		for _, q := range []string{
			`DELETE FROM steps WHERE intent IN (SELECT id FROM intents WHERE finished < ?)`,
			`DELETE FROM intents WHERE finished < ?`,
			`DELETE FROM incidents WHERE closed < ? AND id NOT IN (SELECT incident FROM intents)`,
			`DELETE FROM hints WHERE pending = 0 AND last < ?`,
			`DELETE FROM outbox WHERE sent < ?`,
		} {
			if _, err := tx.ExecContext(ctx, q, before); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM events WHERE incident NOT IN (SELECT id FROM incidents)`)
		return err
	})
}
