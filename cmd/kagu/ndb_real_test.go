package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
	"github.com/kagu-db/kagu/internal/needs"
)

// TestNDBOnARealCluster breaks one cluster piece by piece and wants kagu status to say it, kagu ndb
// events to have told it, and the rules to judge it. Each piece is gone for the next step too.
func TestNDBOnARealCluster(t *testing.T) {
	prometheus := needs.Program(t, "prometheus", "prometheus")
	l := labtest.Up(t, lab.Options{Kind: cluster.KindNDB, SQL: 1, Services: []lab.Service{lab.NDBExporter}})
	fleet, err := inventory.LoadFor(l.Config(), inventory.Databases, inventory.Hosts)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := fleet.Cluster(lab.ClusterName)
	told := followLab(t, c)
	board := startNDBBoard(t, prometheus, l)

	// look repeats kagu status until it says what is wanted, and returns what it printed.
	look := func(t *testing.T, want func(*ndbReport) bool) string {
		t.Helper()
		deadline := time.Now().Add(patience)
		for {
			r := lookAt(t.Context(), fleet, c)
			var out strings.Builder
			r.print(&out)
			if want(r.NDB) {
				t.Log("\n" + out.String())
				return out.String()
			}
			if time.Now().After(deadline) {
				t.Fatalf("kagu status says:\n%s", out.String())
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	says := func(t *testing.T, text string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(text, p) {
				t.Errorf("it does not say %q:\n%s", p, text)
			}
		}
	}

	t.Run("a healthy cluster survives any one node and host", func(t *testing.T) {
		text := look(t, func(r *ndbReport) bool { return r.Colour == ndb.Green })
		says(t, text, "lab  ndb  healthy", "d1", "d2", "m1", "m2", "s1", "arbitrator", "president",
			"outage after 2 nodes or 2 hosts, one after the other; at one moment after 2 nodes or 2 hosts", "declared failed after 4.5 s to 7.5 s")
	})
	t.Run("every query of the board and every family of the rules has data, and no rule fires", board.ofAHealthyCluster)
	t.Run("a data node is killed", func(t *testing.T) {
		must(t, l.KillChild(t.Context(), "d1")) // its parent tells why, and starts another
		told.await(t, "data node d1 (11) died: it was killed (signal 9)")
		must(t, l.Kill(t.Context(), "d1"))
		text := look(t, func(r *ndbReport) bool { return r.Colour == ndb.Red })
		says(t, text, "node group 0 has one of two nodes: the loss of host d2 stops the cluster", "outage after 1 node or 1 host")
		told.await(t, "data node d1 (11) was declared failed by data node d2 (12)")
		told.await(t, "arbitration: half of the nodes are left")
	})
	t.Run("the alert for it fires", func(t *testing.T) { board.ofADeadDataNode(t, "d1") })
	t.Run("no SQL node is alive", func(t *testing.T) {
		for _, n := range l.Members(cluster.RoleSQL) {
			must(t, l.Kill(t.Context(), n.Name))
		}
		text := look(t, func(r *ndbReport) bool {
			return r.Survival.Serving == cluster.Yes && hasFinding(r, "no SQL node is connected")
		})
		says(t, text, "node group 0 has one of two nodes", "no SQL node is connected")
	})
	t.Run("one management server is gone, and the events come from the other", func(t *testing.T) {
		must(t, l.Kill(t.Context(), "m1"))
		says(t, look(t, func(r *ndbReport) bool { return hasFinding(r, "management server m1 does not answer") }), "node group 0 has one of two nodes")
		told.await(t, "-- gap: events may be missing")
	})
	t.Run("no management server is alive", func(t *testing.T) {
		must(t, l.Kill(t.Context(), "m2"))
		text := look(t, func(r *ndbReport) bool { return len(r.View.Servers) == 2 && !r.View.Answered() })
		says(t, text, "no management server answers: nothing is known of the cluster", "d2", "unknown")
		if strings.Contains(text, "outage after") {
			t.Error("it claims to know what the next failure does")
		}
		j, err := json.Marshal(lookAt(t.Context(), fleet, c))
		if err != nil || !strings.Contains(string(j), `"serving":"unknown"`) || strings.Contains(string(j), `"healthy":true`) {
			t.Errorf("--json: %v: %s", err, j)
		}
	})
}

func hasFinding(r *ndbReport, text string) bool {
	for _, f := range r.Findings {
		if f.Text == text {
			return true
		}
	}
	return false
}

// A transcript is what kagu ndb events printed so far.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *transcript) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *transcript) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func (p *transcript) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(p.String(), text); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("kagu ndb events did not tell %q:\n%s", text, p.String())
		}
	}
}

// followLab runs kagu ndb events beside the test.
func followLab(t *testing.T, c inventory.Cluster) *transcript {
	told := &transcript{}
	ctx, stop := context.WithCancel(t.Context())
	client := ndbClient(c)
	done := make(chan error, 1)
	go func() { done <- follow(ctx, client, mgm.DefaultFilter(), tellWords(told, ndbNames(c)), told) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		client.Close()
		t.Log("\n" + told.String())
	})
	told.await(t, "listening to the management server at")
	return told
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
