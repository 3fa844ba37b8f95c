package galera

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// digests is the collector of what the server's own instruments say of statements by their form.
// It runs apart. A form is told by its hash and its first word: what clients write into names and
// comments is theirs.
type digests struct{ db querier }

// How often the forms are read, and how many.
const (
	digestsEvery  = time.Minute
	digestsByTime = 15
	digestsByNum  = 10
)

const (
	instrumentsQuery = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('performance_schema', 'query_response_time_stats')`
	metadataQuery    = `SELECT 1, 1 FROM information_schema.METADATA_LOCK_INFO LIMIT 0` // reads nothing; who has not the plugin has no such table
	timedQuery       = `SELECT EVENT_NAME AS event, COUNT_STAR AS count, SUM_TIMER_WAIT / 1e12 AS seconds
 FROM performance_schema.events_statements_summary_global_by_event_name WHERE COUNT_STAR > 0`
)

// digestsQuery takes the forms that took most time, and those that came most often. A row without
// a digest is what found no room in the server's table. The kind is all that leaves of the text.
var digestsQuery = func() string {
	most := func(order string, n int) string {
		return fmt.Sprintf(`(SELECT COALESCE(SCHEMA_NAME, '') AS db, DIGEST AS digest, LOWER(SUBSTRING_INDEX(LEFT(DIGEST_TEXT, 16), ' ', 1)) AS kind,
 COUNT_STAR AS count, SUM_TIMER_WAIT / 1e12 AS seconds, SUM_ERRORS AS errors, SUM_ROWS_EXAMINED AS examined, SUM_ROWS_SENT AS sent
 FROM performance_schema.events_statements_summary_by_digest WHERE DIGEST IS NOT NULL ORDER BY %s DESC, DIGEST LIMIT %d)`, order, n)
	}
	return most("SUM_TIMER_WAIT", digestsByTime) + " UNION " + most("COUNT_STAR", digestsByNum)
}()

// Name returns "digests".
func (digests) Name() string { return "digests" }

// Collect emits which instruments are on, and what performance_schema says if it is.
func (c digests) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	e := emitter(emit)
	vars, err := c.db.Pairs(ctx, instrumentsQuery)
	if err != nil {
		return err
	}
	_, missing := c.db.Pairs(ctx, metadataQuery)
	if missing != nil && !isUnknownTable(missing) {
		return missing
	}
	on := wsrep.ParseBool(vars["performance_schema"]) == cluster.Yes
	e.truth(metric.GaleraInstrumentEnabled, cluster.TruthOf(on), "performance_schema")
	e.truth(metric.GaleraInstrumentEnabled, cluster.TruthOf(wsrep.ParseBool(vars["query_response_time_stats"]) == cluster.Yes), "query_response_time")
	e.truth(metric.GaleraInstrumentEnabled, cluster.TruthOf(missing == nil), "metadata_lock_info")
	if !on {
		return nil
	}
	timed, err := c.db.Table(ctx, timedQuery)
	if err != nil {
		return err
	}
	emitTimed(e, timed)
	forms, err := c.db.Table(ctx, digestsQuery)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, row := range forms {
		labels := []string{row["db"], row["digest"], first(row["kind"])}
		if key := labels[0] + "\x00" + labels[1]; seen[key] { // it grew between the two halves of the list
			continue
		} else {
			seen[key] = true
		}
		e.real(metric.GaleraDigestStatementsTotal, wsrep.ParseReal(row["count"]), labels...)
		e.real(metric.GaleraDigestSecondsTotal, wsrep.ParseReal(row["seconds"]), labels...)
		e.real(metric.GaleraDigestErrorsTotal, wsrep.ParseReal(row["errors"]), labels...)
		e.real(metric.GaleraDigestRowsExaminedTotal, wsrep.ParseReal(row["examined"]), labels...)
		e.real(metric.GaleraDigestRowsSentTotal, wsrep.ParseReal(row["sent"]), labels...)
	}
	return nil
}

// timedKinds are the kinds of the server's names for statements, after "statement/sql/". What
// begins with a word of ddl is that; all else is other.
var timedKinds = map[string]string{
	"select": "select", "insert": "insert", "insert_select": "insert", "update": "update", "update_multi": "update",
	"delete": "delete", "delete_multi": "delete", "replace": "replace", "replace_select": "replace", "call_procedure": "call",
	"begin": "begin", "commit": "commit", "rollback": "rollback",
}

var ddl = []string{"create", "alter", "drop", "rename", "truncate", "grant", "revoke", "optimize", "analyze"}

func kindOfEvent(event string) string {
	name := strings.TrimPrefix(event, "statement/sql/")
	if kind, ok := timedKinds[name]; ok && name != event {
		return kind
	}
	word, _, _ := strings.Cut(name, "_")
	if name != event && isDDL(word) {
		return "ddl"
	}
	return "other"
}

func isDDL(word string) bool {
	for _, d := range ddl {
		if d == word {
			return true
		}
	}
	return false
}

// emitTimed adds up what the server counts by some 200 names. Only the sums are rounded.
func emitTimed(e emitter, rows []map[string]string) {
	type sum struct{ count, seconds float64 }
	sums := map[string]sum{}
	for _, row := range rows {
		kind := kindOfEvent(row["event"])
		s := sums[kind]
		sums[kind] = sum{s.count + wsrep.ParseReal(row["count"]).Value, s.seconds + wsrep.ParseReal(row["seconds"]).Value}
	}
	for _, kind := range metric.GaleraTimedStatementsTotal.States {
		e(metric.GaleraTimedStatementsTotal.Sample(sums[kind].count, kind))
		e(metric.GaleraTimedStatementSecondsTotal.Sample(sums[kind].seconds, kind))
	}
}

// first makes a form's first word one of a closed list.
func first(word string) string {
	switch word {
	case "select", "insert", "update", "delete", "replace", "call", "begin", "commit", "rollback", "set", "show", "load":
		return word
	case "start":
		return "begin"
	case "with", "(":
		return "select"
	}
	if isDDL(word) {
		return "ddl"
	}
	return "other"
}
