package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/alerts"
	"github.com/kagu-db/kagu/internal/needs"
)

const threeNodes = `site: noumea
credentials:
  monitor: {user: kagu_monitor, password_file: nobody-reads-this}
slack: {webhook_file: nobody-reads-this-either, channel: "#noc"}
hosts:
  db1: {address: 10.0.0.11}
  db2: {address: 10.0.0.12}
  db3: {address: 10.0.0.13}
clusters:
  backoffice:
    kind: galera
    nodes:
      - {name: db1, host: db1, sql: "10.0.0.11:3306", service: mariadb.service}
      - {name: db2, host: db2, sql: "10.0.0.12:3306", service: mariadb.service}
      - {name: db3, host: db3, sql: "10.0.0.13:3306", service: mariadb.service}
`

// generate runs the command on a fleet and returns the folder it wrote into.
func generate(t *testing.T, fleet string, g generation) (dir, out string, err error) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	config := filepath.Join(t.TempDir(), "kagu.yaml")
	if err := os.WriteFile(config, []byte(fleet), 0o600); err != nil {
		t.Fatal(err)
	}
	if g.out == "" {
		g.out = dir
	}
	var text bytes.Buffer
	err = g.run(&session{ctx: t.Context(), out: &text, errOut: &text, config: config})
	return dir, text.String(), err
}

// local is a generation with everything on one host.
func local(profile string) generation {
	return generation{
		profile:        profile,
		galeraExporter: "127.0.0.1:10041", ndbExporter: "127.0.0.1:10042", alertmanager: "127.0.0.1:9093", remediator: "127.0.0.1:10043", backupd: "127.0.0.1:10044", prometheus: "127.0.0.1:9090",
		slackWebhookFile: "/etc/kagu/slack_webhook",
	}
}

func TestGenerateWritesWhatDebianLoads(t *testing.T) {
	for _, p := range alerts.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			dir, out, err := generate(t, threeNodes, local(p.Name))
			if err != nil {
				t.Fatal(err)
			}
			var written []string
			for line := range strings.Lines(out) {
				if path, ok := strings.CutPrefix(strings.TrimSpace(line), "wrote "+dir+"/"); ok {
					written = append(written, path)
				}
			}
			want := []string{
				"rules/galera.yml", "rules/remediator.yml", "rules/backupd.yml", "rules/pipeline.yml", "rules/fleet.yml",
				"prometheus.yml", "alertmanager.yml", "templates/kagu.tmpl", "dashboards/kagu-galera.json", "dashboards/kagu-galera-workload.json", "dashboards/kagu-galera-statements.json", "dashboards/kagu-ndb.json", "dashboards/kagu-backup.json",
				"grafana/provisioning/datasources/kagu.yml", "grafana/provisioning/dashboards/kagu.yml",
			}
			if diff := cmp.Diff(want, written); diff != "" {
				t.Errorf("files written (-want +got):\n%s", diff)
			}
			for _, check := range [][]string{
				{needs.Program(t, "promtool", "prometheus"), "check", "config", filepath.Join(dir, "prometheus.yml")},
				{needs.Program(t, "amtool", "prometheus-alertmanager"), "check-config", filepath.Join(dir, "alertmanager.yml")},
			} {
				if out, err := exec.CommandContext(t.Context(), check[0], check[1:]...).CombinedOutput(); err != nil {
					t.Errorf("%v: %v\n%s", check, err, out)
				}
			}
			leftovers, err := filepath.Glob(filepath.Join(dir, "*", ".*"))
			if err != nil || len(leftovers) > 0 {
				t.Errorf("unfinished files are left: %v %v", leftovers, err)
			}
		})
	}
}

func TestTheTreesOwnConfigurationLoads(t *testing.T) {
	promtool, amtool := needs.Program(t, "promtool", "prometheus"), needs.Program(t, "amtool", "prometheus-alertmanager")
	out, err := exec.CommandContext(t.Context(), promtool, "check", "config", "../../deploy/prometheus/prometheus.yml").CombinedOutput()
	if want := fmt.Sprintf("%d rule files found", len(alerts.Files())); err != nil || !strings.Contains(string(out), want) {
		t.Errorf("deploy/prometheus: %v, want %q in\n%s", err, want, out)
	}
	if out, err := exec.CommandContext(t.Context(), amtool, "check-config", "../../deploy/alertmanager/alertmanager.yml").CombinedOutput(); err != nil {
		t.Errorf("deploy/alertmanager: %v\n%s", err, out)
	}
}

func TestRepositoryFilesAreCommitted(t *testing.T) {
	files, err := repositoryFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		committed, err := os.ReadFile(filepath.Join("../..", f.name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(committed, f.text) {
			t.Errorf("%s is not what the code says; `make generate` rewrites it", f.name)
		}
	}
}

func TestGenerateTwiceGivesTheSameFiles(t *testing.T) {
	dir, _, err := generate(t, threeNodes, local("demo"))
	if err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	g := local("demo")
	g.out = dir
	if _, _, err := generate(t, threeNodes, g); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("-first +second:\n%s", diff)
	}
}

func TestGenerateRefusesBadInput(t *testing.T) {
	change := func(f func(*generation)) generation {
		g := local("production")
		f(&g)
		return g
	}
	for _, c := range []struct {
		name  string
		fleet string
		g     generation
		want  string
	}{
		{"an unknown profile", threeNodes, local("fast"), `--profile: no profile "fast": want production or demo`},
		{"an address without a port", threeNodes, change(func(g *generation) { g.alertmanager = "mon1" }), `--alertmanager "mon1": want HOST:PORT`},
		{"an address without a host", threeNodes, change(func(g *generation) { g.galeraExporter = ":10041" }), `--galera-exporter ":10041": want HOST:PORT`},
		{"a URL for an address", threeNodes, change(func(g *generation) { g.remediator = "http://mon1:10043" }), `--remediator "http://mon1:10043": want HOST:PORT`},
		{"a watchdog that is no URL", threeNodes, change(func(g *generation) { g.watchdog = "mon1" }), `--watchdog-url "mon1"`},
		{"two faults, both told", threeNodes, change(func(g *generation) { g.profile, g.prometheus = "x", "" }), `--prometheus ""`},
		{"a fleet with a fault", strings.Replace(threeNodes, "site:", "sight:", 1), local("production"), "sight"},
		{"no fleet", "", local("production"), "kagu.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, out, err := generate(t, c.fleet, c.g)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if _, err := os.Stat(dir); err == nil || strings.Contains(out, "wrote") {
				t.Errorf("something was written all the same:\n%s", out)
			}
		})
	}
}

func TestGenerateWithoutRemediatorOrSlack(t *testing.T) {
	g := local("production")
	g.remediator, g.slackWebhookFile = "", ""
	dir, out, err := generate(t, threeNodes, g)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "without --slack-webhook-file Alertmanager tells no human anything") {
		t.Errorf("nobody was warned:\n%s", out)
	}
	files := contents(t, dir)
	if strings.Contains(files["prometheus.yml"], "remediator") || strings.Contains(files["alertmanager.yml"], "api/v1/alerts") {
		t.Error("the remediator is named though there is none")
	}
}

func TestAFileIsReplacedInOneStepOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yml")
	for _, text := range []string{"one", "two"} {
		if err := writeAtomically(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := contents(t, dir)["a.yml"]; got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "b.yml", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeAtomically(filepath.Join(dir, "b.yml"), []byte("x")); err == nil {
		t.Error("a folder in the way was no error")
	}
	if err := writeAtomically(filepath.Join(path, "c.yml"), []byte("x")); err == nil {
		t.Error("a file in the way was no error")
	}
	if diff := cmp.Diff(map[string]string{"a.yml": "two"}, contents(t, dir)); diff != "" {
		t.Errorf("after the failures (-want +got):\n%s", diff)
	}
}

// contents reads every file below a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
