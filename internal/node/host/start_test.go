package host

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

const aUUID = "a568d30f-e6f5-11f1-9997-7a99dfe76878"

// crashed is a member that was killed: it may be started.
func crashed() facts {
	return facts{
		state:    node.State{Process: cluster.ProcessAbsent},
		saved:    &cluster.SavedPosition{UUID: aUUID, Seqno: -1},
		diskFree: 0.5,
	}
}

func TestMayStart(t *testing.T) {
	for _, tc := range []struct {
		name     string
		change   func(*facts, *inventory.Node)
		operator bool
		err      string
	}{
		{name: "a member that crashed"},
		{name: "its process runs", change: func(f *facts, _ *inventory.Node) { f.state.Process, f.state.PID = cluster.ProcessRunning, 7 }, err: "process 7 is running"},
		{name: "its process is frozen", change: func(f *facts, _ *inventory.Node) { f.state.Process = cluster.ProcessFrozen }, err: "frozen"},
		{name: "its process is frozen, an operator asks", change: func(f *facts, _ *inventory.Node) { f.state.Process = cluster.ProcessFrozen }, operator: true, err: "frozen"},
		{name: "whether its process exists is not known", operator: true, change: func(f *facts, _ *inventory.Node) {
			f.state.Process, f.doubt, f.state.Notes = cluster.ProcessUnknown, "hidepid", []string{"hidepid", "grastate.dat: no such file"}
		}, err: "not known: hidepid"},
		{name: "a state this release does not know", change: func(f *facts, _ *inventory.Node) { f.state.Process = "" }, err: "not known"},
		{name: "stopped on purpose", change: func(f *facts, _ *inventory.Node) { f.state.StoppedBy = "operator alice" }, err: "on purpose by operator alice"},
		{name: "stopped on purpose, an operator starts it", operator: true, change: func(f *facts, _ *inventory.Node) { f.state.StoppedBy = "operator alice" }},
		{name: "systemd restarts it by itself", change: func(f *facts, _ *inventory.Node) {
			f.unit = &unit{Active: "activating", Sub: "auto-restart"}
		}, err: "about to start"},
		{name: "no data directory", operator: true, change: func(f *facts, _ *inventory.Node) { f.dataDir = errors.New("no such file") }, err: "data directory is not there"},
		{name: "disk nearly full", operator: true, change: func(f *facts, _ *inventory.Node) { f.diskFree = 0.049 }, err: "only 4.9 %"},
		{name: "disk at the limit", change: func(f *facts, _ *inventory.Node) { f.diskFree = 0.05 }},
		{name: "disk not known", change: func(f *facts, _ *inventory.Node) { f.noDisk = errors.New("stuck") }, err: "stuck"},
		{name: "zero UUID", change: func(f *facts, _ *inventory.Node) { f.saved.UUID = zeroUUID }, err: "full state transfer"},
		{name: "zero UUID, an operator starts it", operator: true, change: func(f *facts, _ *inventory.Node) { f.saved.UUID = zeroUUID }},
		{name: "no grastate.dat", change: func(f *facts, _ *inventory.Node) { f.saved, f.noSaved = nil, errors.New("not there") }, err: "not known (not there)"},
		{name: "no grastate.dat, an operator starts it", operator: true, change: func(f *facts, _ *inventory.Node) { f.saved, f.noSaved = nil, errors.New("not there") }},
		{name: "a start command that bootstraps", operator: true, change: func(_ *facts, n *inventory.Node) { n.Start = []string{"/m", "--wsrep-new-cluster"} }, err: "begins a new cluster"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, n := crashed(), inventory.Node{Name: "n1", Role: cluster.RoleMember, DataDir: "/d", Start: []string{"/m"}}
			if tc.change != nil {
				tc.change(&f, &n)
			}
			err := mayStart(node.Request{Operator: tc.operator}, n, inventory.Policy{MinDiskFree: 0.05}, f)
			checkRefusal(t, err, tc.err)
		})
	}
}

func TestBootstraps(t *testing.T) {
	for _, tc := range []struct {
		name string
		argv []string
		err  string
	}{
		{name: "an ordinary start", argv: []string{"/usr/sbin/mariadbd", "--defaults-file=/x", "--wsrep-cluster-address=gcomm://10.0.0.1"}},
		{name: "the option", argv: []string{"/m", "--wsrep-new-cluster"}, err: "--wsrep-new-cluster"},
		{name: "with underscores", argv: []string{"/m", "--wsrep_new_cluster"}, err: "begins a new cluster"},
		{name: "cut short, which the server takes", argv: []string{"/m", "--wsrep-new"}, err: "begins a new cluster"},
		{name: "with a value", argv: []string{"/m", "--wsrep-new-cluster=1"}, err: "begins a new cluster"},
		{name: "loose", argv: []string{"/m", "--loose-wsrep-new-cluster"}, err: "begins a new cluster"},
		{name: "no peer", argv: []string{"/m", "--wsrep-cluster-address=gcomm://"}, err: "names no peer"},
		{name: "no peer, as two arguments", argv: []string{"/m", "--wsrep_cluster_address", "gcomm://"}, err: "names no peer"},
		{name: "no peer but options", argv: []string{"/m", "--wsrep-cluster-address=gcomm://?pc.wait_prim=no"}, err: "names no peer"},
		{name: "another option that begins alike", argv: []string{"/m", "--wsrep-node-name=n1", "--wsrep-cluster-name=x"}},
	} {
		t.Run(tc.name, func(t *testing.T) { checkRefusal(t, bootstraps(tc.argv), tc.err) })
	}
	t.Run("systemd's environment left over from galera_new_cluster", func(t *testing.T) {
		checkRefusal(t, bootstrapsByEnvironment([]string{"LANG=C", "_WSREP_NEW_CLUSTER=--wsrep-new-cluster"}), "unset-environment")
	})
	t.Run("systemd's environment is clean", func(t *testing.T) {
		checkRefusal(t, bootstrapsByEnvironment([]string{"LANG=C", "_WSREP_NEW_CLUSTER=''", "_WSREP_START_POSITION=x"}), "")
	})
}

func TestStoppedBy(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	saved := func(seqno int64) *cluster.SavedPosition {
		return &cluster.SavedPosition{UUID: aUUID, Seqno: seqno}
	}
	absent := node.State{Process: cluster.ProcessAbsent}
	const service = "mariadb.service"
	for _, tc := range []struct {
		name    string
		service string
		f       facts
		last    *stop
		want    string // "" means nobody is known
	}{
		{name: "killed", f: facts{state: absent, saved: saved(-1)}},
		{name: "shut down in order", f: facts{state: absent, saved: saved(42), savedAt: noon}, want: "seqno 42"},
		{name: "shut down in order by the remediator", f: facts{state: absent, saved: saved(42), savedAt: noon}, last: &stop{By: "remediator", At: noon.Add(-3 * time.Second), Ended: noon}},
		{name: "by the remediator, and again by somebody later", f: facts{state: absent, saved: saved(42), savedAt: noon.Add(time.Hour)}, last: &stop{By: "remediator", At: noon.Add(-3 * time.Second), Ended: noon}, want: "clean shutdown"},
		{name: "it runs", f: facts{state: node.State{Process: cluster.ProcessRunning}, saved: saved(42)}},
		{name: "unknown", f: facts{saved: saved(42)}},
		{name: "an operator's stop", f: facts{state: absent, saved: saved(-1)}, last: &stop{Operator: true, By: "alice", Why: "memory", At: noon}, want: "operator alice: memory"},
		{name: "an operator's stop, still ending", f: facts{state: node.State{Process: cluster.ProcessRunning}}, last: &stop{Operator: true, By: "alice", At: noon}, want: "operator alice"},

		{name: "systemd: stopped", service: service, f: facts{state: absent, saved: saved(-1), unit: &unit{Active: "inactive", Sub: "dead", Result: "success", Stopped: noon}}, want: "inactive/dead/success"},
		{name: "systemd: killed", service: service, f: facts{state: absent, saved: saved(-1), unit: &unit{Active: "failed", Result: "signal", Stopped: noon}}},
		{name: "systemd: killed, with an old position", service: service, f: facts{state: absent, saved: saved(42), unit: &unit{Active: "failed", Result: "signal", Stopped: noon}}},
		{name: "systemd: power cut, the unit is not enabled", service: service, f: facts{state: absent, saved: saved(-1), savedAt: noon.Add(-time.Hour), boot: noon, unit: &unit{Active: "inactive", Result: "success"}}},
		{name: "systemd: stopped in the middle of a join, and forgot when", service: service, f: facts{state: absent, saved: saved(-1), savedAt: noon.Add(time.Hour), boot: noon, unit: &unit{Active: "inactive", Result: "success"}}, want: "clean shutdown"},
		{name: "systemd: clean reboot, the unit is not enabled", service: service, f: facts{state: absent, saved: saved(42), savedAt: noon, unit: &unit{Active: "inactive", Result: "success"}}, want: "clean shutdown"},
		{name: "systemd: stopped by the remediator", service: service, f: facts{state: absent, unit: &unit{Active: "inactive", Result: "success", Stopped: noon}}, last: &stop{By: "remediator", At: noon.Add(-time.Minute)}},
		{name: "systemd does not answer", service: service, f: facts{state: absent, saved: saved(42)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			who, at := stoppedBy(inventory.Node{Service: tc.service}, tc.f, tc.last)
			if (who == "") != (tc.want == "") || !strings.Contains(who, tc.want) || (who == "") != at.IsZero() {
				t.Errorf("got %q at %v, want %q", who, at, tc.want)
			}
		})
	}
}

func checkRefusal(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var no *refusal
	if !errors.As(err, &no) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a refusal that says %q", err, want)
	}
}
