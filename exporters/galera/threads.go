package galera

import (
	"context"
	"strings"

	"github.com/kagu-db/kagu/internal/wsrep"
)

// How the threads are read. SHOW PROCESSLIST is answered as the server walks its threads. The
// table of that name is first written to a file in tmpdir, and a MariaDB (10.11.14) that cannot
// open that file again dies. The first 100 characters of each statement come along, which SHOW
// cannot leave out; they are dropped here and reach no collector.
const (
	threadsQuery = "SHOW PROCESSLIST"
	ownQuery     = "SELECT CONNECTION_ID() AS thread, UNIX_TIMESTAMP() AS now"
)

// The users that are the server itself. The first replicates, and does other work of its own.
const (
	replicates = "system user"
	schedules  = "event_scheduler"
)

// A thread is a row of the list of threads.
type thread struct {
	id, user, host, command string
	state                   string // in lower case
	since                   wsrep.Real
}

// threads are those of one moment, without our own.
type threads []thread

// listThreads takes the rows of the list, and who and when it is.
func listThreads(rows []map[string]string, own string, now wsrep.Real) threads {
	all := make(threads, 0, len(rows))
	for _, row := range rows {
		if row["id"] == own {
			continue
		}
		t := thread{id: row["id"], user: row["user"], host: row["host"], command: row["command"], state: strings.ToLower(row["state"]), since: now}
		t.since.Value -= float64(wsrep.ParseInt(row["time"]).Value) // of one that began in this second, the server may say no time
		all = append(all, t)
	}
	return all
}

// readThreads lists the threads, once in a look.
func (l *look) readThreads(ctx context.Context) (threads, error) {
	return l.threads.get(func() (threads, error) {
		own, err := l.db.Table(ctx, ownQuery)
		if err != nil {
			return nil, err
		}
		rows, err := l.db.Table(ctx, threadsQuery)
		if err != nil {
			return nil, err
		}
		var me map[string]string
		if len(own) > 0 {
			me = own[0]
		}
		return listThreads(rows, me["thread"], wsrep.ParseReal(me["now"])), nil
	})
}

func (all threads) byID() map[string]*thread {
	of := make(map[string]*thread, len(all))
	for i := range all {
		of[all[i].id] = &all[i]
	}
	return of
}

// oldestQuery returns when the oldest statement began that a client runs.
func (all threads) oldestQuery() (oldest wsrep.Real) {
	for _, t := range all {
		if t.user == replicates || t.user == schedules || t.command != "Query" && t.command != "Execute" {
			continue
		}
		if t.since.Known && (!oldest.Known || t.since.Value < oldest.Value) {
			oldest = t.since
		}
	}
	return oldest
}

// A tally counts threads by what they do.
type tally struct {
	waiting        map[string]int64 // by reason
	idle, metadata int64
}

// count sorts the threads by their states.
func (all threads) count() tally {
	n := tally{waiting: map[string]int64{}}
	for _, t := range all {
		for _, w := range waits {
			if strings.Contains(t.state, w.part) {
				n.waiting[w.reason]++
				break
			}
		}
		if strings.Contains(t.state, metadataLock) {
			n.metadata++
		}
		if t.user == replicates && strings.Contains(t.state, applierIdle) {
			n.idle++
		}
	}
	return n
}
