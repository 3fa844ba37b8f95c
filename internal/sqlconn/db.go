package sqlconn

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"

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
}

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
	db.pool = sql.OpenDB(&connector{config: cfg, password: cred.Password, tls: tls, opened: &db.opened})
	db.pool.SetMaxOpenConns(1)
	db.pool.SetMaxIdleConns(1)
	return db
}

// Close drops the connection. A query that still runs ends first.
func (db *DB) Close() error { return db.pool.Close() }

// Opened counts the connections made so far.
func (db *DB) Opened() uint64 { return db.opened.Load() }

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

func (db *DB) rows(ctx context.Context, query string, into []any, row func()) error {
	rows, err := db.pool.QueryContext(ctx, tag+query)
	if err != nil {
		return db.wrap(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return db.wrap(err)
	}
	if len(columns) != len(into) {
		return fmt.Errorf("query %s: the answer has %d columns, want %d", db.address, len(columns), len(into))
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return db.wrap(err)
		}
		row()
	}
	return db.wrap(rows.Err())
}

func (db *DB) wrap(err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("query %s: %w: %w", db.address, kind, err)
	}
	return fmt.Errorf("query %s: %w", db.address, err)
}
