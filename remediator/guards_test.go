package remediator

import (
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// closed returns a journal that answers nothing any more.
func closed(t *testing.T) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return j
}

// sound returns a case that every guard but those of the journal agrees to.
func sound() Case {
	now, roomy := time.Now(), 0.5
	return Case{
		Cluster: inventory.Cluster{Name: "backoffice", Mode: cluster.ModeAuto, Policy: policy()},
		Plan:    Plan{Cluster: "backoffice", Node: "n2", Steps: []Step{{Action: start, Node: "n2"}}},
		Snapshot: cluster.Snapshot{Taken: now, Nodes: []cluster.Node{{
			Name: "n2", Process: cluster.ProcessAbsent, DiskFree: &roomy,
			Sights: []cluster.Sight{{Seat: "sql", Alive: cluster.No}, {Seat: "host", Alive: cluster.No}, {Seat: "peer n1", Alive: cluster.Unknown}},
		}}},
		Incident: journal.Incident{ID: "i", Opened: now},
		Hints:    []journal.Hint{{Alert: "GaleraNodeDown", StartsAt: now}},
	}
}

func TestAGuardThatCannotTellSaysNo(t *testing.T) {
	j := closed(t)
	for _, tc := range []struct {
		name   string
		guard  Guard
		change func(*Case)
		says   string // "" if it agrees
	}{
		{"maintenance: the journal does not answer", InMaintenance{j}, nil, "cannot tell"},
		{"held: the journal does not answer", Unfinished{j}, nil, "cannot tell"},
		{"cooldown: the journal does not answer", Cooldown{j}, nil, "cannot tell"},
		{"attempts: the journal does not answer", Attempts{j}, nil, "cannot tell"},
		{"mode: it is not known", Mode{}, func(c *Case) { c.Cluster.Mode = "bold" }, "cannot tell"},
		{"mode: it is empty", Mode{}, func(c *Case) { c.Cluster.Mode = "" }, "cannot tell"},
		{"evidence: nobody looked at the node", Evidence{time.Minute}, func(c *Case) { c.Snapshot.Nodes = nil }, "was not looked at"},
		{"evidence: one seat only", Evidence{time.Minute}, func(c *Case) { c.Snapshot.Nodes[0].Sights[0].Alive = cluster.Unknown }, "1 of the 2 seats"},
		{"evidence: the seats disagree", Evidence{time.Minute}, func(c *Case) { c.Snapshot.Nodes[0].Sights[2].Alive = cluster.Yes }, "disagree"},
		{"evidence: the look is old", Evidence{time.Minute}, func(c *Case) { c.Snapshot.Taken = time.Now().Add(-time.Hour) }, "the look is"},
		{"evidence: two dead, one unknown", Evidence{time.Minute}, nil, ""},
		{"disk: the host did not tell", Disk{}, func(c *Case) { c.Snapshot.Nodes[0].DiskFree = nil }, "nobody could tell"},
		{"disk: nearly full", Disk{}, func(c *Case) { *c.Snapshot.Nodes[0].DiskFree = 0.04 }, "4.0 % free"},
		{"disk: room enough", Disk{}, nil, ""},
		{"stale-alert: none", Fresh{}, func(c *Case) { c.Hints = nil }, "no alert"},
		{"stale-alert: from the future", Fresh{}, func(c *Case) { c.Hints[0].StartsAt = time.Now().Add(time.Hour) }, "in the future"},
		{"stale-alert: an hour old", Fresh{}, func(c *Case) { c.Hints[0].StartsAt = time.Now().Add(-time.Hour) }, "kagu approve i"},
		{"stale-alert: an hour old, approved", Fresh{}, func(c *Case) { c.Hints[0].StartsAt = time.Now().Add(-time.Hour); c.Consent = true }, ""},
		{"stale-alert: fresh", Fresh{}, nil, ""},
		{"operator-stop: stopped on purpose, approved", Intent{}, func(c *Case) { c.Snapshot.Nodes[0].StoppedBy = "ana"; c.Consent = true }, "stopped on purpose"},
		{"operator-stop: nobody", Intent{}, nil, ""},
		{"mode: auto and safe", Mode{}, nil, ""},
		{"mode: auto and not safe", Mode{}, func(c *Case) { c.Plan.Steps[0].Action.Safe = false }, "could lose data"},
		{"mode: observe, approved", Mode{}, func(c *Case) { c.Cluster.Mode = cluster.ModeObserve; c.Consent = true }, "observe"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := sound()
			if tc.change != nil {
				tc.change(&c)
			}
			got := ""
			if veto := check(t.Context(), tc.guard, c); veto != nil {
				got = veto.Reason
			}
			if (got == "") != (tc.says == "") || !strings.Contains(got, tc.says) {
				t.Errorf("said %q, want %q", got, tc.says)
			}
		})
	}
}
