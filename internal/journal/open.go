package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // the driver
)

// ErrInUse says that another process has the journal open.
var ErrInUse = errors.New("the journal is in use by another process")

// ErrNotFound says that no row has that ID.
var ErrNotFound = errors.New("not found")

// A Journal is an open journal. Its methods may be called from several goroutines.
type Journal struct {
	db   *sql.DB
	lock *os.File

	batches chan batch // see hints.go
	done    chan struct{}
}

// Open opens the journal in the folder dir and creates what is missing.
func Open(dir string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the journal's folder: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, "journal.lock"))
	if err != nil {
		return nil, err
	}
	j, err := open(filepath.Join(dir, "journal.db"))
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	j.lock = lock
	return j, nil
}

func open(path string) (*Journal, error) {
	pragmas := url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+pragmas.Encode())
	if err != nil {
		return nil, fmt.Errorf("open the journal %s: %w", path, err)
	}
	// One connection: SQLite has one writer anyway, and reads here are short.
	db.SetMaxOpenConns(1)
	if err := migrate(db); err != nil {
		return nil, errors.Join(fmt.Errorf("open the journal %s: %w", path, err), db.Close())
	}
	j := &Journal{db: db, batches: make(chan batch), done: make(chan struct{})}
	go j.writeHints()
	return j, nil
}

// Close waits for writes under way and closes the journal. No method may be called after it.
func (j *Journal) Close() error {
	close(j.batches)
	<-j.done
	err := j.db.Close()
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
	}
	return err
}

// Writable reports whether the journal can be written to now, by writing to it.
func (j *Journal) Writable(ctx context.Context) error {
	_, err := j.db.ExecContext(ctx, `INSERT INTO heartbeat (id, at) VALUES (1, ?)
		ON CONFLICT (id) DO UPDATE SET at = excluded.at`, time.Now().UnixNano())
	return wrap("write to the journal", err)
}

// Prune removes closed incidents with their story, finished intents and hints that are older
// than keep. What is open is never removed.
func (j *Journal) Prune(ctx context.Context, now time.Time, keep time.Duration) error {
	before := now.Add(-keep).UnixNano()
	return j.tx(ctx, "prune the journal", func(tx *sql.Tx) error {
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

func (j *Journal) tx(ctx context.Context, what string, do func(*sql.Tx) error) error {
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return wrap(what, err)
	}
	if err := do(tx); err != nil {
		return wrap(what, errors.Join(err, ignoreDone(tx.Rollback())))
	}
	return wrap(what, tx.Commit())
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return fmt.Errorf("%s: %w", what, err)
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		closing := f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, errors.Join(fmt.Errorf("lock the journal %s: %w", path, err), closing)
	}
	return f, nil
}

// Times are stored as Unix nanoseconds; NULL is the zero time.
func fromNanos(n sql.NullInt64) time.Time {
	if !n.Valid || n.Int64 == 0 {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}
