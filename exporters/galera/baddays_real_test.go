package galera_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/needs"
)

var tables = flag.Int("tables", 200, "how many tables the schema has; 20,000 take minutes to make")

// TestBadDays gives a real cluster what an exporter meets on bad days, beside what TestOnARealCluster
// shows of servers that are frozen, killed and without a quorum.
func TestBadDays(t *testing.T) {
	l := labtest.Up(t, lab.Options{Nodes: 2})
	for _, g := range galera.Grants(galera.Switches{"schema": true}.On()) {
		run(t, l, "n1", "GRANT "+g.String()+" TO '"+lab.MonitorUser+"'@'127.%'")
	}
	cluster := clusterName(t, l)
	fleet, url := exporterOf(t, l)

	t.Run("promtool check metrics is silent on our page", func(t *testing.T) {
		promtool := needs.Program(t, "promtool", "prometheus")
		text, _ := probe(t, url, cluster+"/n1", "8")
		cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%v\n%s", err, out)
		}
	})

	t.Run("a hundred scrapes at once are all told the state, over connections that are as few as ever", func(t *testing.T) {
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				text, _ := probe(t, url, cluster+"/n1", "20")
				if !strings.Contains(text, "\ngalera_up 1\n") {
					t.Errorf("not up:\n%s", text)
				}
			})
		}
		all.Wait()
		const most = "SELECT IF(COUNT(*) <= 2, 1, (SELECT 1 UNION SELECT 2)) FROM information_schema.PROCESSLIST WHERE USER = '" + lab.MonitorUser + "'"
		if lacks := settled(t, func() string { // the server is a while behind a client that hung up
			if err := l.SQL(t.Context(), "n1", most); err != nil {
				return err.Error()
			}
			return ""
		}); lacks != "" {
			t.Errorf("more than two connections: %v", lacks)
		}
	})

	t.Run("nothing appears, disappears or changes its type over FLUSH STATUS, a reload and a restart", func(t *testing.T) {
		var want map[string]string
		settled(t, func() string { // the slow collectors come with a later scrape
			last := want
			want = seriesOf(t, url, cluster+"/n2")
			return cmp.Diff(last, want)
		})
		for _, step := range []struct {
			what string
			do   func() error
		}{
			{"FLUSH STATUS", func() error { return l.SQL(t.Context(), "n2", "FLUSH STATUS") }},
			{"a reload", fleet.Reload},
			{"a restart", func() error {
				if err := l.Stop(t.Context(), "n2"); err != nil {
					return err
				}
				return l.Start(t.Context(), "n2")
			}},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			if diff := settled(t, func() string { return cmp.Diff(want, seriesOf(t, url, cluster+"/n2")) }); diff != "" {
				t.Errorf("after %s (-before +after):\n%s", step.what, diff)
			}
		}
	})

	t.Run("a node that is desynced says so, and who asked for it", func(t *testing.T) {
		run(t, l, "n2", "SET GLOBAL wsrep_desync = ON")
		tells(t, url, cluster+"/n2", `galera_local_state{state="donor"} 1`, "galera_desync_requests 1", "galera_desync_enabled 1", "galera_up 1")
		run(t, l, "n2", "SET GLOBAL wsrep_desync = OFF")
		tells(t, url, cluster+"/n2", `galera_local_state{state="synced"} 1`, "galera_desync_requests 0", "galera_desync_enabled 0")
	})

	t.Run("a node that is read-only, or fenced, is up", func(t *testing.T) {
		run(t, l, "n2", "SET GLOBAL read_only = ON", "SET GLOBAL wsrep_reject_queries = ALL")
		tells(t, url, cluster+"/n2", "galera_up 1", "galera_read_only 1", `galera_reject_queries{mode="all"} 1`)
		run(t, l, "n2", "SET GLOBAL wsrep_reject_queries = NONE", "SET GLOBAL read_only = OFF")
		tells(t, url, cluster+"/n2", "galera_read_only 0", `galera_reject_queries{mode="none"} 1`)
	})

	t.Run("of a server that is full, the exporter that is connected tells, and a new one says down", func(t *testing.T) {
		tells(t, url, cluster+"/n1", "galera_up 1")
		ctx, leave := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		t.Cleanup(func() { leave(); crowd.Wait() })
		run(t, l, "n1", "SET GLOBAL max_connections = 10")
		refused := make(chan error, 14)
		for range 14 {
			crowd.Go(func() { refused <- l.SQL(ctx, "n1", "DO SLEEP(300)") }) // those that are refused end at once
		}
		if err := <-refused; err == nil || !strings.Contains(err.Error(), "Too many connections") { // from now on it is full
			t.Fatal(err)
		}
		_, later := exporterOf(t, l)
		tells(t, later, cluster+"/n1", "galera_up 0")
		tells(t, url, cluster+"/n1", "galera_up 1", "galera_connections_limit 10")
		leave()
		crowd.Wait()
		tells(t, later, cluster+"/n1", "galera_up 1")
	})

	t.Run("a schema of many tables is counted, off the hot path", func(t *testing.T) {
		statements := []string{"SET SESSION wsrep_on = OFF", "CREATE DATABASE many"} // on this node only: it ends with the test
		for i := range *tables {
			statements = append(statements, fmt.Sprintf("CREATE TABLE many.t%d (id INT)", i))
		}
		run(t, l, "n1", statements...)
		_, fresh := exporterOf(t, l)
		quickest := time.Hour
		for range 3 { // no scrape waits for it
			_, took := probe(t, fresh, cluster+"/n1", "5")
			quickest = min(quickest, took)
		}
		if quickest >= 4750*time.Millisecond {
			t.Errorf("a scrape took %s", quickest)
		}
		tells(t, fresh, cluster+"/n1", fmt.Sprintf(`galera_schema_hazard_tables{hazard="no_primary_key",schema="many"} %d`, *tables),
			fmt.Sprintf(`galera_schema_tables{schema="many"} %d`, *tables), `galera_exporter_collector_success{collector="schema"} 1`)
		text, took := probe(t, fresh, cluster+"/n1", "5")
		t.Logf("%d tables: the collector took %s s, a scrape beside it %s", *tables, value(t, text, `galera_exporter_collector_duration_seconds\{collector="schema"\}`), took)
	})
}

func run(t *testing.T, l *lab.Lab, node string, statements ...string) {
	t.Helper()
	if err := l.SQL(t.Context(), node, statements...); err != nil {
		t.Fatal(err)
	}
}

// exporterOf serves the lab's nodes with the default collectors and schema. It ends with the test.
func exporterOf(t *testing.T, l *lab.Lab) (*exporters.Fleet, string) {
	t.Helper()
	return serve(t, func() ([]*exporters.Target, error) {
		f, err := inventory.Load(l.Config())
		if err != nil {
			return nil, err
		}
		return galera.Targets(f, galera.Options{Switches: galera.Switches{"schema": true}, BigTable: 1 << 30}), nil
	})
}

// tells waits until a node's page has all the lines.
func tells(t *testing.T, url, target string, want ...string) {
	t.Helper()
	never := settled(t, func() string {
		text, _ := probe(t, url, target, "8")
		return strings.Join(lacks(text, want...), "\n")
	})
	if never != "" {
		t.Errorf("never told:\n%s", never)
	}
}

// settled asks until nothing is wrong, for two minutes at most, and returns what still is.
func settled(t *testing.T, wrong func() string) (last string) {
	t.Helper()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); <-tick.C {
		if last = wrong(); last == "" {
			break
		}
	}
	return last
}

// passing lists families whose series come and go by what happens, as their help says, and those whose
// labels are new at each start.
var passing = []string{
	metric.GaleraMemberInfo.Name,                                   // a new identity at each start
	metric.GaleraInnodbOldestTransactionStartTimestampSeconds.Name, // absent without a transaction
	metric.GaleraInnodbTransactionRowsModifiedMax.Name,
	metric.GaleraOldestQueryStartTimestampSeconds.Name,
	metric.GaleraEvsReplicationLatencyMinSeconds.Name, // absent without messages
	metric.GaleraEvsReplicationLatencyMeanSeconds.Name,
	metric.GaleraEvsReplicationLatencyMaxSeconds.Name,
	metric.GaleraEvsReplicationLatencyStddevSeconds.Name,
	metric.GaleraServerClockOffsetSeconds.Name, // absent if the round trip was too long
	metric.GaleraServerClockOffsetErrorSeconds.Name,
}

// seriesOf returns the series of a page with the type of their family.
func seriesOf(t *testing.T, url, target string) map[string]string {
	t.Helper()
	text, _ := probe(t, url, target, "8")
	kinds, series := map[string]string{}, map[string]string{}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); strings.HasPrefix(line, "# TYPE ") {
			kinds[words[2]] = words[3]
		} else if !strings.HasPrefix(line, "#") {
			name, _, _ := strings.Cut(words[0], "{")
			if !slices.Contains(passing, name) {
				series[strings.TrimSpace(line[:strings.LastIndex(strings.TrimSpace(line), " ")])] = kinds[name]
			}
		}
	}
	if len(series) < 150 {
		return map[string]string{"not the page of a node that is up": fmt.Sprint(slices.Sorted(maps.Keys(series)))}
	}
	return series
}
