package galera

import (
	"context"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// transactions is the collector of who waits for whom. It sees no statement's text.
type transactions struct{ look *look }

// transactionsQuery is first, because the server refuses it without PROCESS, where the list of
// threads is merely cut to our own. The threads of replication are not clients. InnoDB says the
// time of the system's zone, whatever that of the session.
const (
	transactionsQuery = `SELECT 'start', UNIX_TIMESTAMP(CONVERT_TZ(MIN(t.trx_started), 'SYSTEM', @@SESSION.time_zone)) FROM information_schema.INNODB_TRX t
 JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id WHERE p.USER <> 'system user'
 UNION ALL SELECT 'rows', MAX(t.trx_rows_modified) FROM information_schema.INNODB_TRX t
 JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id WHERE p.USER <> 'system user'
 UNION ALL SELECT 'query', UNIX_TIMESTAMP() - MAX(TIME) FROM information_schema.PROCESSLIST
 WHERE COMMAND IN ('Query', 'Execute') AND USER NOT IN ('system user', 'event_scheduler') AND ID <> CONNECTION_ID()`
	threadsQuery = `SELECT CONCAT(USER = 'system user', ' ', COALESCE(STATE, '')), COUNT(*)
 FROM information_schema.PROCESSLIST GROUP BY 1`
)

// waits tell what a thread waits for by a part of its state, in lower case. Servers say it in
// different words; the first that fits counts.
var waits = []struct{ part, reason string }{
	{"waiting for toi ddl", "toi"},
	{"acquiring total order isolation", "toi"},
	{"waiting to execute in isolation", "isolation"},
	{"waiting for flow control", "flow_control"},
	{"waiting for certification", "certification"},
	{"wsrep: initiating replication", "certification"},
	{"wsrep: initiating pre-commit", "certification"},
	{"wsrep: committing", "commit"},
}

const metadataLock = "waiting for table metadata lock"

// applierIdle is the state of an applier that has nothing to do.
const applierIdle = "applier idle"

// Name returns "transactions".
func (transactions) Name() string { return "transactions" }

// Collect emits the oldest, the largest, and how many threads wait for what.
func (c transactions) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	e := emitter(emit)
	s, err := c.look.readStatus(ctx)
	if err != nil {
		return err
	}
	oldest, err := c.look.db.Pairs(ctx, transactionsQuery)
	if err != nil {
		return err
	}
	e.real(metric.GaleraInnodbOldestTransactionStartTimestampSeconds, wsrep.ParseReal(oldest["start"]))
	e.number(metric.GaleraInnodbTransactionRowsModifiedMax, wsrep.ParseInt(oldest["rows"]))
	e.real(metric.GaleraOldestQueryStartTimestampSeconds, wsrep.ParseReal(oldest["query"]))

	states, err := c.look.readThreads(ctx)
	if err != nil {
		return err
	}
	threads := countThreads(states)
	for _, reason := range metric.GaleraWsrepWaitingThreads.States {
		e(metric.GaleraWsrepWaitingThreads.Sample(float64(threads.waiting[reason]), reason))
	}
	// What a busy applier says has no pattern, and other threads are the server's own too.
	if s.Appliers.Known {
		idle := min(threads.idle, s.Appliers.Value)
		e(metric.GaleraApplierThreads.Sample(float64(idle), "idle"))
		e(metric.GaleraApplierThreads.Sample(float64(s.Appliers.Value-idle), "busy"))
	}
	e(metric.GaleraMetadataLockWaiters.Sample(float64(threads.metadata)))
	return nil
}

// threads are counts of threads by what they do.
type threads struct {
	waiting        map[string]int64 // by reason
	idle, metadata int64
}

// countThreads sorts the states, whose keys are "1 state" for the server's own threads and
// "0 state" for clients.
func countThreads(states map[string]string) threads {
	t := threads{waiting: map[string]int64{}}
	for key, count := range states {
		own, state, _ := strings.Cut(strings.ToLower(key), " ")
		n := wsrep.ParseInt(count).Value
		for _, w := range waits {
			if strings.Contains(state, w.part) {
				t.waiting[w.reason] += n
				break
			}
		}
		if strings.Contains(state, metadataLock) {
			t.metadata += n
		}
		if own == "1" && strings.Contains(state, applierIdle) {
			t.idle += n
		}
	}
	return t
}
