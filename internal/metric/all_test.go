package metric_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

func TestEveryFamily(t *testing.T) {
	name := regexp.MustCompile(`^(galera|ndb|remediator|backupd)_[a-z0-9]+(_[a-z0-9]+)*$`)
	origin := regexp.MustCompile(`\([^()]+\)\.$`)
	seen := map[string]bool{}
	for _, f := range metric.All() {
		t.Run(f.Name, func(t *testing.T) {
			if seen[f.Name] {
				t.Error("is declared twice")
			}
			seen[f.Name] = true
			if !name.MatchString(f.Name) {
				t.Error("is not prefix and lower-case words")
			}
			if f.Desc() == nil {
				t.Fatal("was not declared")
			}
			if !origin.MatchString(f.Help) {
				t.Errorf("help does not end with the origin in parentheses: %q", f.Help)
			}
			if f.Source == "" || f.Cost == "" || f.Moves == "" || len(f.Target) == 0 {
				t.Error("lacks its source, its cost, what to do when it moves, or its target labels")
			}
			if total := strings.HasSuffix(f.Name, "_total"); f.Buckets == nil && total != (f.Type == prometheus.CounterValue) {
				t.Error("counters end in _total, and nothing else does")
			}
			for _, label := range f.Labels {
				for _, target := range f.Target {
					if label == target {
						t.Errorf("label %s is set by both the exporter and service discovery", label)
					}
				}
			}
		})
	}
}
