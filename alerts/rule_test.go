package alerts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/needs"
)

func TestCommittedRulesAreThoseOfTheCatalogue(t *testing.T) {
	for _, f := range Files() {
		got, err := Render(f, Production)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("rules", f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("rules/%s is not what the catalogue says; `make generate` rewrites it (-committed +rendered):\n%s", f.Name, diff)
		}
	}
}

func TestEveryAlertIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules(Files()) {
		if seen[r.Name] {
			t.Errorf("%s is declared twice", r.Name)
		}
		seen[r.Name] = true
		if r.Expr == "" || r.Severity == "" || r.Scope == "" || r.Summary == "" || r.Description == "" {
			t.Errorf("%s lacks an expression, severity, scope, summary or description", r.Name)
		}
		if len(r.Summary) > 120 {
			t.Errorf("summary of %s is too long for a phone: %d characters", r.Name, len(r.Summary))
		}
		if r.Remediate && !strings.Contains(r.Expr, "_over_time(") {
			t.Errorf("%s asks for healing and must not fall silent with its series: read the last known value", r.Name)
		}
	}
}

func TestEveryAlertHasARunbook(t *testing.T) {
	for _, r := range Rules(Files()) {
		page, err := os.ReadFile(filepath.Join("../docs/runbooks", r.Name+".md"))
		if err != nil {
			t.Errorf("%s has no runbook: %v", r.Name, err)
			continue
		}
		for _, part := range []string{"# " + r.Name, "## What it means", "## First look", "## What Kagu does", "## What to type"} {
			if !strings.Contains(string(page), part+"\n") {
				t.Errorf("runbook of %s has no %q", r.Name, part)
			}
		}
	}
}

// ruleTests is the part of promtool's test files that says what is tested.
type ruleTests struct {
	Tests []struct {
		Name  string `yaml:"name"`
		Cases []struct {
			Alert string           `yaml:"alertname"`
			Want  []map[string]any `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

func TestEveryAlertIsTestedInBothDirections(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	names, err := filepath.Glob("tests/*_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file ruleTests
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		for _, test := range file.Tests {
			if test.Name == "" {
				t.Errorf("%s: a test has no name", name)
			}
			for _, c := range test.Cases {
				fires[c.Alert] = fires[c.Alert] || len(c.Want) > 0
				silent[c.Alert] = silent[c.Alert] || len(c.Want) == 0
			}
		}
	}
	for _, r := range Rules(Files()) {
		if !fires[r.Name] {
			t.Errorf("no rule test shows that %s fires", r.Name)
		}
		if !silent[r.Name] && r.Name != "Watchdog" {
			t.Errorf("no rule test shows that %s stays silent", r.Name)
		}
	}
}

func TestRulesWithPromtool(t *testing.T) {
	promtool := needs.Program(t, "promtool", "prometheus")
	names, err := filepath.Glob("tests/*_test.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no rule tests: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			if out, err := run(t, "tests", promtool, "test", "rules", filepath.Base(name)); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestProfilesHoldAlertsForTheirTime(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile Profile
		hold    time.Duration
		want    time.Duration
	}{
		{"production waits as the rule says", Production, 5 * time.Minute, 5 * time.Minute},
		{"the demo does not wait for what is short", Demo, 10 * time.Second, 0},
		{"the demo keeps minutes, so that a start is not an alarm", Demo, 5 * time.Minute, 4*time.Minute + 30*time.Second},
	} {
		if got := c.profile.hold(Rule{For: c.hold}); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestFleetFileExpectsEveryMember(t *testing.T) {
	got, err := Render(FleetFile([]Member{{"backoffice", "db1"}, {"shop", "s1"}}, []string{"voip"}), Production)
	if err != nil {
		t.Fatal(err)
	}
	var file ruleFile
	if err := yaml.Unmarshal(got, &file); err != nil {
		t.Fatal(err)
	}
	want := []ruleNode{
		{Record: metric.GaleraNodeExpected.Name, Expr: "vector(1)", Labels: map[string]string{"job": "galera", "cluster": "backoffice", "node": "db1"}},
		{Record: metric.GaleraNodeExpected.Name, Expr: "vector(1)", Labels: map[string]string{"job": "galera", "cluster": "shop", "node": "s1"}},
		{Record: metric.NdbClusterExpected.Name, Expr: "vector(1)", Labels: map[string]string{"job": "ndb", "cluster": "voip"}},
	}
	if diff := cmp.Diff(want, file.Groups[0].Rules); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
