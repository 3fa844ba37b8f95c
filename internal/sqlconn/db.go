package sqlconn

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/inventory"
)

// tag goes in front of each statement, so that a DBA who reads the process list knows whose it is.
const tag = "/* kagu */ "

// DB is a handle on one server. It may be used from several goroutines; they take turns.
type DB struct {
	address string
	pool    *sql.DB
	opened  atomic.Uint64
	expiry  atomic.Int64
}

// lifetime is how long a connection is kept. A new one shows the certificate and takes the
// password of now, and finds a host that has moved.
const lifetime = time.Hour

// Open returns a handle. Nothing is connected until the first query; what is wrong with the
// address, the account or the TLS files shows there. A nil tls, like TLSOff, does not encrypt.
func Open(address string, cred inventory.Credential, tls *inventory.TLS) *DB {
	cfg := mysql.NewConfig()
	cfg.Net = "tcp"
	cfg.Addr = address
	cfg.User = cred.User
	cfg.Logger = &mysql.NopLogger{} // the driver says there what it returns as an error too
	cfg.ConnectionAttributes = "program_name:kagu"
	db := &DB{address: address}
	db.pool = sql.OpenDB(&connector{config: cfg, password: cred.Password, tls: tls, opened: &db.opened, expiry: &db.expiry})
	db.pool.SetMaxOpenConns(1)
	db.pool.SetMaxIdleConns(1)
	db.pool.SetConnMaxLifetime(lifetime)
	return db
}

// Lanes lets the handle hold so many connections, for statements that wait rather than work.
func (db *DB) Lanes(n int) *DB {
	db.pool.SetMaxOpenConns(n)
	db.pool.SetMaxIdleConns(n)
	return db
}

// Close drops the connection. A query that still runs ends first.
func (db *DB) Close() error { return db.pool.Close() }

// Opened counts the connections made so far.
func (db *DB) Opened() uint64 { return db.opened.Load() }

// CertificateExpiry returns when the certificate ends that the server showed to the newest
// connection; false if that is not encrypted, or there was none.
func (db *DB) CertificateExpiry() (time.Time, bool) {
	at := db.expiry.Load()
	return time.Unix(at, 0), at != 0
}

// Each calls row for every row of a two-column answer. The slices are valid during the call
// only. A NULL is an empty slice.
func (db *DB) Each(ctx context.Context, query string, row func(key, value []byte)) error {
	var key, value sql.RawBytes
	return db.rows(ctx, query, []any{&key, &value}, func() { row(key, value) })
}

// Pairs returns a two-column answer, its keys in lower case. Of a key that comes twice the
// last one counts.
func (db *DB) Pairs(ctx context.Context, query string) (map[string]string, error) {
	pairs := make(map[string]string, 64)
	err := db.Each(ctx, query, func(key, value []byte) {
		pairs[strings.ToLower(string(key))] = string(value)
	})
	if err != nil {
		return nil, err
	}
	return pairs, nil
}

// Strings returns a one-column answer.
func (db *DB) Strings(ctx context.Context, query string) ([]string, error) {
	var (
		value sql.RawBytes
		all   []string
	)
	err := db.rows(ctx, query, []any{&value}, func() { all = append(all, string(value)) })
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Table returns an answer with any columns, a map for each row, its keys the columns' names in
// lower case. A NULL is left out of its row.
func (db *DB) Table(ctx context.Context, query string) ([]map[string]string, error) {
	var (
		all    []map[string]string
		names  []string
		values []sql.RawBytes
	)
	shape := func(columns []string) ([]any, error) {
		values = make([]sql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i, c := range columns {
			names = append(names, strings.ToLower(c))
			into[i] = &values[i]
		}
		return into, nil
	}
	err := db.query(ctx, query, shape, func() {
		row := make(map[string]string, len(names))
		for i, v := range values {
			if v != nil {
				row[names[i]] = string(v)
			}
		}
		all = append(all, row)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// rows reads an answer of as many columns as into has.
func (db *DB) rows(ctx context.Context, query string, into []any, row func()) error {
	return db.query(ctx, query, func(columns []string) ([]any, error) {
		if len(columns) != len(into) {
			return nil, fmt.Errorf("query %s: the answer has %d columns, want %d", db.address, len(columns), len(into))
		}
		return into, nil
	}, row)
}

// query reads an answer into what shape returns for its columns.
func (db *DB) query(ctx context.Context, query string, shape func(columns []string) ([]any, error), row func()) error {
	rows, err := db.pool.QueryContext(ctx, tag+query)
	if err != nil {
		return db.wrap(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return db.wrap(err)
	}
	into, err := shape(columns)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return db.wrap(err)
		}
		row()
	}
	return db.wrap(rows.Err())
}

func (db *DB) wrap(err error) error { return wrap(db.address, err) }

func wrap(address string, err error) error {
	if err == nil {
		return nil
	}
	switch kind := kindOf(err); kind {
	case nil:
		return fmt.Errorf("query %s: %w", address, err)
	case ErrDenied:
		return fmt.Errorf("query %s: %w: %w; was the account made there as kagu grants prints it, for the host this comes from, and with the password in the credential's file?", address, kind, err)
	default:
		return fmt.Errorf("query %s: %w: %w", address, kind, err)
	}
}
