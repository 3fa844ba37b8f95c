package galera

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/wsrep"
	"github.com/kagu-db/kagu/remediator"
)

const history = "11111111-2222-3333-4444-555555555555"

// states builds a snapshot from one word a node: "n1:synced n2:down n3:frozen". All living
// members see all living members.
func states(words string) cluster.Snapshot {
	s := cluster.Snapshot{Cluster: "backoffice", Kind: cluster.KindGalera, Taken: time.Now()}
	var living []string
	for _, word := range strings.Fields(words) {
		name, state, _ := strings.Cut(word, ":")
		if state == "synced" || state == "donor" || state == "joiner" {
			living = append(living, name)
		}
	}
	for _, word := range strings.Fields(words) {
		name, state, _ := strings.Cut(word, ":")
		n := cluster.Node{Name: name, Host: "h" + name, Role: cluster.RoleMember, Process: cluster.ProcessRunning}
		n.Galera = &cluster.Galera{Saved: &cluster.SavedPosition{UUID: history, Seqno: -1}}
		switch state {
		case "synced", "donor", "joiner":
			g := n.Galera
			g.Answers, g.Ready, g.Primary, g.State = cluster.Yes, cluster.Yes, cluster.Yes, state
			g.Size, g.Members, g.StateUUID = len(living), living, history
		case "alone": // answers outside the primary component
			n.Galera.Answers, n.Galera.Primary, n.Galera.State = cluster.Yes, cluster.No, "undefined"
		case "down":
			n.Process = cluster.ProcessAbsent
		case "stopped":
			n.Process, n.StoppedBy = cluster.ProcessAbsent, "ana: new disk"
		case "frozen":
			n.Process = cluster.ProcessFrozen
		case "silent":
		case "unreachable":
			n.Process, n.Galera.Saved = cluster.ProcessUnknown, nil
		case "blackhost": // serves, but its host's SSH does not answer
			g := n.Galera
			n.Process, g.Answers, g.Primary, g.State = cluster.ProcessUnknown, cluster.Yes, cluster.Yes, "synced"
			g.Size, g.Members, g.StateUUID = len(living), living, history
		default:
			panic(state)
		}
		s.Nodes = append(s.Nodes, n)
	}
	return s
}

func TestDiagnosis(t *testing.T) {
	for _, tc := range []struct{ name, seen, want string }{
		{"all well", "n1:synced n2:synced n3:synced", ""},
		{"a donor serves", "n1:donor n2:synced n3:synced", ""},
		{"a serving node whose host is silent is no problem", "n1:blackhost n2:synced n3:synced", ""},
		{"one process is gone", "n1:synced n2:down n3:synced", "galera-node-down n2"},
		{"two processes are gone", "n1:synced n2:down n3:down", "galera-node-down n2, galera-node-down n3"},
		{"a frozen node comes before a dead one", "n1:down n2:frozen n3:synced", "galera-node-frozen n2, galera-node-down n1"},
		{"an unreachable node is not a dead one", "n1:synced n2:unreachable n3:synced", "galera-node-unreachable n2"},
		{"a process that does not answer is not a dead one", "n1:synced n2:silent n3:synced", "galera-node-silent n2"},
		{"a node outside the primary component", "n1:synced n2:alone n3:synced", "galera-node-not-primary n2"},
		{"a joiner", "n1:synced n2:joiner n3:synced", "galera-node-not-synced n2"},
		{"no primary component hides the single nodes", "n1:alone n2:down n3:down", "galera-no-primary "},
		{"nothing answers", "n1:unreachable n2:unreachable n3:unreachable", "galera-no-primary "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, f := range remediator.Diagnose(Problems, states(tc.seen)) {
				got = append(got, f.Problem.Name+" "+f.Node)
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEveryProblemHasAPlanOrAnExplanation(t *testing.T) {
	s := states("n1:synced n2:down n3:frozen")
	for _, p := range Problems {
		plan, err := p.Plan(s, "n2")
		var veto *remediator.Veto
		if err != nil && !errors.As(err, &veto) {
			t.Errorf("%s: %v is not for a human", p.Name, err)
		}
		if err == nil && len(plan.Steps) == 0 {
			t.Errorf("%s: a plan without steps", p.Name)
		}
	}
}

func TestPlanForADeadNode(t *testing.T) {
	saved := func(uuid string) func(*cluster.Snapshot) {
		return func(s *cluster.Snapshot) { s.Nodes[1].Galera.Saved.UUID = uuid }
	}
	for _, tc := range []struct {
		name   string
		change func(*cluster.Snapshot)
		want   string // the plan, or the veto's beginning
	}{
		{"starts it", func(*cluster.Snapshot) {}, "start n2 (it rejoins the primary component)"},
		{"refuses when grastate.dat could not be read", func(s *cluster.Snapshot) { s.Nodes[1].Galera.Saved = nil }, "saved-position: the host of n2 could not read"},
		{"refuses a node that needs a full transfer", saved(zeroUUID), "saved-position: n2 holds no valid state"},
		{"refuses a node of another history", saved("99999999-2222-3333-4444-555555555555"), "saved-position: n2 holds the history"},
		{"waits while the others still count it", func(s *cluster.Snapshot) { s.Nodes[0].Galera.Members = []string{"n1", "n2", "n3"} }, "membership: n2 is still a member in the view of n1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := states("n1:synced n2:down n3:synced")
			tc.change(&s)
			plan, err := planStart(s, "n2")
			got := plan.String()
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, tc.want) {
				t.Errorf("got %q, want %q…", got, tc.want)
			}
		})
	}
}

func TestQuorum(t *testing.T) {
	three := inventory.Cluster{Nodes: make([]inventory.Node, 3)}
	two := inventory.Cluster{Nodes: make([]inventory.Node, 2), Arbitrator: &inventory.Arbitrator{}}
	for _, tc := range []struct {
		name    string
		cluster inventory.Cluster
		seen    string
		change  func(*cluster.Snapshot)
		want    string
	}{
		{"two of three live", three, "n1:synced n2:down n3:synced", nil, ""},
		{"one of three lives", three, "n1:synced n2:down n3:down", nil, "only 1 of 3 members"},
		{"one of two and the arbitrator live", two, "n1:synced n2:down", func(s *cluster.Snapshot) { s.Nodes[0].Galera.Size = 2 }, ""},
		{"one of two lives, the arbitrator does not", two, "n1:synced n2:down", nil, "only 1 of 3 members"},
		{"none is primary", three, "n1:alone n2:down n3:alone", nil, "cannot tell"},
		{"they disagree on how many they are", three, "n1:synced n2:down n3:synced", func(s *cluster.Snapshot) { s.Nodes[0].Galera.Size = 3 }, "cannot tell"},
		{"they hold two histories", three, "n1:synced n2:down n3:synced", func(s *cluster.Snapshot) { s.Nodes[0].Galera.StateUUID = "x" }, "cannot tell"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := states(tc.seen)
			if tc.change != nil {
				tc.change(&s)
			}
			err := Quorum{}.Check(t.Context(), remediator.Case{Cluster: tc.cluster, Snapshot: s})
			got := ""
			if veto, ok := errors.AsType[*remediator.Veto](err); ok {
				got = veto.Reason
			} else if err != nil {
				got = "cannot tell: " + err.Error()
			}
			if (got == "") != (tc.want == "") || !strings.HasPrefix(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestPeersAreBelievedOnlyIfTheyNameThemselves(t *testing.T) {
	c := inventory.Cluster{Nodes: []inventory.Node{{Name: "n1"}, {Name: "n2"}, {Name: "n3"}}}
	s := states("n1:synced n2:down n3:synced")
	for i := range s.Nodes {
		s.Nodes[i].Sights = []cluster.Sight{{Seat: "sql"}}
	}
	known := make([]wsrep.Members, 3)
	for i := range known {
		known[i].Known = true
	}
	if got := len(lookByPeers(c, s, known, 1)); got != 2 {
		t.Errorf("%d peers spoke, want 2", got)
	}
	s.Nodes[0].Galera.Members = []string{"n3"} // kagu.yaml's address of n1 is not what n1 says
	if got := len(lookByPeers(c, s, known, 1)); got != 1 {
		t.Errorf("%d peers spoke, want 1: n1 does not know itself", got)
	}
}

func TestAHostCannotDriveTheScreenOfWhoLooks(t *testing.T) {
	n := cluster.Node{StoppedBy: "ana\x1b[2J", Galera: &cluster.Galera{}, Sights: []cluster.Sight{{Note: "a\r\nb\u202e"}}}
	clean(&n)
	if n.StoppedBy != "ana·[2J" || n.Sights[0].Note != "a··b·" {
		t.Errorf("got %q and %q", n.StoppedBy, n.Sights[0].Note)
	}
}

func TestOdd(t *testing.T) {
	s := states("n1:synced n2:synced n3:synced")
	if odd := Odd(s); len(odd) != 0 {
		t.Errorf("a healthy cluster has odd members: %v", odd)
	}
	s.Nodes[2].Galera.Size = 1
	if odd := Odd(s); odd["n3"] != "counts 1 members, the others 3" {
		t.Errorf("got %v", odd)
	}
}

func TestThePageNamesEveryProblem(t *testing.T) {
	text, err := os.ReadFile("../../docs/remediator.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Problems {
		if !strings.Contains(string(text), "| `"+p.Name+"` |") {
			t.Errorf("docs/remediator.md does not explain %s", p.Name)
		}
	}
	if !strings.Contains(string(text), "| `"+Quorum{}.Name()+"` |") {
		t.Error("docs/remediator.md does not explain the quorum guard")
	}
}
