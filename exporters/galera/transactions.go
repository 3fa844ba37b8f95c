package galera

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// transactions is the collector of who waits for whom.
type transactions struct{ look *look }

// transactionsQuery is first, because the server refuses it without PROCESS, where the list of
// threads is merely cut to our own. InnoDB says the time of the system's zone, whatever that of
// the session. We put its rows and the threads together ourselves: the table PROCESSLIST has
// columns that make the server write it to a file in tmpdir each time, whatever is selected.
const transactionsQuery = `SELECT trx_mysql_thread_id AS thread, trx_rows_modified AS modified,
 UNIX_TIMESTAMP(CONVERT_TZ(trx_started, 'SYSTEM', @@SESSION.time_zone)) AS began FROM information_schema.INNODB_TRX`

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
	open, err := c.look.db.Table(ctx, transactionsQuery)
	if err != nil {
		return err
	}
	seen, err := c.look.readThreads(ctx)
	if err != nil {
		return err
	}
	oldest, modified := ofClients(open, seen)
	e.real(metric.GaleraInnodbOldestTransactionStartTimestampSeconds, oldest)
	e.number(metric.GaleraInnodbTransactionRowsModifiedMax, modified)
	e.real(metric.GaleraOldestQueryStartTimestampSeconds, seen.oldestQuery())

	threads := seen.count()
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

// ofClients returns when the oldest of the transactions began that are clients', and how many
// rows the largest has changed. The threads of replication are no clients; a transaction without
// a thread ended since, or is prepared and waits for nobody.
func ofClients(open []map[string]string, seen threads) (oldest wsrep.Real, modified wsrep.Int) {
	byID := seen.byID()
	for _, row := range open {
		of, ok := byID[row["thread"]]
		if !ok || of.user == replicates {
			continue
		}
		if began := wsrep.ParseReal(row["began"]); began.Known && (!oldest.Known || began.Value < oldest.Value) {
			oldest = began
		}
		if rows := wsrep.ParseInt(row["modified"]); rows.Known && (!modified.Known || rows.Value > modified.Value) {
			modified = rows
		}
	}
	return oldest, modified
}
