package galera

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A moment is some sessions that all see the same state of a server, and what that state is.
type moment struct {
	define   *sqlconn.Session   // reads definitions; it sees the present
	sessions []*sqlconn.Session // each in a snapshot
	tables   []table
	position backupd.Position
	server   string
}

// forLong is what a session needs that reads for hours and is at times not read from.
var forLong = []string{
	"max_statement_time=0", "net_write_timeout=86400", "net_read_timeout=86400", "wait_timeout=86400", "wsrep_sync_wait=0",
	"time_zone='+00:00'", "sql_mode=''", "sql_quote_show_create=1",
}

// lockPatience is how long commits may be kept waiting for the moment, in seconds, and lockTries how
// often it is tried: a long statement must not make everybody wait behind us.
const (
	lockPatience = 5
	lockTries    = 20
)

// takeMoment opens n sessions on one snapshot. On a server with BACKUP STAGE, commits wait for
// the time that n short statements take, and reads do not wait at all.
func takeMoment(ctx context.Context, address string, c inventory.Cluster, schemas []string, n int) (_ *moment, err error) {
	cred := c.Backup.Credential
	m := &moment{}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if m.define, err = sqlconn.Connect(ctx, address, cred, c.TLS, forLong...); err != nil {
		return nil, err
	}
	if err := m.define.Exec(ctx, "SET NAMES utf8mb4"); err != nil {
		return nil, err
	}
	for range n {
		s, err := sqlconn.Connect(ctx, address, cred, c.TLS, forLong...)
		if err != nil {
			return nil, err
		}
		m.sessions = append(m.sessions, s)
		for _, statement := range []string{"SET NAMES binary", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"} {
			if err := s.Exec(ctx, statement); err != nil {
				return nil, err
			}
		}
	}
	version, err := m.define.Texts(ctx, "SELECT VERSION()")
	if err != nil {
		return nil, err
	}
	m.server = version[0][0]
	if m.tables, err = readTables(ctx, m.define, schemas); err != nil {
		return nil, err
	}
	// A definition that changes just when the snapshots begin would be read as it was and its
	// rows as they are; so the tables are listed before and after.
	for range 5 {
		if err := m.lockAndBegin(ctx); err != nil {
			return nil, err
		}
		after, err := readTables(ctx, m.define, schemas)
		if err != nil {
			return nil, err
		}
		same := len(changed(m.tables, after)) == 0
		m.tables = after
		if same {
			return m, nil
		}
	}
	return nil, errors.New("definitions change all the time: take the backup when no migration runs")
}

// lockAndBegin lets all sessions begin their snapshot while nothing is committed.
func (m *moment) lockAndBegin(ctx context.Context) (err error) {
	lock := m.define
	for try := 1; ; try++ {
		err = lockCommits(ctx, lock)
		if err == nil {
			break
		}
		var said *mysql.MySQLError
		if _ = lock.Exec(ctx, "BACKUP STAGE END"); try == lockTries || !errors.As(err, &said) || said.Number != 1205 { // not a wait that was too long
			return fmt.Errorf("hold commits for the moment of the snapshot (a statement that changes rows runs for long?): %w", err)
		}
		select {
		case <-time.After(time.Duration(try) * time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	defer func() {
		err = errors.Join(err, lock.Exec(ctx, "BACKUP STAGE END")) // if that fails the connection is gone, and the lock with it
	}()
	for _, s := range m.sessions {
		if err := s.Exec(ctx, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"); err != nil {
			return fmt.Errorf("begin a snapshot: %w", err)
		}
	}
	m.position, err = readPosition(ctx, lock)
	return err
}

func lockCommits(ctx context.Context, lock *sqlconn.Session) error {
	for _, s := range []string{
		fmt.Sprintf("SET SESSION lock_wait_timeout=%d", lockPatience),
		"BACKUP STAGE START", "BACKUP STAGE FLUSH", "BACKUP STAGE BLOCK_DDL", "BACKUP STAGE BLOCK_COMMIT",
	} {
		if err := lock.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// readPosition reads where a server is. Nothing must be committed meanwhile.
func readPosition(ctx context.Context, sql *sqlconn.Session) (backupd.Position, error) {
	var p backupd.Position
	binlog, err := sql.Texts(ctx, "SHOW MASTER STATUS")
	if err != nil {
		return p, fmt.Errorf("read the position of the binary log: %w", err)
	}
	if len(binlog) == 1 {
		p.File = binlog[0][0]
		if p.Offset, err = strconv.ParseUint(binlog[0][1], 10, 64); err != nil {
			return p, fmt.Errorf("read the position of the binary log: %w", err)
		}
		gtid, err := sql.Texts(ctx, "SELECT @@GLOBAL.gtid_binlog_pos")
		if err != nil {
			return p, fmt.Errorf("read the position of the binary log: %w", err)
		}
		p.GTID = gtid[0][0]
	}
	err = sql.Rows(ctx, "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_state_uuid', 'wsrep_last_committed')", func(v []driver.Value) error {
		name, _ := v[0].([]byte)
		value, _ := v[1].([]byte)
		switch string(name) {
		case "wsrep_cluster_state_uuid":
			p.UUID = string(value)
		case "wsrep_last_committed":
			p.Seqno, _ = strconv.ParseInt(string(value), 10, 64) // a server without Galera says nothing
		}
		return nil
	})
	if p.UUID == "" || p.Seqno < 0 {
		p.UUID, p.Seqno = "", 0
	}
	return p, err
}

func (m *moment) close() {
	for _, s := range append([]*sqlconn.Session{m.define}, m.sessions...) {
		if s != nil {
			_ = s.Close() // it was read from only, and what it held ends with it
		}
	}
}
