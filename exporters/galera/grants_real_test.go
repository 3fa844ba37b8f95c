package galera_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/internal/inventory"
)

// grantsSuffice makes an account with exactly what `kagu grants` prints for all collectors: each
// works with it. The server is in trouble, so that each asks all it ever does, and still none
// makes it write a temporary table to disk. Then each grant is taken away in turn: the collectors
// that need it fail, no other does, and what they say names it.
func grantsSuffice(t *testing.T, w *watched) {
	t.Helper()
	switches := galera.Switches{}
	for _, s := range galera.Sources() {
		switches[s.Name] = s.Name != "host" // which asks no server
	}
	const user = "kagu 'grants'"
	fleet := &inventory.Fleet{Clusters: []inventory.Cluster{w.fleet}}
	fleet.Clusters[0].Credential = w.account(t, user, switches.On())
	run := func(statement string) {
		t.Helper()
		w.run(t, statement)
	}

	before := w.onDisk(t)
	if failed := failures(t, fleet, switches); len(failed) > 0 {
		t.Errorf("with all grants, these fail: %v", failed)
	}
	// A file in tmpdir may vanish, and the server with it: ha_maria::drop_table of MariaDB 10.11.14.
	if n := w.onDisk(t) - before; n != 0 {
		t.Errorf("all statements together make %d temporary tables on disk", n)
	}
	const name = `'kagu ''grants'''@'127.%'`
	for _, g := range galera.Grants(switches.On()) {
		run("REVOKE " + g.String() + " FROM " + name)
		failed := failures(t, fleet, switches)
		for _, s := range switches.On() {
			needs := false
			for _, n := range s.Needs {
				needs = needs || n == g
			}
			said, fails := failed[s.Name]
			if fails != needs || fails && !strings.Contains(said, "GRANT "+g.String()) {
				t.Errorf("without %s, %s: fails %v, needs it %v: %s", g, s.Name, fails, needs, said)
			}
		}
		run("GRANT " + g.String() + " TO " + name)
	}
	if failed := failures(t, fleet, switches); len(failed) > 0 {
		t.Errorf("with all grants again, these fail: %v", failed)
	}
	run("DROP USER " + name)
}

// failures runs every collector once, on a connection of its own, and returns what those say that fail.
func failures(t *testing.T, fleet *inventory.Fleet, switches galera.Switches) map[string]string {
	t.Helper()
	failed := map[string]string{}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for i, target := range galera.Targets(fleet, galera.Options{Switches: switches}) {
		defer target.Release()
		if i > 0 {
			continue
		}
		collectors, err := target.Look(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range collectors {
			if err := once(ctx, c); err != nil {
				failed[c.Name()] = err.Error()
			}
		}
	}
	return failed
}

// once runs a collector. One whose result is kept is waited for.
func once(ctx context.Context, c exporters.Collector) error {
	if a, ok := c.(*exporters.Apart); ok {
		c = a.Collector
	}
	return c.Collect(ctx, func(prometheus.Metric) {})
}
