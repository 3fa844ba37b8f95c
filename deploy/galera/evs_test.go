package galera_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/deploy/galera"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/lab/proxytest"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

var profiles = []string{"default", "lan", "lan-realtime", "wan"}

func TestProfilesAreInProportion(t *testing.T) {
	for _, profile := range profiles {
		t.Run(profile, func(t *testing.T) {
			text, err := galera.Options(profile)
			if err != nil {
				t.Fatal(err)
			}
			options := wsrep.ParseProviderOptions(text)
			period := func(name string) time.Duration {
				d, ok := options.Duration("evs." + name)
				if !ok {
					t.Fatalf("evs.%s is no period", name)
				}
				return d
			}
			suspect := period("suspect_timeout")
			for _, c := range []struct {
				what string
				ok   bool
			}{
				{"a member may miss three keepalives", suspect >= 4*period("keepalive_period")},
				{"the check is finer than what it checks", suspect >= 4*period("inactive_check_period")},
				{"inactive comes well after suspect", period("inactive_timeout") >= 2*suspect},
				{"a view has more time than a suspicion", period("install_timeout") > suspect},
				{"a proposal is said several times in that time", period("install_timeout") >= 5*period("join_retrans_period")},
			} {
				if !c.ok {
					t.Errorf("not so: %s", c.what)
				}
			}
			file, err := os.ReadFile("evs-" + profile + ".cnf")
			if err != nil {
				t.Fatal(err)
			}
			for pair := range strings.SplitSeq(text, ";") {
				if name, _, _ := strings.Cut(pair, "="); !strings.Contains(string(file), "#   "+name+" ") {
					t.Errorf("%s is not explained", name)
				}
			}
		})
	}
}

func TestNoSuchProfile(t *testing.T) {
	if _, err := galera.Options("moon"); err == nil || !strings.Contains(err.Error(), `"moon"`) {
		t.Errorf("got %v", err)
	}
}

// A server that does not take an option does not start; what it took it says.
func TestAServerTakesTheProfiles(t *testing.T) {
	l := labtest.Up(t, lab.Options{Nodes: 1})
	n := l.Nodes[0]
	expect(t, l, "default") // nobody has set anything: the file says what the provider does by itself
	if err := l.Stop(t.Context(), n.Name); err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"lan", "wan"} {
		t.Run(profile, func(t *testing.T) {
			start(t, l, profile)
			expect(t, l, profile)
		})
	}
	t.Run("lan-realtime", func(t *testing.T) { realtime(t, l) })
}

// realtime starts the server as mariadb-realtime.conf lets it be started, and as a host does where
// that file is missing.
func realtime(t *testing.T, l *lab.Lab) {
	if os.Geteuid() != 0 {
		needs.Missing(t, errors.New("a server that may go before others: run as root"))
	}
	t.Run("where it may", func(t *testing.T) {
		server := start(t, l, "lan-realtime", "setpriv", "--securebits=+no_setuid_fixup")
		expect(t, l, "lan-realtime")
		if n := before(t, server.Process.Pid); n != 1 {
			t.Errorf("%d threads of the server go before others, want the one of the group", n)
		}
	})
	t.Run("where it may not", func(t *testing.T) {
		server := exec.Command("/usr/sbin/mariadbd", "--defaults-file="+config(t, l.Nodes[0], "lan-realtime"), "--wsrep-new-cluster")
		err := server.Run()
		log, errLog := os.ReadFile(l.Nodes[0].ErrorLog())
		if errLog != nil {
			t.Fatal(errLog)
		}
		if said := "Failed to set thread schedparams rr:2"; err == nil || !strings.Contains(string(log), said) {
			t.Errorf("the server ended with %v, and its log does not say %q", err, said)
		}
	})
}

// before counts the threads of a process that have a real-time priority.
func before(t *testing.T, pid int) (n int) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 38 && fields[37] == "2" && fields[38] == "2" { // rt_priority, policy: SCHED_RR
			n++
		}
	}
	return n
}

// config writes what a node of the lab has, with the profile as its file tells its user to: other
// options into the same string.
func config(t *testing.T, n lab.Node, profile string) string {
	t.Helper()
	text, err := os.ReadFile("evs-" + profile + ".cnf")
	if err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("gmcast.listen_addr=tcp://%s:%d;", n.Address, n.Group)
	merged := strings.Replace(string(text), `wsrep_provider_options = "`, `wsrep_provider_options = "`+own, 1)
	path := filepath.Join(t.TempDir(), "my.cnf")
	if err := os.WriteFile(path, []byte("!include "+filepath.Join(n.Dir, "my.cnf")+"\n"+merged), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts the lab's only server with a profile, through another program if one is given, until
// the test ends.
func start(t *testing.T, l *lab.Lab, profile string, through ...string) *exec.Cmd {
	t.Helper()
	n := l.Nodes[0]
	argv := append(through, "/usr/sbin/mariadbd", "--defaults-file="+config(t, n, profile), "--wsrep-new-cluster")
	server := exec.Command(argv[0], argv[1:]...)
	server.Env = append(os.Environ(), "KAGU_LAB="+l.ID) // if this test is killed, the next lab clears it away
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait() // its end is all that matters
	})
	proxytest.Await(t, "the server with "+profile+" is Synced", func() bool {
		status, err := l.Wsrep(t.Context(), n.Name)
		return err == nil && status["wsrep_local_state_comment"] == "Synced"
	})
	return server
}

// expect compares what a profile sets with what the server runs with.
func expect(t *testing.T, l *lab.Lab, profile string) {
	t.Helper()
	fleet, err := inventory.Load(l.Config())
	if err != nil {
		t.Fatal(err)
	}
	db := sqlconn.Open(l.Nodes[0].SQLAddress(), fleet.Clusters[0].Credential, fleet.Clusters[0].TLS)
	defer db.Close()
	vars, err := db.Pairs(t.Context(), "SHOW GLOBAL VARIABLES LIKE 'wsrep_provider_options'")
	if err != nil {
		t.Fatal(err)
	}
	text, err := galera.Options(profile)
	if err != nil {
		t.Fatal(err)
	}
	runs, want, got := wsrep.OptionsOf(vars), map[string]string{}, map[string]string{}
	for pair := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(pair, "=")
		want[name] = value
		got[name], _ = runs.Text(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("evs-%s.cnf -, the server +:\n%s", profile, diff)
	}
}
