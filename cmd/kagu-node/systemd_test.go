package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/systemdtest"
)

// manager is a real systemd. kagu-node runs in its mount namespace and talks D-Bus to it.
type manager struct {
	systemdtest.Manager
	t    *testing.T
	dir  string
	node []string // kagu-node and its flags
}

const unitName = "kagu-node-test.service"

// server does to grastate.dat what MariaDB does at its start and at the end of a clean
// shutdown. The real one is in the other test; here the matter is systemd.
const server = `
sed -i 's/^seqno:.*/seqno:   -1/' GRASTATE
trap 'sed -i "s/^seqno:.*/seqno:   42/" GRASTATE; exit 0' TERM
: > UP
sleep 3600 & wait
`

func newManager(t *testing.T) manager {
	t.Helper()
	needs.Servers(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	kaguNode := needs.Build(t, ".")
	must(t, os.MkdirAll(in("data"), 0o700))
	must(t, os.WriteFile(in("server"), []byte(strings.NewReplacer("GRASTATE", in("data/grastate.dat"), "UP", in("up")).Replace(server)), 0o600))
	crashed := []byte("# GALERA saved state\nversion: 2.1\nuuid:    a568d30f-e6f5-11f1-9997-7a99dfe76878\nseqno:   -1\nsafe_to_bootstrap: 0\n")
	must(t, os.WriteFile(in("data/grastate.dat"), crashed, 0o600))
	longAgo := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	must(t, os.Chtimes(in("data/grastate.dat"), longAgo, longAgo))
	must(t, os.WriteFile(in("kagu.yaml"), []byte(fmt.Sprintf(`
site: test
credentials:
  monitor: {user: nobody, password_file: /nonexistent}
hosts:
  db1: {address: 127.61.2.1}
clusters:
  backoffice:
    kind: galera
    policy: {min_disk_free: 0.001}
    nodes:
      - {name: n1, host: db1, sql: "127.61.2.1:3306", service: %s, datadir: %s}
`, unitName, in("data"))), 0o600))

	systemd := systemdtest.Start(t, map[string]string{unitName: "[Service]\nExecStart=/bin/sh " + in("server") + "\n"})
	return manager{systemd, t, dir, []string{kaguNode, "--config.file=" + in("kagu.yaml"), "--host=db1", "--state.dir=" + in("state"), "--stop.timeout=10s"}}
}

// inside runs a program beside systemd. kagu-node's exit code is in its reply.
func (m manager) inside(stdin string, argv ...string) []byte {
	m.t.Helper()
	out, _ := m.Run(stdin, argv...)
	return out
}

func (m manager) ask(verb node.Verb, id string, operator bool) node.Reply {
	m.t.Helper()
	r := request(verb, id, operator)
	r.Version = node.Version
	wire, err := r.Encode()
	must(m.t, err)
	reply, err := node.ParseReply(m.inside(wire, m.node...), verb)
	must(m.t, err)
	return reply
}

// start starts the unit and waits until the server in it is as far as MariaDB is when systemd is told that
// it is ready: to systemd a program like this one is running as soon as there is a process.
func (m manager) start(id string, operator bool) node.Reply {
	m.t.Helper()
	up := filepath.Join(m.dir, "up")
	_ = os.Remove(up) // there is none before the first start
	reply := m.ask(node.Start, id, operator)
	for end := time.Now().Add(time.Minute); reply.Done && !exists(up); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Fatalf("the server does not come up: %+v", reply.State)
		}
	}
	return reply
}

func TestAUnitIsWatchedStartedAndStopped(t *testing.T) {
	m := newManager(t)
	check := func(reply node.Reply, process cluster.Process, unit, says string) {
		t.Helper()
		if reply.State == nil || reply.State.Process != process || reply.State.Unit != unit || !strings.Contains(reply.Refused+reply.Error+reply.State.StoppedBy, says) {
			t.Errorf("want %s, %s, %q; got %+v %+v", process, unit, says, reply, reply.State)
		}
	}
	check(m.ask(node.Report, "", false), cluster.ProcessAbsent, "inactive/dead/success", "")

	up := m.start("start-crashed", false) // never ran since boot, no clean shutdown
	check(up, cluster.ProcessRunning, "active/running/success", "")
	check(m.ask(node.Start, "start-twice-1", false), cluster.ProcessRunning, "active/running/success", "is running")

	must(t, syscall.Kill(up.State.PID, syscall.SIGSTOP))
	check(m.ask(node.Start, "start-frozen", true), cluster.ProcessFrozen, "active/running/success", "frozen")
	must(t, syscall.Kill(up.State.PID, syscall.SIGCONT))

	must(t, syscall.Kill(up.State.PID, syscall.SIGKILL))
	m.until(cluster.ProcessAbsent)
	check(m.ask(node.Report, "", false), cluster.ProcessAbsent, "failed/failed/signal", "")

	m.inside("", "systemctl", "--user", "set-environment", "_WSREP_NEW_CLUSTER=--wsrep-new-cluster", "OTHER=a b, c")
	check(m.ask(node.Start, "start-bootstrap", true), cluster.ProcessAbsent, "failed/failed/signal", "unset-environment _WSREP_NEW_CLUSTER")
	m.inside("", "systemctl", "--user", "unset-environment", "_WSREP_NEW_CLUSTER")

	check(m.start("start-killed-1", false), cluster.ProcessRunning, "active/running/success", "")
	m.inside("", "systemctl", "--user", "stop", unitName)
	check(m.ask(node.Report, "", false), cluster.ProcessAbsent, "inactive/dead/success", "a clean shutdown")
	check(m.ask(node.Start, "start-stopped-1", false), cluster.ProcessAbsent, "inactive/dead/success", "stopped on purpose")

	check(m.start("operator-start", true), cluster.ProcessRunning, "active/running/success", "")
	if reply := m.ask(node.Stop, "remediator-stop", false); !reply.Done || reply.State.Process != cluster.ProcessAbsent || reply.State.StoppedBy != "" {
		t.Errorf("the remediator's own stop is nobody's intent: %+v %+v", reply, reply.State)
	}
	check(m.start("remediator-start", false), cluster.ProcessRunning, "active/running/success", "")

	must(t, os.WriteFile(filepath.Join(m.dir, "server"), []byte("exit 3\n"), 0o600))
	if reply := m.ask(node.Stop, "operator-stop", true); !reply.Done {
		t.Errorf("%+v", reply)
	}
	if reply := m.ask(node.Start, "start-what-dies", true); !reply.Done && reply.Error == "" {
		t.Errorf("%+v", reply)
	}
	m.until(cluster.ProcessAbsent)
	check(m.ask(node.Report, "", false), cluster.ProcessAbsent, "failed/failed/exit-code", "")
}

func (m manager) until(want cluster.Process) {
	m.t.Helper()
	var seen []cluster.Process
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		state := m.ask(node.Report, "", false).State
		if state.Process == want && !slices.Contains([]string{"active", "activating"}, strings.Split(state.Unit, "/")[0]) {
			return
		}
		seen = append(seen, state.Process)
	}
	m.t.Fatalf("never %s: %v", want, seen)
}
