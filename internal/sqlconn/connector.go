package sqlconn

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/inventory"
)

// session is what each new connection is set to. Servers differ in what they know, so an item
// that is refused is left out.
var session = [...]string{
	"wsrep_sync_wait=0",          // a global value of 8 makes SHOW wait for causality, for ever on a stuck node
	"lock_wait_timeout=2",        // seconds, for metadata locks; the default is a day
	"innodb_lock_wait_timeout=1", // seconds
	"wsrep_dirty_reads=ON",       // read from a node that is not primary
	"long_query_time=3600",       // seconds: keeps us out of the slow log
	"max_statement_time=10",      // seconds; MariaDB. The server stops what we no longer wait for
	"max_execution_time=10000",   // milliseconds; the same on MySQL
}

// together are those that a make of server knows all of: MariaDB, MySQL with Galera, MySQL.
var together = [...][]string{
	session[:len(session)-1],
	without("max_statement_time"),
	append(without("max_statement_time", "wsrep_"), "wait_timeout=600"), // seconds: a host of ours that vanished leaves its connections behind
}

func without(prefixes ...string) []string {
	var items []string
	for _, item := range session {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(item, p) }) {
			items = append(items, item)
		}
	}
	return items
}

// A connector opens connections and sets them up.
type connector struct {
	config   *mysql.Config // without the password and the TLS files, which are added at each connection
	password inventory.Secret
	tls      *inventory.TLS
	opened   *atomic.Uint64
	expiry   *atomic.Int64 // when the certificate ends that the newest connection was shown; 0 if it was shown none
	plain    bool          // leave the connection as the server gives it
}

func (c *connector) Driver() driver.Driver { return mysql.MySQLDriver{} }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	cfg := c.config.Clone()
	cfg.Passwd = c.password.Reveal()
	if err := encrypt(cfg, c.tls); err != nil {
		return nil, err
	}
	var expiry int64
	if cfg.TLS != nil {
		cfg.TLS.VerifyConnection = func(state tls.ConnectionState) error { // after all else was verified
			expiry = state.PeerCertificates[0].NotAfter.Unix()
			return nil
		}
	}
	dial, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	conn, err := dial.Connect(ctx)
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			return nil, errors.Join(cause, err)
		}
		return nil, err
	}
	c.opened.Add(1)
	c.expiry.Store(expiry)
	if c.plain {
		return conn, nil
	}
	if err := setUp(ctx, conn); err != nil {
		_ = conn.Close() // it is broken; err says how
		return nil, err
	}
	return conn, nil
}

// setUp sets the session in one round trip, if the server knows all items of a list. It refuses
// such a statement as a whole if it does not know one, so at last each is tried alone. Only a
// broken connection is an error.
func setUp(ctx context.Context, conn driver.Conn) error {
	exec, ok := conn.(driver.ExecerContext)
	if !ok {
		return errors.New("the driver cannot execute a statement as text")
	}
	set := func(items ...string) error {
		_, err := exec.ExecContext(ctx, tag+"SET SESSION "+strings.Join(items, ", "), nil)
		var refused *mysql.MySQLError
		if errors.As(err, &refused) {
			return errRefusedItem
		}
		return err
	}
	for _, items := range together {
		if err := set(items...); !errors.Is(err, errRefusedItem) {
			return err
		}
	}
	for _, item := range session {
		if err := set(item); err != nil && !errors.Is(err, errRefusedItem) {
			return err
		}
	}
	return nil
}

var errRefusedItem = errors.New("the server refuses a setting")
