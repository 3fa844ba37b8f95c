package sqlconn

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/inventory"
)

// A Session is one connection that is neither set to wait for nothing nor ever replaced: for who
// holds a lock, a snapshot or a long answer. One goroutine uses it at a time. An error of the
// connection ends it for good, and with it what it held.
type Session struct {
	address string
	conn    driver.Conn
	wire    *wire
}

// Connect opens a session. An address that begins with a slash is a socket. The settings are
// items of SET SESSION; a server that refuses one is refused.
func Connect(ctx context.Context, address string, cred inventory.Credential, tls *inventory.TLS, settings ...string) (*Session, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User = "tcp", address, cred.User
	if strings.HasPrefix(address, "/") {
		cfg.Net, tls = "unix", nil // nobody listens in between
	}
	cfg.Logger = &mysql.NopLogger{}
	cfg.ConnectionAttributes = "program_name:kagu"
	c := &connector{config: cfg, password: cred.Password, tls: tls, opened: &atomic.Uint64{}, expiry: &atomic.Int64{}, plain: true}
	var under net.Conn
	cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		var err error
		under, err = dialer.DialContext(ctx, network, address)
		return under, err
	}
	conn, err := c.Connect(ctx)
	if err != nil {
		return nil, wrap(address, err)
	}
	s := &Session{address: address, conn: conn}
	if c.expiry.Load() == 0 { // no certificate was shown: it is not encrypted
		s.wire = &wire{conn: under, in: bufio.NewReaderSize(under, wireBuffer)}
	}
	if len(settings) > 0 {
		if err := s.Exec(ctx, "SET SESSION "+strings.Join(settings, ", ")); err != nil {
			_ = s.Close() // err says why
			return nil, err
		}
	}
	return s, nil
}

// Close ends the session and all that it held.
func (s *Session) Close() error { return s.conn.Close() }

// Exec carries out a statement.
func (s *Session) Exec(ctx context.Context, statement string) error {
	_, err := s.conn.(driver.ExecerContext).ExecContext(ctx, tag+statement, nil)
	return wrap(s.address, err)
}

// Rows calls row for each row of an answer. What row gets is valid during the call only: nil,
// []byte, int64, uint64, float32 or float64, as the driver reads the column. An error of row ends
// the session's use of the answer, and is returned as it is.
func (s *Session) Rows(ctx context.Context, query string, row func([]driver.Value) error) error {
	rows, err := s.conn.(driver.QueryerContext).QueryContext(ctx, tag+query, nil)
	if err != nil {
		return wrap(s.address, err)
	}
	values := make([]driver.Value, len(rows.Columns()))
	for {
		err := rows.Next(values)
		switch {
		case errors.Is(err, io.EOF):
			return wrap(s.address, rows.Close())
		case err != nil:
			_ = rows.Close() // err says what happened
			if cause := ctx.Err(); cause != nil {
				err = errors.Join(cause, err)
			}
			return wrap(s.address, err)
		}
		if err := row(values); err != nil {
			_ = s.conn.Close() // the rest of the answer is not waited for
			return err
		}
	}
}

// Columns returns the names of the columns of an answer, whose rows are not looked at.
func (s *Session) Columns(ctx context.Context, query string) ([]string, error) {
	rows, err := s.conn.(driver.QueryerContext).QueryContext(ctx, tag+query, nil)
	if err != nil {
		return nil, wrap(s.address, err)
	}
	names := slices.Clone(rows.Columns())
	return names, wrap(s.address, rows.Close())
}

// Texts returns an answer as text. A NULL is "".
func (s *Session) Texts(ctx context.Context, query string) ([][]string, error) {
	var all [][]string
	err := s.Rows(ctx, query, func(values []driver.Value) error {
		row := make([]string, len(values))
		for i, v := range values {
			switch v := v.(type) {
			case nil:
			case []byte:
				row[i] = string(v)
			default:
				row[i] = fmt.Sprint(v)
			}
		}
		all = append(all, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Name quotes a name of a schema, table or column.
func Name(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
