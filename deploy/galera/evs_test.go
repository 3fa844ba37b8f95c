package galera_test

import (
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
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/wsrep"
)

var profiles = []string{"default", "lan", "wan"}

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
			text, err := os.ReadFile("evs-" + profile + ".cnf")
			if err != nil {
				t.Fatal(err)
			}
			// As the file tells its user to: other options into the same string.
			own := fmt.Sprintf("gmcast.listen_addr=tcp://%s:%d;", n.Address, n.Group)
			merged := strings.Replace(string(text), `wsrep_provider_options = "`, `wsrep_provider_options = "`+own, 1)
			config := filepath.Join(t.TempDir(), "my.cnf")
			if err := os.WriteFile(config, []byte("!include "+filepath.Join(n.Dir, "my.cnf")+"\n"+merged), 0o600); err != nil {
				t.Fatal(err)
			}
			server := exec.Command("/usr/sbin/mariadbd", "--defaults-file="+config, "--wsrep-new-cluster")
			server.Env = append(os.Environ(), "KAGU_LAB="+l.ID) // if this test is killed, the next lab clears it away
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = server.Process.Signal(syscall.SIGTERM)
				_ = server.Wait() // its end is all that matters
			}()
			proxytest.Await(t, "the server with "+profile+" is Synced", func() bool {
				status, err := l.Wsrep(t.Context(), n.Name)
				return err == nil && status["wsrep_local_state_comment"] == "Synced"
			})
			expect(t, l, profile)
		})
	}
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
