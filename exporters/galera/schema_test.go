package galera

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// answers are a server's, by statement; it knows no other.
type answers map[string]map[string]string

func (a answers) Pairs(_ context.Context, query string) (map[string]string, error) {
	if rows, ok := a[query]; ok {
		return rows, nil
	}
	return nil, errors.New("unknown table")
}

func (answers) Table(context.Context, string) ([]map[string]string, error) {
	return nil, errors.New("unknown table")
}

func TestSchemaHazards(t *testing.T) {
	for _, c := range []struct {
		name, version string
		named         func(string) string
	}{
		{"MariaDB", "10.11.19-MariaDB", func(query string) string { return query }},
		{"MySQL renamed the tables", "8.0.42", ofMySQL.Replace},
	} {
		t.Run(c.name, func(t *testing.T) {
			large := fmt.Sprintf(cascadeQuery, 1<<20)
			db := answers{
				versionQuery:          {"version": c.version},
				c.named(sizeQuery):    {"billing": "4 262144", "a": "1 65536"},
				c.named(keylessQuery): {"billing": "3", "a": "1"},
				c.named(large):        {"billing": "2"},
				engineQuery:           {"old": "7"},
				sightQuery:            {"tables": "1"},
			}
			got := page(t, schema{db, 1 << 20})
			want := []string{
				`galera_schema_hazard_tables{hazard="cascade_to_big_table",schema="billing"} 2`, `galera_schema_hazard_tables{hazard="no_primary_key",schema="a"} 1`,
				`galera_schema_hazard_tables{hazard="no_primary_key",schema="billing"} 3`, `galera_schema_hazard_tables{hazard="not_innodb",schema="old"} 7`,
				`galera_schema_size_bytes{schema="a"} 65536`, `galera_schema_size_bytes{schema="billing"} 262144`,
				`galera_schema_tables{schema="a"} 1`, `galera_schema_tables{schema="billing"} 4`,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestTablesThatTheServerHidesAreAMissingGrant(t *testing.T) {
	db := answers{
		versionQuery: {"version": "10.11.14-MariaDB"}, sizeQuery: {}, keylessQuery: {}, fmt.Sprintf(cascadeQuery, 1): {},
		engineQuery: {}, sightQuery: {"tables": "0"},
	}
	if err := (schema{db, 1}).Collect(t.Context(), func(prometheus.Metric) {}); !errors.Is(err, sqlconn.ErrGrant) {
		t.Errorf("got %v", err)
	}
}

func TestTheSmallestOfManySchemasAreOneSeries(t *testing.T) {
	sizes := map[string]string{}
	for i := range 60 {
		sizes[fmt.Sprintf("s%02d", i)] = fmt.Sprintf("1 %d", 100+i)
	}
	var all []prometheus.Metric
	emitSizes(func(m prometheus.Metric) { all = append(all, m) }, sizes)
	text := strings.Join(lines(t, all), "\n")
	if n := len(all); n != 2*(schemaLimit+1) {
		t.Errorf("%d series", n)
	}
	for _, want := range []string{`galera_schema_size_bytes{schema="(other)"} 1045`, `galera_schema_tables{schema="(other)"} 10`, `{schema="s10"} 110`} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s:\n%s", want, text)
		}
	}
}

// page returns the series that a collector emits, sorted.
func page(t *testing.T, c interface {
	Collect(context.Context, func(prometheus.Metric)) error
},
) []string {
	t.Helper()
	var all []prometheus.Metric
	if err := c.Collect(t.Context(), func(m prometheus.Metric) { all = append(all, m) }); err != nil {
		t.Fatal(err)
	}
	return lines(t, all)
}

func lines(t *testing.T, samples []prometheus.Metric) []string {
	t.Helper()
	families, err := metric.Page(samples)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, strings.TrimSuffix(line, "\n"))
		}
	}
	return all
}
