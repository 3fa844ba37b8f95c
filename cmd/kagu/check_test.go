package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
)

const goodFleet = `site: noumea
credentials:
  monitor: {user: kagu_monitor, password_file: monitor.pass}
hosts:
  db1: {address: 10.0.0.11}
  db2: {address: 10.0.0.12}
  arb1: {address: 10.0.0.13}
clusters:
  backoffice:
    kind: galera
    mode: propose
    nodes:
      - {name: db1, host: db1, sql: "10.0.0.11:3306", service: mariadb.service}
      - {name: db2, host: db2, sql: "10.0.0.12:3306", service: mariadb.service}
    arbitrator: {host: arb1, service: garbd.service}
`

// The program itself is run, in a folder of its own: what a shell and a CI job see is what
// is tested.
func TestCheckCommand(t *testing.T) {
	program := needs.Build(t, ".")
	cases := []struct {
		name   string
		fleet  string
		args   []string
		out    string
		errOut string
		exit   int
	}{
		{
			name: "a good file with a warning", fleet: goodFleet, args: []string{"check", "kagu.yaml"},
			out: `kagu.yaml:1:1: ssh: warning: is missing: hosts are not asked, and nothing can be healed
    → add ssh with user, key_file and known_hosts_file; see docs/kagu.yaml.md
kagu.yaml is good: site noumea, 1 cluster, 1 warning
  backoffice       galera  propose  2 members, 1 arbitrator
`,
		},
		{
			name: "every fault at once", fleet: strings.NewReplacer("propose", "automatic", "host: db2", "host: db3").Replace(goodFleet),
			args: []string{"--config.file=kagu.yaml", "check"},
			out: `kagu.yaml:11:11: clusters.backoffice.mode: unknown mode "automatic"
    → use observe, propose, auto
kagu.yaml:14:27: clusters.backoffice.nodes[1].host: no host is named "db3"
    → the hosts are arb1, db1, db2; or add it under hosts
`,
			errOut: "kagu: kagu.yaml is not usable: 2 faults\n", exit: 1,
		},
		{
			name: "a file that is not there", args: []string{"check", "absent.yaml"},
			out: `absent.yaml: it cannot be read: no such file or directory
    → --config.file or KAGU_CONFIG names the file that describes the fleet; docs/kagu.yaml.md shows one
`,
			errOut: "kagu: absent.yaml is not usable: 1 fault\n", exit: 1,
		},
		{
			name: "a secret that is not there", fleet: strings.Replace(goodFleet, "monitor.pass", "absent.pass", 1), args: []string{"check", "kagu.yaml"},
			out: `kagu.yaml:3:48: credentials.monitor.password_file: absent.pass does not exist
    → create it, readable by this program alone (chmod 600)
`,
			errOut: "kagu: kagu.yaml is not usable: 1 fault\n", exit: 1,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, errOut, exit := runIn(t, program, c.fleet, c.args...)
			if diff := cmp.Diff(c.out, out); diff != "" {
				t.Errorf("standard output (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.errOut, errOut); diff != "" {
				t.Errorf("standard error (-want +got):\n%s", diff)
			}
			if exit != c.exit {
				t.Errorf("exit status %d, want %d", exit, c.exit)
			}
		})
	}

	t.Run("away from the hosts the secrets need not be there", func(t *testing.T) {
		fleet := strings.Replace(goodFleet, "monitor.pass", "absent.pass", 1)
		if out, errOut, exit := runIn(t, program, fleet, "check", "--without-secrets", "kagu.yaml"); exit != 0 {
			t.Errorf("exit status %d\n%s%s", exit, out, errOut)
		}
	})

	t.Run("JSON for programs", func(t *testing.T) {
		bad, _, exit := runIn(t, program, strings.Replace(goodFleet, "propose", "automatic", 1), "check", "--json", "kagu.yaml")
		if exit != 1 {
			t.Errorf("exit status %d, want 1", exit)
		}
		want := checkReport{File: "kagu.yaml", Faults: []inventory.Fault{{
			File: "kagu.yaml", Line: 11, Column: 11, Path: "clusters.backoffice.mode",
			Message: `unknown mode "automatic"`, Remedy: "use observe, propose, auto",
		}}}
		if diff := cmp.Diff(want, decode(t, bad)); diff != "" {
			t.Errorf("of a bad file (-want +got):\n%s", diff)
		}
		good, _, _ := runIn(t, program, goodFleet, "check", "--json", "kagu.yaml")
		got := decode(t, good)
		got.Warnings = nil
		want = checkReport{File: "kagu.yaml", OK: true, Site: "noumea", Clusters: []checkedCluster{{
			Name: "backoffice", Kind: cluster.KindGalera, Mode: cluster.ModePropose,
			Nodes: map[cluster.Role]int{cluster.RoleMember: 2, cluster.RoleArbitrator: 1},
		}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("of a good file (-want +got):\n%s", diff)
		}
	})
}

// runIn runs the program in a fresh folder with the fleet and its secret.
func runIn(t *testing.T, program, fleet string, args ...string) (out, errOut string, exit int) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"kagu.yaml": fleet, "monitor.pass": "hunter2\n"} {
		if content == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exitErr *exec.ExitError
	if err != nil && !errors.As(err, &exitErr) {
		t.Fatal(err)
	}
	if strings.Contains(stdout.String()+stderr.String(), "hunter2") {
		t.Error("the password was printed")
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func decode(t *testing.T, text string) checkReport {
	t.Helper()
	var r checkReport
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return r
}
