package main

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/remediator"
)

// began is in the zone of this machine, in which everything is printed.
var began = time.Date(2026, 3, 2, 3, 0, 0, 0, time.Local)

// after is a moment so many seconds later.
func after(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

// hostile is a text that takes over a terminal which obeys it: colours, the window's title, a
// C1 control, a line that looks like one of ours, a turned reading direction.
const hostile = "\x1b[2J\x1b]0;pwned\x07\u009b31m\r\nall is well\u202e"

func TestIncidents(t *testing.T) {
	for _, c := range []struct {
		name string
		list []journal.Incident
		want string
	}{
		{"none", nil, "no incidents\n"},
		{
			"of a node, and of a cluster",
			[]journal.Incident{
				{ID: "7k2m", Cluster: "backoffice", Node: "db2", Problem: "galera-node-down", State: journal.StateHealed, Opened: after(0), Summary: "db2 is Synced again"},
				{ID: "7k2", Cluster: "billing", Problem: "galera-no-primary", State: journal.StateProposed, Opened: after(60), Summary: "wait for approval"},
			},
			`
ID    WHERE           PROBLEM            STATE     OPENED     WHAT STANDS NOW
7k2m  backoffice/db2  galera-node-down   healed    1m30s ago  db2 is Synced again
7k2   billing         galera-no-primary  proposed  30s ago    wait for approval
`,
		},
		{
			"a summary with the words of a server in bad hands",
			[]journal.Incident{{ID: "1", Cluster: "c", Problem: "p", State: journal.StateRefused, Opened: after(89), Summary: "it says " + hostile}},
			`
ID  WHERE  PROBLEM  STATE    OPENED  WHAT STANDS NOW
1   c      p        refused  1s ago  it says ·[2J·]0;pwned··31m··all is well·
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			printIncidents(&out, c.list, after(90))
			same(t, c.want, out.String())
		})
	}
}

func TestStory(t *testing.T) {
	story := []journal.Event{
		{At: after(0.1), Kind: "observed", Text: "db2 is down: its host says " + hostile},
		{At: after(12.25), Kind: "step", Text: "start db2"},
	}
	for _, c := range []struct {
		name  string
		state journal.State
		end   string
	}{
		{"healed: nothing is left to do", journal.StateHealed, ""},
		{"proposed: approve it", journal.StateProposed, "\nnext: kagu approve 7k2m\n"},
		{"held: look, then release it", journal.StateHeld, "\nnext: look at the node, then kagu release 7k2m\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			printStory(&out, journal.Incident{
				ID: "7k2m", Cluster: "backoffice", Node: "db2", Problem: "galera-node-down", State: c.state,
				Opened: after(0), Summary: "what stands now", Events: story,
			})
			same(t, `
7k2m  backoffice/db2  galera-node-down  `+string(c.state)+`
what stands now

  03:00:00.100     +0.1 s  observed   db2 is down: its host says ·[2J·]0;pwned··31m··all is well·
  03:00:12.250    +12.2 s  step       start db2
`+c.end, out.String())
		})
	}
}

func TestFleetReport(t *testing.T) {
	free := 0.421
	synced := cluster.Node{
		Name: "db1", Host: "h1", Process: cluster.ProcessRunning, DiskFree: &free,
		Galera: &cluster.Galera{Answers: cluster.Yes, Ready: cluster.Yes, Primary: cluster.Yes, State: "synced", Comment: "Synced", Size: 2, Seqno: 1234},
	}
	down := cluster.Node{Name: "db2", Host: "h2", Process: cluster.ProcessAbsent, Galera: &cluster.Galera{Answers: cluster.No}}
	seen := func(nodes ...cluster.Node) cluster.Snapshot {
		return cluster.Snapshot{Cluster: "backoffice", Kind: cluster.KindGalera, Nodes: nodes}
	}
	for _, c := range []struct {
		name   string
		report fleetReport
		want   string
	}{
		{
			"healthy, and the remediator has nothing to do",
			fleetReport{
				Clusters:   []clusterReport{{Name: "backoffice", Healthy: true, Seen: seen(synced)}},
				Remediator: &remediator.Status{Clusters: []remediator.ClusterStatus{{Cluster: "backoffice", Mode: cluster.ModeAuto}}},
			},
			`
backoffice  galera  healthy
  NODE  HOST  STATE   PROCESS  MEMBERS  SEQNO  DISK FREE
  db1   h1    synced  running  2        1234   42 %
  remediator: mode auto, nothing to do
`,
		},
		{
			"a node down, an incident, maintenance, and the kill switch",
			fleetReport{
				Clusters: []clusterReport{{
					Name: "backoffice", Problems: []string{"galera-node-down db2", "galera-desync db1"},
					Seen: seen(synced, down), Odd: map[string]string{"db2": "no process"},
				}},
				Remediator: &remediator.Status{
					KillSwitch: "/etc/kagu/remediator.stop exists",
					Clusters: []remediator.ClusterStatus{{
						Cluster: "backoffice", Mode: cluster.ModePropose,
						Maintenance: &journal.Maintenance{Until: after(3600), By: "ana" + hostile, Why: "new disk"},
						Incidents: []journal.Incident{{
							ID: "7k2m", Cluster: "backoffice", Node: "db2", State: journal.StateRefused, Opened: after(80), Summary: "not acting: maintenance",
						}},
					}},
				},
			},
			`
backoffice  galera  galera-node-down db2 and 1 more
  NODE  HOST  STATE   PROCESS  MEMBERS  SEQNO  DISK FREE
  db1   h1    synced  running  2        1234   42 %
  db2   h2    down    absent   –        –      –          ← no process
  remediator: mode propose, maintenance until Mon 04:00 by ana·[2J·]0;pwned··31m··all is well· (new disk)
    7k2m backoffice/db2 refused (10s ago): not acting: maintenance

remediator: /etc/kagu/remediator.stop exists
`,
		},
		{
			"nobody answers",
			fleetReport{
				Clusters: []clusterReport{{Name: "voip", Seen: cluster.Snapshot{Kind: cluster.KindNDB}, Error: "kagu cannot look at it"}},
				Silence:  "no remediator answers at http://127.0.0.1:10043",
			},
			`
voip  ndb  kagu cannot look at it

remediator: no remediator answers at http://127.0.0.1:10043
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			c.report.print(&out, after(90))
			same(t, c.want, out.String())
		})
	}
}

// same compares what was printed. A text that begins with a line of its own reads better here.
func same(t *testing.T, want, got string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), got); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
	if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("a terminal would obey %q", got[i:])
	}
}
