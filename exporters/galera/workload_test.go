package galera

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

func TestThreadsByWhatTheyWaitFor(t *testing.T) {
	got := countThreads(threadStates)
	want := threads{
		waiting: map[string]int64{"toi": 3, "isolation": 1, "flow_control": 7, "certification": 7, "commit": 2},
		idle:    3, metadata: 6,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(threads{})); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestEveryReasonOfTheTableIsDeclared(t *testing.T) {
	declared := map[string]bool{}
	for _, s := range metric.GaleraWsrepWaitingThreads.States {
		declared[s] = true
	}
	for _, w := range waits {
		if !declared[w.reason] {
			t.Errorf("%q of %q is no state of the family", w.reason, w.part)
		}
	}
	labels := map[string]bool{}
	for _, v := range workloads {
		for _, s := range v.family.States {
			labels[v.family.Name+s] = true
		}
		if v.label != "" && !labels[v.family.Name+v.label] {
			t.Errorf("%s: %q is no value of %s", v.name, v.label, v.family)
		}
	}
}

// answers are a server's, by statement; it knows no other.
type answers map[string]map[string]string

func (a answers) Pairs(_ context.Context, query string) (map[string]string, error) {
	if rows, ok := a[query]; ok {
		return rows, nil
	}
	return nil, errors.New("unknown table")
}

func TestSchemaHazards(t *testing.T) {
	for _, c := range []struct{ name, version, query string }{
		{"MariaDB", "10.11.19-MariaDB", hazardsQuery},
		{"MySQL renamed the tables", "8.0.42", hazardsQueryOfMySQL},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := answers{
				"SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment')": {"version": c.version},
				c.query: {"billing": "3", "a": "1"},
			}
			var got []float64
			if err := (schema{db}).Collect(t.Context(), func(m prometheus.Metric) { got = append(got, valueOf(t, m)) }); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]float64{1, 3}, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
