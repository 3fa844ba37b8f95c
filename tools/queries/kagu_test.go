package queries

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/alerts"
	"github.com/kagu-db/kagu/dashboards"
	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/metric"
)

func catalogue() Catalogue {
	return NewCatalogue(slices.Concat(metric.All(), metric.Recorded())...)
}

var labelInRule = regexp.MustCompile(`\$labels\.(\w+)`)

func TestRules(t *testing.T) {
	c := catalogue()
	files := append(alerts.Files(), alerts.FleetFile([]alerts.Member{{Cluster: "backoffice", Node: "db1"}}, []string{"voip"}))
	for _, f := range files {
		for _, g := range f.Groups {
			for _, r := range g.Recordings {
				answer, err := c.Check(r.Expr)
				if err != nil {
					t.Errorf("recording %s: %v", r.Name, err)
				}
				for l := range r.Labels {
					answer = append(answer, l)
				}
				if missing := minus(c.labels[r.Name], answer); c.labels[r.Name] == nil || len(missing) > 0 {
					t.Errorf("recording %s: the catalogue says it has labels %v, it has %v", r.Name, c.labels[r.Name], answer)
				}
			}
			for _, r := range g.Rules {
				answer, err := c.Check(r.Expr)
				if err != nil {
					t.Errorf("alert %s: %v", r.Name, err)
				}
				for _, m := range labelInRule.FindAllStringSubmatch(r.Summary+r.Description, -1) {
					if !slices.Contains(answer, m[1]) {
						t.Errorf("alert %s: its text uses label %s, it has %v", r.Name, m[1], answer)
					}
				}
				if r.Remediate && !slices.Contains(answer, metric.Cluster) {
					t.Errorf("alert %s asks for healing and does not say of which cluster", r.Name)
				}
			}
		}
	}
}

var (
	inGrafana     = strings.NewReplacer("$__rate_interval", "1m", "$cluster", "backoffice")
	labelInLegend = regexp.MustCompile(`\{\{(\w+)\}\}`)
	labelValues   = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
)

func TestBoards(t *testing.T) {
	c := catalogue()
	for _, b := range dashboards.Boards() {
		text, err := dashboards.Render(b)
		if err != nil {
			t.Fatal(err)
		}
		found, err := dashboards.Queries(text)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) < len(b.Panels) {
			t.Errorf("board %s has %d panels and only %d queries", b.UID, len(b.Panels), len(found))
		}
		for _, q := range found {
			query := q.Expr
			if m := labelValues.FindStringSubmatch(query); m != nil {
				query, q.Legend = m[1], "{{"+m[2]+"}}"
			}
			answer, err := c.Check(inGrafana.Replace(query))
			if err != nil {
				t.Errorf("board %s, %s: %v", b.UID, q.Where, err)
			}
			for _, m := range labelInLegend.FindAllStringSubmatch(q.Legend, -1) {
				if !slices.Contains(answer, m[1]) {
					t.Errorf("board %s, %s: its legend uses label %s, it has %v", b.UID, q.Where, m[1], answer)
				}
			}
		}
	}
}

// TestFamiliesThatNobodyAsks holds the list of Galera's families that no rule and no board asks. They are
// for who looks by hand, with docs/metrics.md beside. A new family belongs into a rule if somebody
// should act on it, else into a panel if it helps to find a cause; only then into this list.
func TestFamiliesThatNobodyAsks(t *testing.T) {
	var queries strings.Builder
	for _, f := range alerts.Files() {
		for _, g := range f.Groups {
			for _, r := range g.Recordings {
				queries.WriteString(r.Expr + "\n")
			}
			for _, r := range g.Rules {
				queries.WriteString(r.Expr + "\n")
			}
		}
	}
	for _, b := range dashboards.Boards() {
		text, err := dashboards.Render(b)
		if err != nil {
			t.Fatal(err)
		}
		found, err := dashboards.Queries(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range found {
			queries.WriteString(q.Expr + "\n")
		}
	}
	var list strings.Builder
	for _, f := range slices.Concat(metric.Galera(), metric.Health(), metric.GaleraExporter()) {
		if !regexp.MustCompile(`\b` + f.Name + `(_bucket)?\b`).MatchString(queries.String()) {
			list.WriteString(f.Name + "\n")
		}
	}
	goldentest.Compare(t, "testdata/asked-by-nobody.txt", list.String())
}
