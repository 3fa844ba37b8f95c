package galera

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

func names(collectors []exporters.Collector) string {
	var all []string
	for _, c := range collectors {
		all = append(all, c.Name())
	}
	return strings.Join(all, " ")
}

func TestSwitches(t *testing.T) {
	for _, c := range []struct {
		name     string
		switches Switches
		asked    []string
		want     string
		err      string
	}{
		{name: "defaults", want: "status variables drift view streaming workload transactions latency locks replication tls clock"},
		{name: "one off", switches: Switches{"drift": false}, want: "status variables view streaming workload transactions latency locks replication tls clock"},
		{name: "one on", switches: Switches{"status.window-stats": true}, want: "status status.window-stats variables drift view streaming workload transactions latency locks replication tls clock"},
		{name: "one asked for", asked: []string{"view"}, want: "view"},
		{name: "in our order", asked: []string{"variables", "status"}, want: "status variables"},
		{name: "on demand: not without being asked for", asked: []string{"members"}, want: "members"},
		{name: "what was switched off is not to be had", switches: Switches{"view": false}, asked: []string{"view"}, err: `no collector "view", or it is switched off; there are accounts, allowlist, binlog, clock, digests, drift, host, latency, locks, members, replication, schema, status, status.window-stats, streaming, tls, transactions, variables, workload`},
		{name: "one that there is not", asked: []string{"colour"}, err: `no collector "colour"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := target{db: recorded{"mariadb-10.11"}, switches: c.switches}.look(c.asked)
			if (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
				t.Fatalf("got %v, want %s", err, c.err)
			}
			if diff := cmp.Diff(c.want, names(got)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// What the catalogue says of a family's collector and cost is what the sources say.
func TestTheCatalogueKnowsTheCollectors(t *testing.T) {
	costs := map[string]metric.Cost{}
	for _, s := range Sources() {
		costs[s.Name] = s.Cost
	}
	for _, f := range metric.Galera() {
		if cost, ok := costs[f.Collector]; !ok || cost != f.Cost {
			t.Errorf("%s is of collector %q at %q; that one costs %q", f, f.Collector, f.Cost, cost)
		}
	}
	of := map[string]string{}
	for _, f := range metric.Galera() {
		of[f.Desc().String()] = f.Collector
	}
	for _, fixture := range []string{"mariadb-10.11", "pxc-8.0", "unsafe-lan"} {
		all := everything()
		all["clock"] = false // it asks for the time, which nobody recorded
		collectors, err := target{db: recorded{fixture}, shown: nothing, switches: all}.look(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range collectors {
			err := c.Collect(t.Context(), func(m prometheus.Metric) {
				if want := of[m.Desc().String()]; want != c.Name() {
					t.Errorf("%s emits a family of %q: %s", c.Name(), want, m.Desc())
				}
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// nothing is the certificate of a connection that shows none.
func nothing() (time.Time, bool) { return time.Time{}, false }

// denied refuses the tables, as a server does without the grant.
type denied struct{ recorded }

func (d denied) Pairs(ctx context.Context, query string) (map[string]string, error) {
	if strings.HasPrefix(query, "SELECT") {
		return nil, fmt.Errorf("query: %w: SELECT command denied", sqlconn.ErrGrant)
	}
	return d.recorded.Pairs(ctx, query)
}

func (d denied) Table(context.Context, string) ([]map[string]string, error) {
	return nil, fmt.Errorf("query: %w: denied", sqlconn.ErrGrant)
}

func TestAMissingGrantIsNamed(t *testing.T) {
	collectors, err := target{db: denied{recorded{"mariadb-10.11"}}, switches: Switches{"clock": false, "tls": false, "latency": false}}.look(nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range collectors {
		if err := c.Collect(t.Context(), func(prometheus.Metric) {}); err != nil {
			got[c.Name()] = err.Error()
		}
	}
	want := map[string]string{
		"view": "query: a grant is missing: SELECT command denied; it needs GRANT SELECT ON mysql.wsrep_cluster, GRANT SELECT ON mysql.wsrep_cluster_members " +
			"(`kagu grants galera-exporter` prints the SQL; --no-collector.view does without)",
		"transactions": "query: a grant is missing: denied; it needs GRANT PROCESS ON *.* " +
			"(`kagu grants galera-exporter` prints the SQL; --no-collector.transactions does without)",
		"streaming": "query: a grant is missing: SELECT command denied; it needs GRANT SELECT ON mysql.wsrep_streaming_log " +
			"(`kagu grants galera-exporter` prints the SQL; --no-collector.streaming does without)",
		"locks": "query: a grant is missing: denied; it needs GRANT PROCESS ON *.* " +
			"(`kagu grants galera-exporter` prints the SQL; --no-collector.locks does without)",
		"replication": "query: a grant is missing: denied; it needs GRANT REPLICA MONITOR ON *.* " +
			"(`kagu grants galera-exporter` prints the SQL; --no-collector.replication does without)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestADeadServerIsAskedOnce(t *testing.T) {
	asked := 0
	collectors, err := target{db: asking(func() { asked++ })}.look(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range collectors {
		if err := c.Collect(t.Context(), func(prometheus.Metric) {}); err == nil {
			t.Errorf("%s succeeds", c.Name())
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

type asking func()

func (a asking) Pairs(context.Context, string) (map[string]string, error) {
	a()
	return nil, errors.New("refused")
}

func (a asking) Table(context.Context, string) ([]map[string]string, error) {
	a()
	return nil, errors.New("refused")
}

func TestViewFingerprint(t *testing.T) {
	of := func(rows map[string]string) (all []float64) {
		c := view{rowsOf(rows)}
		if err := c.Collect(t.Context(), func(m prometheus.Metric) { all = append(all, valueOf(t, m)) }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	base := of(map[string]string{"c": "7", "a": "c", "b": "c"})
	if len(base) != 1 || base[0] <= 0 || base[0] >= 1<<52 || base[0] != float64(int64(base[0])) {
		t.Errorf("%v is not 52 bits", base)
	}
	for name, other := range map[string]map[string]string{
		"another view": {"c": "8", "a": "c", "b": "c"}, "a member less": {"c": "7", "a": "c"}, "another member": {"c": "7", "a": "c", "d": "c"},
	} {
		if got := of(other); cmp.Equal(got, base) {
			t.Errorf("%s has the same fingerprint", name)
		}
	}
	if got := of(nil); got != nil {
		t.Errorf("a server without a view has one: %v", got)
	}
}

type rowsOf map[string]string

func (r rowsOf) Pairs(context.Context, string) (map[string]string, error) { return r, nil }

func TestNormal(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"YES", "ON"}, {"no", "OFF"}, {" TOI ", "toi"}, {"STRICT_TRANS_TABLES,ANSI", "ANSI,STRICT_TRANS_TABLES"},
	} {
		if normal(c.a) != normal(c.b) {
			t.Errorf("%q and %q are told apart", c.a, c.b)
		}
	}
	if normal("TOI") == normal("RSU") {
		t.Error("TOI and RSU are not told apart")
	}
}
