package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/exporters/ndb"
	"github.com/kagu-db/kagu/internal/metric"
)

func TestThePageListsTheCollectors(t *testing.T) {
	text, err := os.ReadFile("../../docs/ndb_exporter.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` | "); ok {
			rows[name] = rest
		}
	}
	for _, s := range ndb.Sources() {
		row, listed := rows[s.Name]
		if !listed {
			t.Errorf("the page has no row for %s", s.Name)
			continue
		}
		want := map[bool]string{true: "on", false: "off"}[s.On] + " | " + map[metric.Cost]string{metric.EveryScrape: "every scrape", metric.Slow: "slow: "}[s.Cost]
		if !strings.HasPrefix(row, want) {
			t.Errorf("%s: the page says %q, want %q", s.Name, row, want)
		}
		for _, g := range s.Needs {
			thing := g.On
			if thing == "*.*" {
				thing = g.Privilege
			}
			if !strings.Contains(row, fmt.Sprintf("`%s`", thing)) {
				t.Errorf("the row of %s does not name %s", s.Name, g)
			}
		}
	}
}
