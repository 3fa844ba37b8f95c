package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/exporters/galera"
)

func TestSwitchesOfCollectors(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want galera.Options
	}{
		{"defaults", nil, galera.Options{Switches: galera.Switches{}, StatusFile: "wsrep_status.json", BigTable: 1 << 30}},
		{
			"some",
			[]string{"--no-collector.drift", "--collector.status.window-stats", "--collector.host.status-file=/run/s.json", "--collector.schema.big-table=5MiB"},
			galera.Options{Switches: galera.Switches{"drift": false, "status.window-stats": true}, StatusFile: "/run/s.json", BigTable: 5 << 20},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s sources
			app := kingpin.New("galera_exporter", "")
			s.flags(app)
			if _, err := app.Parse(c.args); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, s.options("")); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestThePageListsTheCollectors(t *testing.T) {
	page, err := os.ReadFile("../../docs/galera_exporter.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range galera.Sources() {
		if row := fmt.Sprintf("\n| `%s` | ", s.Name); !strings.Contains(string(page), row) {
			t.Errorf("the page has no row %q", row)
		}
		for _, g := range s.Needs {
			_, table, _ := strings.Cut(g.On, ".")
			if !strings.Contains(string(page), table) {
				t.Errorf("the page does not say that %s needs %s", s.Name, g)
			}
		}
	}
}
