package galera

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// locks is the collector of who blocks whom. While nobody waits, which the status and the list
// of threads tell, it asks nothing: the tables of locks are dear to read on a busy server.
type locks struct{ look *look }

// rowLockWaits is the status variable that says whether somebody waits for a row.
const rowLockWaits = "innodb_row_lock_current_waits"

// The waits and who is in them. InnoDB says the time of the system's zone. A blocker without a
// thread is replication, or a prepared XA transaction.
const (
	rowWaitsQuery = `SELECT w.requesting_trx_id AS waits, w.blocking_trx_id AS holds,
 UNIX_TIMESTAMP(CONVERT_TZ(r.trx_wait_started, 'SYSTEM', @@SESSION.time_zone)) AS since,
 UNIX_TIMESTAMP(CONVERT_TZ(b.trx_started, 'SYSTEM', @@SESSION.time_zone)) AS began, b.trx_mysql_thread_id AS thread
 FROM information_schema.INNODB_LOCK_WAITS w
 JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id
 JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id LIMIT 10000`
	metadataLocksQuery = `SELECT THREAD_ID AS thread, LOCK_MODE AS mode, LOCK_TYPE AS type, TABLE_SCHEMA AS db, TABLE_NAME AS name,
 UNIX_TIMESTAMP(SYSDATE(3)) - LOCK_TIME_MS / 1000 AS began FROM information_schema.METADATA_LOCK_INFO LIMIT 10000`
)

// Name returns "locks".
func (locks) Name() string { return "locks" }

// Collect emits, for either kind of lock, how long somebody waits and who is the cause.
func (c locks) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	s, err := c.look.readStatus(ctx)
	if err != nil {
		return err
	}
	seen, err := c.look.readThreads(ctx)
	if err != nil {
		return err
	}
	e := emitter(emit)
	if wsrep.ParseInt(s.vars[rowLockWaits]).Value > 0 {
		rows, err := c.look.db.Table(ctx, rowWaitsQuery)
		if err != nil && !isUnknownTable(err) { // MySQL 8 keeps them elsewhere
			return err
		}
		rowBlockage(withClients(rows, seen)).emit(e, "row")
	}
	waits := metadataWaits(seen)
	if len(waits) == 0 {
		return nil
	}
	held, err := c.look.db.Table(ctx, metadataLocksQuery)
	if err != nil && !isUnknownTable(err) { // the plugin is not loaded, and nobody knows who holds what
		return err
	}
	metadataBlockage(waits, withClients(held, seen)).emit(e, "metadata")
	return nil
}

// withClients adds to rows that name a thread whose it is.
func withClients(rows []map[string]string, seen threads) []map[string]string {
	byID := seen.byID()
	for _, row := range rows {
		if t, ok := byID[row["thread"]]; ok {
			row["user"], row["host"] = t.user, t.host
		}
	}
	return rows
}

// metadataWaits are the threads that wait for a metadata lock.
func metadataWaits(seen threads) (waits threads) {
	for _, t := range seen {
		if strings.Contains(t.state, metadataLock) {
			waits = append(waits, t)
		}
	}
	return waits
}

// isUnknownTable tells whether the server has no such table in information_schema.
func isUnknownTable(err error) bool {
	var said *mysql.MySQLError
	return errors.As(err, &said) && said.Number == 1109
}

// A blockage is what is known of those who wait for one kind of lock.
type blockage struct {
	oldest   wsrep.Real // since when the one waits who waits longest
	known    bool       // blockers and worst are
	blockers int
	worst    blocker
}

// A blocker is a session that others wait for.
type blocker struct {
	thread, user, host string
	began              wsrep.Real
	waiters            int
}

func (b blockage) emit(e emitter, lock string) {
	e.real(metric.GaleraLockOldestWaitStartTimestampSeconds, b.oldest, lock)
	if !b.known || b.blockers == 0 {
		return
	}
	e(metric.GaleraLockBlockers.Sample(float64(b.blockers), lock))
	e.info(metric.GaleraLockBlockerInfo, lock, b.worst.thread, b.worst.user, client(b.worst.host))
	e(metric.GaleraLockBlockerWaiters.Sample(float64(b.worst.waiters), lock))
	e.real(metric.GaleraLockBlockerStartTimestampSeconds, b.worst.began, lock)
}

// client is a host without the port, which is another one at each connection.
func client(host string) string {
	if at := strings.LastIndexByte(host, ':'); at > 0 && wsrep.ParseInt(host[at+1:]).Known {
		return host[:at]
	}
	return host
}

// worse tells whether a is a worse blocker than b: more wait for it, or it is older.
func worse(a, b blocker) bool {
	switch {
	case a.waiters != b.waiters:
		return a.waiters > b.waiters
	case a.began.Known != b.began.Known:
		return a.began.Known
	case a.began.Value != b.began.Value:
		return a.began.Value < b.began.Value
	}
	return a.thread < b.thread
}

func (b *blockage) add(of blocker) {
	b.known = true
	if b.blockers++; b.blockers == 1 || worse(of, b.worst) {
		b.worst = of
	}
}

// waited takes the time since when somebody waits.
func (b *blockage) waited(since wsrep.Real) {
	if since.Known && (!b.oldest.Known || since.Value < b.oldest.Value) {
		b.oldest = since
	}
}

// rowBlockage finds the transactions that others wait for and that wait for none, in a list of
// who waits for whom. One who waits is counted for all behind whom it stands, through others too.
func rowBlockage(rows []map[string]string) blockage {
	var b blockage
	behind := map[string][]string{} // who waits for this one
	waits := map[string]bool{}
	holders := map[string]blocker{}
	for _, row := range rows {
		b.waited(wsrep.ParseReal(row["since"]))
		behind[row["holds"]] = append(behind[row["holds"]], row["waits"])
		waits[row["waits"]] = true
		holders[row["holds"]] = blocker{thread: row["thread"], user: row["user"], host: row["host"], began: wsrep.ParseReal(row["began"])}
	}
	for id, holder := range holders {
		if waits[id] {
			continue
		}
		seen := map[string]bool{id: true}
		for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
			for _, next := range behind[queue[0]] {
				if !seen[next] {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
		holder.waiters = len(seen) - 1
		b.add(holder)
	}
	return b
}

// metadataBlockage finds the sessions whose locks those wait for who wait for a metadata lock. The
// server lists only what is held. A schema change holds a weak lock on its table before it waits
// for the strong one, so first the others who hold that table are taken; if no waiter holds a
// table, those who hold one in a schema that a waiter has announced itself in; and if none has,
// those who hold a lock that admits no other.
func metadataBlockage(waits threads, held []map[string]string) blockage {
	var b blockage
	waiting := map[string]bool{}
	for _, t := range waits {
		waiting[t.id] = true
		b.waited(t.since)
	}
	tables, schemas := map[string]bool{}, map[string]bool{}
	table := func(row map[string]string) string { return row["db"] + "\x00" + row["name"] }
	for _, row := range held {
		switch {
		case !waiting[row["thread"]]:
		case row["type"] == tableLock:
			tables[table(row)] = true
		case row["type"] == schemaLock:
			schemas[row["db"]] = true
		}
	}
	is := func(row map[string]string) bool { return slices.Contains(exclusive, row["mode"]) }
	if len(tables) > 0 {
		is = func(row map[string]string) bool { return row["type"] == tableLock && tables[table(row)] }
	} else if len(schemas) > 0 {
		is = func(row map[string]string) bool { return row["type"] == tableLock && schemas[row["db"]] }
	}
	found := map[string]blocker{}
	for _, row := range held {
		id := row["thread"]
		if waiting[id] || !is(row) {
			continue
		}
		of := blocker{thread: id, user: row["user"], host: row["host"], began: wsrep.ParseReal(row["began"]), waiters: len(waiting)}
		if was, ok := found[id]; !ok || worse(of, was) {
			found[id] = of
		}
	}
	for _, of := range found {
		b.add(of)
	}
	return b
}

// What the server calls locks.
const (
	tableLock  = "Table metadata lock"
	schemaLock = "Schema metadata lock"
)

// exclusive are the modes that admit no other, or no other that writes.
var exclusive = []string{"MDL_EXCLUSIVE", "MDL_SHARED_NO_READ_WRITE", "MDL_SHARED_NO_WRITE", "MDL_BACKUP_FTWRL1", "MDL_BACKUP_FTWRL2"}
