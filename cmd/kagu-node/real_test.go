package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sshrun"
	"github.com/kagu-db/kagu/internal/sshrun/sshtest"
)

// The whole way, with the real programs: client, sshd, kagu-node as its forced command, and a
// MariaDB server with Galera.

// site is one database host with one node, reached over SSH.
type site struct {
	t      *testing.T
	dir    string
	host   inventory.Host
	client node.Client
	argv   []string
}

func (s site) in(name string) string { return filepath.Join(s.dir, name) }

func newSite(t *testing.T) site {
	t.Helper()
	needs.Servers(t)
	mariadbd, install := needs.Program(t, "mariadbd", "mariadb-server"), needs.Program(t, "mariadb-install-db", "mariadb-server")
	const provider = "/usr/lib/galera/libgalera_smm.so"
	needs.File(t, provider, "galera-4")
	s := site{t: t, dir: t.TempDir()}
	must(t, os.Chmod(s.dir, 0o755))
	kaguNode := needs.Build(t, ".")
	s.argv = []string{mariadbd, "--defaults-file=" + s.in("my.cnf")}
	if os.Geteuid() == 0 {
		s.argv = append(s.argv, "--user=root")
	}
	const address = "127.61.1.1"
	sql, group, ist := needs.Port(t, address), needs.Port(t, address), needs.Port(t, address)
	must(t, os.WriteFile(s.in("my.cnf"), []byte(strings.Join([]string{
		"[mysqld]", "datadir=" + s.in("data"), "tmpdir=" + s.dir, "socket=" + s.in("s"), "pid-file=" + s.in("pid"), "log-error=" + s.in("error.log"),
		"bind-address=" + address, "port=" + sql, "binlog_format=ROW", "innodb_autoinc_lock_mode=2", "innodb_buffer_pool_size=32M",
		"innodb_log_file_size=16M", "performance_schema=OFF", "wsrep_on=ON", "wsrep_provider=" + provider, "wsrep_cluster_name=nodetest",
		"wsrep_cluster_address=gcomm://" + address + ":" + group + ",127.61.1.2:" + group, // the second is never there: itself alone is no address "wsrep_node_address=" + address, "wsrep_node_name=n1",
		fmt.Sprintf("wsrep_provider_options=\"gcache.size=16M;gmcast.listen_addr=tcp://%s:%s;ist.recv_addr=%s:%s\"", address, group, address, ist), "",
	}, "\n")), 0o644))
	args := []string{"--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--force", "--datadir=" + s.in("data"), "--tmpdir=" + s.dir}
	if out, err := exec.Command(install, args...).CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}

	server := sshtest.Start(t, kaguNode+" --config.file="+s.in("kagu.yaml")+" --host=db1 --state.dir="+s.in("state")+" --stop.timeout=5s")
	s.host, s.client = server.Host, node.Client{SSH: sshrun.Runner{Account: server.Account}}
	quoted := make([]string, len(s.argv))
	for i, arg := range s.argv {
		quoted[i] = strconv.Quote(arg)
	}
	must(t, os.WriteFile(s.in("kagu.yaml"), []byte(fmt.Sprintf(`
site: test
credentials:
  monitor: {user: nobody, password_file: /nonexistent}
hosts:
  db1: {address: 127.61.1.1}
  db2: {address: 127.61.1.2}
clusters:
  backoffice:
    kind: galera
    policy: {min_disk_free: 0.001}
    nodes:
      - {name: n1, host: db1, sql: "%s:%s", start: [%s], datadir: %s, pid_file: %s, error_log: %s}
      - {name: n2, host: db2, sql: "127.61.1.2:3306", service: mariadb.service}
`, address, sql, strings.Join(quoted, ", "), s.in("data"), s.in("pid"), s.in("error.log"))), 0o644))
	t.Cleanup(func() {
		for _, pid := range s.servers() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return s
}

// servers lists the processes that run the node's start command, by a look of our own.
func (s site) servers() []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte("\x00"+s.argv[1]+"\x00")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func (s site) ask(verb node.Verb, id string, operator bool) node.Reply {
	s.t.Helper()
	reply, err := s.client.Do(s.t.Context(), s.host, request(verb, id, operator))
	if err != nil {
		s.t.Fatal(err)
	}
	return reply
}

func request(verb node.Verb, id string, operator bool) node.Request {
	r := node.Request{Verb: verb, Cluster: "backoffice", Node: "n1"}
	if verb != node.Report {
		r.ID, r.NotAfter, r.By, r.Operator = id, time.Now().Add(time.Minute), "remediator", operator
		r.Why = `$(touch /tmp/never); "quoted" 'text'`
		if operator {
			r.By = "alice"
		}
	}
	return r
}

func (s site) report() node.State {
	s.t.Helper()
	reply := s.ask(node.Report, "", false)
	if !reply.Done {
		s.t.Fatalf("report: %+v", reply)
	}
	return *reply.State
}

// until asks for reports until one fits.
func (s site) until(what string, fits func(node.State) bool) node.State {
	s.t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		state := s.report()
		if fits(state) {
			return state
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(s.in("error.log"))
			s.t.Fatalf("%s: never came, last report %+v\n%s", what, state, log)
		}
	}
}

func (s site) refused(reply node.Reply, because string) {
	s.t.Helper()
	if reply.Done || !strings.Contains(reply.Refused, because) {
		s.t.Errorf("want a refusal that says %q, got %+v", because, reply)
	}
}

func TestANodeIsWatchedStartedAndStoppedOverSSH(t *testing.T) {
	s := newSite(t)

	if state := s.report(); state.Process != cluster.ProcessAbsent || state.DiskTotal == 0 || state.DiskFree == 0 || state.MachineID == "" || state.BootID == "" {
		t.Fatalf("before anything was started: %+v", state)
	}
	s.refused(s.ask(node.Start, "no-position-1", false), "an operator may start it") // it never had a position

	// A human begins the cluster; kagu-node never does.
	first := exec.Command(s.argv[0], append(slices.Clone(s.argv[1:]), "--wsrep-new-cluster")...)
	must(t, first.Start())
	reaped := make(chan error, 1)
	go func() { reaped <- first.Wait() }()
	up := s.until("the first start", func(st node.State) bool {
		return st.Process == cluster.ProcessRunning && len(st.LastView) == 1 && strings.Contains(strings.Join(st.Log, "\n"), "ready for connections")
	})
	if up.PID != first.Process.Pid || time.Since(up.Since) > 10*time.Minute || up.Saved == nil || up.Saved.Seqno != -1 {
		t.Errorf("running: %+v", up)
	}
	s.refused(s.ask(node.Start, "beside-running", true), "is running")

	t.Run("without its pid file it is still seen", func(t *testing.T) {
		must(t, os.Remove(s.in("pid")))
		if state := s.report(); state.Process != cluster.ProcessRunning || state.PID != up.PID {
			t.Errorf("%+v", state)
		}
	})
	t.Run("a pid file that names somebody else does not hide it", func(t *testing.T) {
		must(t, os.WriteFile(s.in("pid"), []byte(strconv.Itoa(os.Getpid())), 0o644))
		if state := s.report(); state.Process != cluster.ProcessRunning || state.PID != up.PID || !strings.Contains(strings.Join(state.Notes, "\n"), "not this server") {
			t.Errorf("%+v", state)
		}
	})
	t.Run("frozen, it is neither started beside nor stopped", func(t *testing.T) {
		must(t, syscall.Kill(up.PID, syscall.SIGSTOP))
		defer func() { must(t, syscall.Kill(up.PID, syscall.SIGCONT)) }()
		if state := s.until("frozen", func(st node.State) bool { return st.Process == cluster.ProcessFrozen }); state.PID != up.PID {
			t.Errorf("%+v", state)
		}
		s.refused(s.ask(node.Start, "beside-frozen", true), "frozen")
		s.refused(s.ask(node.Stop, "stop-a-frozen", true), "frozen")
		if got := s.servers(); !slices.Equal(got, []int{up.PID}) {
			t.Errorf("processes: %v", got)
		}
	})

	must(t, syscall.Kill(up.PID, syscall.SIGKILL))
	<-reaped
	if state := s.report(); state.Process != cluster.ProcessAbsent || state.StoppedBy != "" || state.Saved == nil || state.Saved.Seqno != -1 || state.PID != 0 {
		t.Fatalf("killed: %+v", state)
	}

	t.Run("of starts at the same moment one is carried out", func(t *testing.T) {
		replies := make([]node.Reply, 6)
		var all sync.WaitGroup
		for i := range replies {
			all.Go(func() {
				reply, err := s.client.Do(t.Context(), s.host, request(node.Start, fmt.Sprintf("same-moment-%d", i%5), false)) // one ID comes twice
				if err != nil {
					t.Error(err)
				}
				replies[i] = reply
			})
		}
		all.Wait()
		done := 0
		for _, r := range replies {
			if r.Done {
				done++
			} else if r.Refused == "" {
				t.Errorf("neither done nor refused: %+v", r)
			}
		}
		if pids := s.servers(); done != 1 || len(pids) != 1 {
			t.Errorf("%d starts were carried out, processes %v", done, pids)
		}
	})
	// A member alone finds its last view again by itself.
	again := s.until("the second start", func(st node.State) bool { return st.Process == cluster.ProcessRunning && listening(s) })
	if again.PID == up.PID {
		t.Error("the process is the old one")
	}

	t.Run("an ID is carried out once", func(t *testing.T) {
		must(t, syscall.Kill(again.PID, syscall.SIGKILL))
		s.until("killed", func(st node.State) bool { return st.Process == cluster.ProcessAbsent })
		if reply := s.ask(node.Start, "carried-out-once", false); !reply.Done || reply.State.Process != cluster.ProcessRunning {
			t.Fatalf("start: %+v", reply)
		}
		pids := s.servers()
		must(t, syscall.Kill(pids[0], syscall.SIGKILL))
		s.until("killed again", func(st node.State) bool { return st.Process == cluster.ProcessAbsent })
		s.refused(s.ask(node.Start, "carried-out-once", false), "came before")
		if pids := s.servers(); len(pids) != 0 {
			t.Errorf("processes: %v", pids)
		}
	})

	t.Run("a shutdown nobody asked us for is somebody's intent", func(t *testing.T) {
		if reply := s.ask(node.Start, "up-for-shutdown", false); !reply.Done {
			t.Fatalf("start: %+v", reply)
		}
		state := s.until("up", func(st node.State) bool { return listening(s) && len(st.LastView) == 1 })
		must(t, syscall.Kill(state.PID, syscall.SIGTERM))
		state = s.until("down", func(st node.State) bool { return st.Process == cluster.ProcessAbsent })
		if !strings.Contains(state.StoppedBy, "a clean shutdown") || state.Saved.Seqno < 0 || time.Since(state.StoppedAt) > 10*time.Minute {
			t.Errorf("%+v", state)
		}
		s.refused(s.ask(node.Start, "against-intent", false), "stopped on purpose")
	})

	t.Run("an operator's stop holds until an operator's start", func(t *testing.T) {
		if reply := s.ask(node.Start, "operators-start", true); !reply.Done {
			t.Fatalf("start: %+v", reply)
		}
		// It stopped in order, so its last view is forgotten and it waits for peers; that will do.
		if reply := s.ask(node.Stop, "operators-stop", true); reply.Refused != "" || !strings.Contains(reply.State.StoppedBy, "operator alice") {
			t.Errorf("stop: %+v", reply)
		}
		for _, pid := range s.servers() {
			must(t, syscall.Kill(pid, syscall.SIGKILL))
		}
		s.until("gone", func(st node.State) bool { return st.Process == cluster.ProcessAbsent })
		s.refused(s.ask(node.Start, "against-operator", false), "stopped on purpose by operator alice")
		if reply := s.ask(node.Start, "operator-again-1", true); !reply.Done || reply.State.StoppedBy != "" {
			t.Errorf("start: %+v", reply)
		}
	})

	t.Run("a verb that the key is not given", func(t *testing.T) {
		reply, err := s.client.Stream(t.Context(), s.host, request(node.Backup, "never-given-1", false), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		s.refused(reply, "for heal and may not ask for backup")
	})

	t.Run("late, early and foreign requests are refused", func(t *testing.T) {
		late := request(node.Start, "comes-too-late", false)
		late.NotAfter = time.Now().Add(-time.Second)
		early := request(node.Start, "comes-too-early", false)
		early.NotAfter = time.Now().Add(10 * time.Minute)
		foreign := request(node.Report, "", false)
		foreign.Node = "n2"
		unknown := request(node.Report, "", false)
		unknown.Cluster = "frontoffice"
		for because, r := range map[string]node.Request{"after its not_after": late, "more than 2m0s": early, "lives on host db2": foreign, "has no cluster": unknown} {
			reply, err := s.client.Do(t.Context(), s.host, r)
			if err != nil {
				t.Fatal(err)
			}
			s.refused(reply, because)
		}
	})

	if _, err := os.Stat("/tmp/never"); !errors.Is(err, os.ErrNotExist) {
		t.Error("text of a request was run by a shell")
	}
	audit, err := os.ReadFile(filepath.Join(s.in("state"), "backoffice,n1", "audit.log"))
	if err != nil || bytes.Count(audit, []byte(`"outcome":"begun"`)) < 8 || !bytes.Contains(audit, []byte(`"from":"127.0.0.1"`)) {
		t.Errorf("audit: %v\n%s", err, audit)
	}
	durations(t, s)
}

// durations tells how long a report takes over SSH.
func durations(t *testing.T, s site) {
	var all []time.Duration
	for range 30 {
		began := time.Now()
		s.report()
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	t.Logf("report over ssh: median %v, longest of %d %v", all[len(all)/2].Round(time.Millisecond), len(all), all[len(all)-1].Round(time.Millisecond))
	if all[len(all)/2] > time.Second {
		t.Error("a report takes too long")
	}
}

// listening reports that the server has written that it is ready, since it was started last.
func listening(s site) bool {
	log, err := os.ReadFile(s.in("error.log"))
	if err != nil {
		return false
	}
	last := bytes.LastIndex(log, []byte("Starting MariaDB"))
	return last >= 0 && bytes.Contains(log[last:], []byte("ready for connections"))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
