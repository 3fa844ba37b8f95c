package galera

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// recorded answers with what servers said: one file for the status, one for the variables, and
// one for all of them with the tables of a cluster of two.
type recorded struct{ name string }

func (r recorded) Pairs(_ context.Context, query string) (map[string]string, error) {
	file := r.name + ".status"
	switch {
	case query == variablesQuery:
		file = r.name + ".variables"
	case query == viewQuery:
		file = "view.table"
	case query == membersQuery:
		return map[string]string{"09dfa2ff-e6f1-11f1-9ede-fb561333517e": "n1\n127.0.6.1:34061"}, nil
	case query == streamingQuery:
		return map[string]string{"12": "2"}, nil
	case query == allowlistQuery:
		return map[string]string{"10.0.0.1": "", "10.0.0.2": ""}, nil
	case query == latencyQuery:
		return responseTimes, nil
	}
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		return nil, err
	}
	pairs := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		pairs[strings.ToLower(key)] = value
	}
	return pairs, nil
}

// Table answers with what a busy server said: of channels, and of who waits for whom.
func (r recorded) Table(_ context.Context, query string) ([]map[string]string, error) {
	switch query {
	case channelsQuery, channelsQueryOfMySQL:
		if r.name == "mariadb-10.11" {
			return channels, nil
		}
	case rowWaitsQuery:
		return rowWaits, nil
	case ownQuery:
		return []map[string]string{{"thread": "7", "now": "1795473010"}}, nil
	case threadsQuery:
		return threadList, nil
	case transactionsQuery:
		return openTransactions, nil
	case metadataLocksQuery:
		return metadataLocks, nil
	default:
		return nil, errors.New("nobody recorded " + query)
	}
	return nil, nil
}

// exposition prints what the collectors emit, and lists those that failed.
func exposition(t *testing.T, db querier) (text string, failed []string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	var metrics emitted
	switches := everything()
	switches["clock"] = false // what it says is another thing at each run
	shown := func() (time.Time, bool) { return time.Unix(1800000000, 0), true }
	collectors, err := target{db: db, shown: shown, expected: 3, switches: switches}.look(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range collectors {
		if err := c.Collect(t.Context(), func(m prometheus.Metric) { metrics = append(metrics, m) }); err != nil {
			failed = append(failed, c.Name())
		}
	}
	registry.MustRegister(metrics)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String(), failed
}

// everything switches on what is off.
func everything() Switches {
	all := Switches{}
	for _, s := range Sources() {
		all[s.Name] = true
	}
	return all
}

type emitted []prometheus.Metric

func (emitted) Describe(chan<- *prometheus.Desc) {}

func (e emitted) Collect(to chan<- prometheus.Metric) {
	for _, m := range e {
		to <- m
	}
}

func TestExposition(t *testing.T) {
	for _, name := range []string{
		"mariadb-10.11",       // recorded, one node
		"mariadb-10.6",        // composed: a provider from before 26.4.6 lacks what came later
		"mariadb-11.8",        // composed: as 10.11 but for its defaults
		"mysql-wsrep-8.0",     // composed: Codership's build, without what PXC adds
		"mariadb-11.4-plugin", // options as variables
		"non-primary",
		"garbd-first-donor", // an arbitrator is first in the list; the node is a donor and holds the group
		"no-provider",
		"pxc-8.0",    // joins by IST, IPv6
		"unsafe-lan", // every dangerous setting, short timeouts, TLS, a segment, maintenance
	} {
		t.Run(name, func(t *testing.T) {
			got, failed := exposition(t, recorded{name})
			if failed != nil {
				t.Errorf("%v failed", failed)
			}
			problems, err := promlint.New(strings.NewReader(got)).Lint()
			if err != nil || problems != nil {
				t.Errorf("promlint: %v %v", problems, err)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// broken fails the statements that contain a word.
type broken struct {
	recorded
	word string
}

func (b broken) Pairs(ctx context.Context, query string) (map[string]string, error) {
	if strings.Contains(query, b.word) {
		return nil, errors.New("broken on purpose")
	}
	return b.recorded.Pairs(ctx, query)
}

func (b broken) Table(ctx context.Context, query string) ([]map[string]string, error) {
	if strings.Contains(query, b.word) {
		return nil, errors.New("broken on purpose")
	}
	return b.recorded.Table(ctx, query)
}

func TestANodeThatIsDownLeavesOneSeries(t *testing.T) {
	got, failed := exposition(t, broken{recorded{"mariadb-10.11"}, "STATUS"})
	var series []string
	for line := range strings.Lines(got) {
		if !strings.HasPrefix(line, "#") {
			series = append(series, line)
		}
	}
	if diff := cmp.Diff([]string{"galera_up 0\n"}, series); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"status", "status.window-stats", "variables", "drift", "view", "streaming", "members", "workload", "transactions", "latency", "locks", "replication", "tls", "allowlist"}, failed); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestVariablesFailAlone(t *testing.T) {
	got, failed := exposition(t, broken{recorded{"mariadb-10.11"}, "VARIABLES"})
	if diff := cmp.Diff([]string{"variables", "drift", "latency", "replication"}, failed); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	for _, want := range []string{"galera_up 1\n", "galera_ready 1\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s", want)
		}
	}
	if strings.Contains(got, "galera_node_info") {
		t.Error("has an info that was not obtained")
	}
}
