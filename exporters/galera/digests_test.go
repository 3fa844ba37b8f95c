package galera

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// tables answer with rows too; no more do they know another statement.
type tables struct {
	answers
	rows map[string][]map[string]string
}

func (t tables) Table(_ context.Context, query string) ([]map[string]string, error) {
	if rows, ok := t.rows[query]; ok {
		return rows, nil
	}
	return nil, errors.New("unknown table")
}

func TestDigests(t *testing.T) {
	form := map[string]string{"db": "shop", "digest": "7d8c", "kind": "select", "count": "3", "seconds": "0.5", "errors": "1", "examined": "900", "sent": "3"}
	db := tables{
		answers{instrumentsQuery: {"performance_schema": "ON"}, metadataQuery: {}},
		map[string][]map[string]string{
			timedQuery: {
				{"event": "statement/sql/select", "count": "2", "seconds": "0.25"},
				{"event": "statement/sql/insert_select", "count": "1", "seconds": "1"},
				{"event": "statement/sql/alter_table", "count": "1", "seconds": "6"},
				{"event": "statement/com/Quit", "count": "4", "seconds": "0.5"},
			},
			digestsQuery: {form, form, {"db": "", "digest": "ba7e", "kind": "hunter2", "count": "1", "seconds": "0", "errors": "0", "examined": "0", "sent": "0"}},
		},
	}
	got := map[string]bool{}
	for _, line := range page(t, digests{db}) {
		got[line] = true
	}
	for _, want := range []string{
		`galera_instrument_enabled{instrument="performance_schema"} 1`, `galera_instrument_enabled{instrument="metadata_lock_info"} 1`,
		`galera_instrument_enabled{instrument="query_response_time"} 0`,
		`galera_timed_statements_total{kind="select"} 2`, `galera_timed_statement_seconds_total{kind="insert"} 1`,
		`galera_timed_statement_seconds_total{kind="ddl"} 6`, `galera_timed_statements_total{kind="other"} 4`, `galera_timed_statements_total{kind="commit"} 0`,
		`galera_digest_statements_total{digest="7d8c",kind="select",schema="shop"} 3`, `galera_digest_rows_examined_total{digest="7d8c",kind="select",schema="shop"} 900`,
		`galera_digest_statements_total{digest="ba7e",kind="other",schema=""} 1`,
	} {
		if !got[want] {
			t.Errorf("lacks %s: %v", want, got)
		}
	}
}

func TestAServerThatDoesNotMeasureSaysSo(t *testing.T) {
	db := bare{answers{instrumentsQuery: {"performance_schema": "OFF"}}}
	want := []string{
		`galera_instrument_enabled{instrument="metadata_lock_info"} 0`, `galera_instrument_enabled{instrument="performance_schema"} 0`,
		`galera_instrument_enabled{instrument="query_response_time"} 0`,
	}
	if diff := cmp.Diff(want, page(t, digests{db})); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// bare says of any other table what a server says that has no such one.
type bare struct{ answers }

func (b bare) Pairs(ctx context.Context, query string) (map[string]string, error) {
	if rows, err := b.answers.Pairs(ctx, query); err == nil {
		return rows, nil
	}
	return nil, fmt.Errorf("query: %w", &mysql.MySQLError{Number: 1109, Message: "Unknown table"})
}

func TestDistribution(t *testing.T) {
	count, sum, buckets := distribution(map[string]string{"   1.0": "  2  3.5", " 0.1": "7 0.25", "too long": "1 TOO LONG", "10.0": "nothing"})
	if want := []metric.Bucket{{Bound: 0.1, Count: 7}, {Bound: 1, Count: 9}}; !cmp.Equal(want, buckets) || count != 10 || sum != 3.75 {
		t.Errorf("got %d, %v, %v", count, sum, buckets)
	}
}

// A sum that goes down by its last digit is a counter's reset to Prometheus.
func TestDistributionIsTheSameEachTime(t *testing.T) {
	rows := map[string]string{"0.1": "1 0.1", "1.0": "1 0.2", "10.0": "1 0.3", "100.0": "1 36.6", "1000.0": "1 1234567.7"}
	_, first, _ := distribution(rows)
	for range 100 {
		if _, sum, _ := distribution(rows); sum != first {
			t.Fatalf("the same rows are %v and %v seconds", first, sum)
		}
	}
}

func FuzzDistribution(f *testing.F) {
	f.Add("   0.000001", "12       0.000000")
	f.Add("too long", "0 TOO LONG")
	f.Add("1e400", "18446744073709551615 -1")
	f.Fuzz(func(t *testing.T, bound, row string) {
		count, sum, buckets := distribution(map[string]string{bound: row, "1.0": "1 1.0"})
		last := metric.Bucket{Bound: math.Inf(-1)}
		for _, b := range buckets {
			if b.Bound < last.Bound || b.Count < last.Count || b.Count > count {
				t.Errorf("not ascending: %v of %d", buckets, count)
			}
			last = b
		}
		if sum < 0 {
			t.Errorf("sum %v", sum)
		}
	})
}

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which no time passes
		db := answers{clockQuery: {"utc": time.Now().UTC().Add(time.Hour).Format("2006-01-02 15:04:05.000000")}}
		var got []float64
		if err := (clock{db}).Collect(t.Context(), func(m prometheus.Metric) { got = append(got, valueOf(t, m)) }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || math.Abs(got[0]-3600) > 1e-3 || got[1] < 0 || got[1] > tripLimit.Seconds() {
			t.Errorf("got %v", got)
		}
	})
	if err := (clock{answers{clockQuery: {"utc": "noon"}}}).Collect(t.Context(), func(prometheus.Metric) { t.Error("says something") }); err == nil {
		t.Error("takes any text for a time")
	}
}

func TestWeightsAreThoseOfOneConfiguration(t *testing.T) {
	now := time.Unix(1800000000, 0)
	in := func(cluster string, conf int64) wsrep.Status {
		return wsrep.Status{ClusterUUID: cluster, ConfID: wsrep.Int{Value: conf, Known: true}}
	}
	one := wsrep.Int{Value: 1, Known: true}
	var w weights
	w.known("a", in("c", 7), one, now)
	w.known("b", in("c", 6), one, now)
	w.known("d", in("other", 7), one, now)
	w.known("e", in("c", 7), one, now.Add(-weightsFor))
	if got := w.known("f", in("c", 7), wsrep.Int{Value: 2, Known: true}, now); len(got) != 2 || got[0]+got[1] != 3 {
		t.Errorf("got %v, want those of a and f", got)
	}
	if got := w.known("g", wsrep.Status{}, one, now); got != nil {
		t.Errorf("a node in no component knows %v", got)
	}
}
