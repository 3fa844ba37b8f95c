package alerts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/template"

	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/needs"
)

// everywhere is a configuration with every receiver in use.
var everywhere = Receivers{
	Remediator:       "127.0.0.1:10043",
	Backupd:          "127.0.0.1:10044",
	SlackWebhookFile: "/etc/kagu/slack_webhook",
	SlackChannel:     "#noc",
	Watchdog:         "https://dead.example/ping",
}

// configured writes alertmanager.yml and its templates into a folder.
func configured(t *testing.T, to Receivers, p Profile) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text, err := Alertmanager(to, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "templates"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range append(Templates(), Template{}) {
		name := filepath.Join("templates", f.Name)
		if f.Name == "" {
			name, f.Text = "alertmanager.yml", text
		}
		if err := os.WriteFile(filepath.Join(dir, name), f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestConfigurationLoads(t *testing.T) {
	for _, p := range Profiles() {
		for name, to := range map[string]Receivers{"with every receiver": everywhere, "with none": {}} {
			t.Run(p.Name+" "+name, func(t *testing.T) {
				dir := configured(t, to, p)
				if _, err := config.LoadFile(filepath.Join(dir, "alertmanager.yml")); err != nil {
					t.Errorf("Alertmanager 0.34: %v", err)
				}
				amtool := needs.Program(t, "amtool", "prometheus-alertmanager")
				if out, err := run(t, dir, amtool, "check-config", "alertmanager.yml"); err != nil {
					t.Errorf("Debian's amtool: %v\n%s", err, out)
				}
			})
		}
	}
}

func TestSlackURLIsNeverInTheFile(t *testing.T) {
	text, err := Alertmanager(everywhere, Production)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "api_url_file: /etc/kagu/slack_webhook") || strings.Contains(string(text), "api_url:") {
		t.Errorf("the webhook must be named by its file:\n%s", text)
	}
}

func TestWhoHearsOfWhat(t *testing.T) {
	amtool := needs.Program(t, "amtool", "prometheus-alertmanager")
	dir := configured(t, everywhere, Production)
	want := map[string]string{
		"Watchdog":        "watchdog",
		"GaleraNodeDown":  "remediator,slack",
		"GaleraNoPrimary": "remediator,slack",
		"BackupUnproven":  "backupd,slack",
	}
	asked := map[string]bool{} // a route goes by these labels; one alert of each kind is enough
	for _, r := range Rules(Files()) {
		receivers, special := want[r.Name]
		if kind := fmt.Sprint(r.Severity, r.Scope, r.Remediate); !special && asked[kind] {
			continue
		} else if !special {
			asked[kind] = true
		}
		t.Run(r.Name, func(t *testing.T) {
			switch {
			case special:
			case r.Severity == Info:
				receivers = "nobody"
			default:
				receivers = "slack"
			}
			args := []string{"config", "routes", "test", "--config.file=alertmanager.yml", "--verify.receivers=" + receivers, "alertname=" + r.Name}
			for key, value := range alertNode(r, Production).Labels {
				args = append(args, key+"="+value)
			}
			if out, err := run(t, dir, amtool, args...); err != nil {
				t.Errorf("want %s: %v\n%s", receivers, err, out)
			}
		})
	}
	t.Run("an alert for information only", func(t *testing.T) {
		if out, err := run(t, dir, amtool, "config", "routes", "test", "--config.file=alertmanager.yml", "--verify.receivers=nobody", "alertname=X", "severity=info"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// TestInhibitionsNameAlertsThatExist guards against a row that a rename has made idle.
func TestInhibitionsNameAlertsThatExist(t *testing.T) {
	known := map[string]bool{}
	for _, r := range Rules(Files()) {
		known[r.Name] = true
	}
	for _, row := range inhibitions() {
		for _, m := range append(row.SourceMatchers, row.TargetMatchers...) {
			key, value, _ := strings.Cut(m, `"`)
			if !strings.HasPrefix(key, "alertname") {
				continue
			}
			for name := range strings.SplitSeq(strings.TrimSuffix(value, `"`), "|") {
				if !known[name] {
					t.Errorf("%s: there is no alert %s", m, name)
				}
			}
		}
	}
}

// TestMessages renders what Slack gets with Debian's amtool and with Alertmanager's current
// template engine: they must agree with each other and with the golden file.
func TestMessages(t *testing.T) {
	amtool := needs.Program(t, "amtool", "prometheus-alertmanager")
	dir := configured(t, everywhere, Production)
	payloads, err := filepath.Glob("testdata/message-*.json")
	if err != nil || len(payloads) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	current, err := template.FromGlobs([]string{filepath.Join(dir, "templates/*.tmpl")})
	if err != nil {
		t.Fatal(err)
	}
	const text = `{{ template "kagu.slack.color" . }} | {{ template "kagu.slack.title" . }} | {{ template "kagu.slack.link" . }}
{{ template "kagu.slack.text" . }}`
	for _, payload := range payloads {
		t.Run(filepath.Base(payload), func(t *testing.T) {
			raw, err := os.ReadFile(payload)
			if err != nil {
				t.Fatal(err)
			}
			var data template.Data
			if err := json.Unmarshal(raw, &data); err != nil {
				t.Fatal(err)
			}
			got, err := current.ExecuteTextString(text, &data)
			if err != nil {
				t.Fatal(err)
			}
			goldentest.Compare(t, strings.TrimSuffix(payload, ".json")+".txt", strings.TrimSpace(got)+"\n")
			path, err := filepath.Abs(payload)
			if err != nil {
				t.Fatal(err)
			}
			old, err := run(t, dir, amtool, "template", "render", "--template.glob=templates/*.tmpl", "--template.text="+text, "--template.data="+path)
			if err != nil {
				t.Fatalf("%v\n%s", err, old)
			}
			if diff := cmp.Diff(strings.TrimSpace(got), strings.TrimSpace(old)); diff != "" {
				t.Errorf("Debian's amtool (-want +got):\n%s", diff)
			}
		})
	}
}
