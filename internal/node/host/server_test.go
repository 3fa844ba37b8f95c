package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// fakeUnits stands in for systemd, which does not run where tests run.
type fakeUnits struct {
	unit    unit
	env     []string
	envErr  error
	startTo string // the ActiveState after a start
	calls   *[]string
}

func (f *fakeUnits) Show(context.Context, string) (unit, error)    { return f.unit, nil }
func (f *fakeUnits) Environment(context.Context) ([]string, error) { return f.env, f.envErr }
func (f *fakeUnits) Close()                                        {}
func (f *fakeUnits) Stop(_ context.Context, name string) error {
	return f.job("stop", name, "inactive")
}

func (f *fakeUnits) Start(_ context.Context, n string, _ time.Duration) error {
	return f.job("start", n, f.startTo)
}

func (f *fakeUnits) job(verb, name, then string) error {
	*f.calls = append(*f.calls, verb+" "+name)
	f.unit.Active = then
	return nil
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newServer is a host with one member under systemd, that crashed.
func newServer(t *testing.T) (*Server, *fakeUnits) {
	t.Helper()
	dir := t.TempDir()
	state := "# GALERA saved state\nversion: 2.1\nuuid:    " + aUUID + "\nseqno:   -1\nsafe_to_bootstrap: 0\n"
	if err := os.WriteFile(filepath.Join(dir, "grastate.dat"), []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	db1 := inventory.Host{Name: "db1"}
	s := New(&inventory.Fleet{Clusters: []inventory.Cluster{{Name: "backoffice", Nodes: []inventory.Node{
		{Name: "n1", Role: cluster.RoleMember, Host: db1, Service: "mariadb.service", DataDir: dir},
		{Name: "n2", Role: cluster.RoleMember, Host: inventory.Host{Name: "db2"}, Service: "mariadb.service"},
	}}}}, "db1", filepath.Join(t.TempDir(), "state"))
	fake := &fakeUnits{calls: new([]string), startTo: "reloading", unit: unit{Load: "loaded", Active: "failed", Sub: "failed", Result: "signal"}}
	s.openUnits = func(context.Context) (units, error) { return fake, nil }
	s.now = func() time.Time { return noon }
	s.StopWait = time.Second
	return s, fake
}

func ask(verb node.Verb, id string) node.Request {
	return node.Request{Version: 1, Verb: verb, Cluster: "backoffice", Node: "n1", ID: id, By: "remediator", NotAfter: noon.Add(time.Minute)}
}

func TestAnswer(t *testing.T) {
	for _, tc := range []struct {
		name    string
		prepare func(t *testing.T, s *Server, f *fakeUnits)
		r       node.Request
		refused string
		failed  string
		calls   []string
	}{
		{name: "a crashed member is started", r: ask(node.Start, "00000001"), calls: []string{"start mariadb.service"}},
		{name: "what dies at once was not started", r: ask(node.Start, "00000001"), failed: "gone already", prepare: func(_ *testing.T, _ *Server, f *fakeUnits) { f.startTo = "failed" }, calls: []string{"start mariadb.service"}},
		{name: "a stop", r: ask(node.Stop, "00000001"), prepare: func(_ *testing.T, _ *Server, f *fakeUnits) { f.unit.Active = "activating" }, calls: []string{"stop mariadb.service"}},
		{name: "a stop of what is down does nothing", r: ask(node.Stop, "00000001")},
		{name: "another host's node", r: node.Request{Version: 1, Verb: node.Report, Cluster: "backoffice", Node: "n2"}, refused: "lives on host db2, this is db1"},
		{name: "systemd would bootstrap", r: ask(node.Start, "00000001"), refused: "_WSREP_NEW_CLUSTER", prepare: func(_ *testing.T, _ *Server, f *fakeUnits) {
			f.env = []string{"_WSREP_NEW_CLUSTER=--wsrep-new-cluster"}
		}},
		{name: "whether systemd would bootstrap is not known", r: ask(node.Start, "00000001"), refused: "is not known", prepare: func(_ *testing.T, _ *Server, f *fakeUnits) { f.envErr = errors.New("gone") }},
		{name: "systemd does not answer", r: ask(node.Start, "00000001"), refused: "no bus", prepare: func(_ *testing.T, s *Server, _ *fakeUnits) {
			s.openUnits = func(context.Context) (units, error) { return nil, errors.New("no bus") }
		}},
		{name: "another verb is going on", r: ask(node.Start, "00000001"), refused: "another verb", prepare: func(t *testing.T, s *Server, _ *fakeUnits) {
			unlock, err := s.nodeDir("backoffice", "n1").lock()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(unlock)
		}},
		{name: "the state folder cannot be made", r: ask(node.Start, "00000001"), refused: "nothing is done that cannot be written down", prepare: func(t *testing.T, s *Server, _ *fakeUnits) {
			if err := os.WriteFile(s.StateDir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "the IDs cannot be read", r: ask(node.Start, "00000001"), refused: "ids.json", prepare: spoil("ids.json")},
		{name: "the stop intent cannot be read", r: ask(node.Start, "00000001"), refused: "whether an operator stopped it is not known", prepare: spoil("stop.json")},
		{name: "a panic", r: ask(node.Report, ""), failed: "internal error", prepare: func(_ *testing.T, s *Server, _ *fakeUnits) {
			s.now = func() time.Time { panic("clock") }
		}},
		{name: "a helper writes into the data directory", r: ask(node.Start, "00000001"), refused: "open for writing", prepare: func(t *testing.T, s *Server, _ *fakeUnits) {
			writer := exec.CommandContext(t.Context(), "sleep", "60")
			f, err := os.Create(filepath.Join(s.Fleet.Clusters[0].Nodes[0].DataDir, "ibdata1.part"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			writer.Stdout = f
			if err := writer.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = writer.Process.Kill(); _ = writer.Wait() })
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, fake := newServer(t)
			if tc.prepare != nil {
				tc.prepare(t, s, fake)
			}
			got := s.Answer(t.Context(), tc.r)
			if !strings.Contains(got.Refused, tc.refused) || !strings.Contains(got.Error, tc.failed) ||
				got.Done != (tc.refused == "" && tc.failed == "") || (got.Refused != "") != (tc.refused != "") {
				t.Errorf("got done %v, refused %q, error %q", got.Done, got.Refused, got.Error)
			}
			if strings.Join(*fake.calls, ",") != strings.Join(tc.calls, ",") {
				t.Errorf("systemd was asked for %q, want %q", *fake.calls, tc.calls)
			}
		})
	}
}

func spoil(name string) func(*testing.T, *Server, *fakeUnits) {
	return func(t *testing.T, s *Server, _ *fakeUnits) {
		d := s.nodeDir("backoffice", "n1")
		if err := os.MkdirAll(d.path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.path, name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnIDIsRememberedBeforeTheAct(t *testing.T) {
	s, fake := newServer(t)
	if r := s.Answer(t.Context(), ask(node.Start, "first-id")); !r.Done {
		t.Fatalf("%+v", r)
	}
	fake.unit.Active = "failed"
	r := s.Answer(t.Context(), ask(node.Start, "first-id"))
	if r.Done || !strings.Contains(r.Refused, "came before") || !strings.Contains(r.Refused, "done") || len(*fake.calls) != 1 {
		t.Errorf("%+v, calls %v", r, *fake.calls)
	}

	d := s.nodeDir("backoffice", "n1")
	if err := d.remember(ask(node.Start, "killed-in-between"), noon); err != nil {
		t.Fatal(err)
	}
	r = s.Answer(t.Context(), ask(node.Start, "killed-in-between"))
	if !strings.Contains(r.Refused, "may have been carried out") || len(*fake.calls) != 1 {
		t.Errorf("%+v, calls %v", r, *fake.calls)
	}
}

func TestIDsAreBoundedInNumberAndAge(t *testing.T) {
	d := stateDir{t.TempDir()}
	old := make([]seen, seenMost)
	for i := range old {
		old[i] = seen{ID: fmt.Sprintf("id-%06d", i), At: noon.Add(-time.Hour), NotAfter: noon.Add(-time.Hour)}
	}
	if err := d.save(seenFile, old); err != nil {
		t.Fatal(err)
	}
	if err := d.remember(ask(node.Start, "one-more-1"), noon); err != nil {
		t.Fatal(err)
	}
	var list []seen
	if err := d.load(seenFile, &list); err != nil || len(list) != seenMost || list[0].ID != "id-000001" || list[seenMost-1].ID != "one-more-1" {
		t.Errorf("%v, %d kept", err, len(list))
	}
	if err := d.remember(ask(node.Start, "a-week-on-1"), noon.Add(8*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if list = nil; d.load(seenFile, &list) != nil || len(list) != 1 {
		t.Errorf("%d kept after a week", len(list))
	}
	for i := range old {
		old[i].NotAfter = noon.Add(time.Minute)
	}
	if err := d.save(seenFile, old); err != nil {
		t.Fatal(err)
	}
	if err := d.remember(ask(node.Start, "flood-id-1"), noon); err == nil {
		t.Error("an ID that could still be used again was forgotten")
	}
}

func TestAnOperatorsStopSurvivesAndIsNotReplaced(t *testing.T) {
	s, fake := newServer(t)
	byAlice := ask(node.Stop, "alice-stops")
	byAlice.Operator, byAlice.By = true, "alice"
	if r := s.Answer(t.Context(), byAlice); !r.Done || !strings.Contains(r.State.StoppedBy, "alice") {
		t.Fatalf("%+v", r)
	}
	fake.unit.Active = "activating" // somebody started it by hand, and the remediator stops it
	if r := s.Answer(t.Context(), ask(node.Stop, "remediator-stops")); !r.Done {
		t.Fatalf("%+v", r)
	}
	again := New(s.Fleet, "db1", s.StateDir) // after a reboot
	again.openUnits, again.now = s.openUnits, s.now
	if r := again.Answer(t.Context(), ask(node.Start, "remediator-starts")); !strings.Contains(r.Refused, "operator alice") {
		t.Errorf("%+v", r)
	}
	byAlice = ask(node.Start, "alice-starts")
	byAlice.Operator, byAlice.By = true, "alice"
	if r := again.Answer(t.Context(), byAlice); !r.Done || len(*fake.calls) != 2 {
		t.Errorf("%+v, calls %v", r, *fake.calls)
	}
}

func TestTheAuditIsBounded(t *testing.T) {
	d := stateDir{t.TempDir()}
	if err := os.WriteFile(filepath.Join(d.path, auditFile), make([]byte, auditMax+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.audit(ask(node.Stop, "00000001"), "10.0.0.5", noon, "done"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(d.path, auditFile))
	if err != nil || info.Size() > 1000 {
		t.Errorf("%v %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(d.path, auditFile+".1")); err != nil {
		t.Error(err)
	}
}
