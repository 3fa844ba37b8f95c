package statefile

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

// ErrInUse says that another process has the file open.
var ErrInUse = errors.New("it is in use by another process")

// ErrNotFound says that no row has that ID.
var ErrNotFound = errors.New("not found")

// remedy is what to do about a folder that cannot be written to. systemd's StateDirectory= makes it so.
const remedy = "make it a folder of the user that runs this (chown), or name another with --storage.path"

// A File is an open state file. Its methods may be called from several goroutines.
type File struct {
	DB   *sql.DB
	lock *os.File
}

// Open opens NAME.db in the folder dir, creates what is missing and brings its tables to the
// newest schema. Migrations go from an empty or older file to the newest schema, one step a version;
// a step that was released is never changed, only followed by another.
func Open(dir, name string, migrations []string) (*File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder of the %s: %w; %s", name, err, remedy)
	}
	lock, err := lockFile(filepath.Join(dir, name+".lock"), name)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name+".db")
	pragmas := url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+pragmas.Encode())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the %s %s: %w", name, path, err), lock.Close())
	}
	// One connection: SQLite has one writer anyway, and reads here are short.
	db.SetMaxOpenConns(1)
	if err := migrate(db, migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("open the %s %s: %w", name, path, err), db.Close(), lock.Close())
	}
	return &File{DB: db, lock: lock}, nil
}

// Close closes the file and lets another process have it. No method may be called after it.
func (f *File) Close() error { return errors.Join(f.DB.Close(), f.lock.Close()) }

// Tx runs a transaction. Its error says what was being done.
func (f *File) Tx(ctx context.Context, what string, do func(*sql.Tx) error) error {
	tx, err := f.DB.BeginTx(ctx, nil)
	if err != nil {
		return Wrap(what, err)
	}
	if err := do(tx); err != nil {
		return Wrap(what, errors.Join(err, ignoreDone(tx.Rollback())))
	}
	return Wrap(what, tx.Commit())
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// Wrap says what was being done; no row becomes ErrNotFound.
func Wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return fmt.Errorf("%s: %w", what, err)
}

// FromNanos reads a time, which is stored as Unix nanoseconds; NULL is the zero time.
func FromNanos(n sql.NullInt64) time.Time {
	if !n.Valid || n.Int64 == 0 {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}

func lockFile(path, name string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the %s: %w; %s", name, err, remedy)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		closing := f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = fmt.Errorf("%w: end that one first, or give this one a folder of its own with --storage.path", ErrInUse)
		}
		return nil, errors.Join(fmt.Errorf("lock the %s %s: %w", name, path, err), closing)
	}
	return f, nil
}

func migrate(db *sql.DB, migrations []string) error {
	var version int
	if err := db.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return fmt.Errorf("read its version: %w", err)
	}
	if version > len(migrations) {
		return fmt.Errorf("it was written by a newer release (schema %d, this one knows %d): run that release", version, len(migrations))
	}
	for i := version; i < len(migrations); i++ {
		// PRAGMA user_version takes no parameter; i is ours.
		step := fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT;", migrations[i], i+1)
		if _, err := db.Exec(step); err != nil {
			return fmt.Errorf("bring it to schema %d: %w", i+1, err)
		}
	}
	return nil
}
