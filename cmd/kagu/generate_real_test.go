package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/needs"
)

// TestGeneratedConfigurationCarriesAnAlert starts a real Prometheus and a real Alertmanager
// on the demo's files and follows two alerts: the watchdog, from its rule to the dead man's
// switch, and a node down, from Alertmanager to the remediator and to Slack.
func TestGeneratedConfigurationCarriesAnAlert(t *testing.T) {
	needs.Servers(t)
	prometheus := needs.Program(t, "prometheus", "prometheus")
	alertmanager := needs.Program(t, "prometheus-alertmanager", "prometheus-alertmanager")
	remediator, slack, dead := listen(t), listen(t), listen(t)

	webhook := filepath.Join(t.TempDir(), "slack_webhook")
	if err := os.WriteFile(webhook, []byte(slack.URL+"/services/x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := local("demo")
	g.alertmanager, g.prometheus, g.galeraExporter = free(t), free(t), free(t)
	g.remediator = strings.TrimPrefix(remediator.URL, "http://")
	g.slackWebhookFile, g.watchdog = webhook, dead.URL
	dir, _, err := generate(t, threeNodes, g)
	if err != nil {
		t.Fatal(err)
	}
	start(t, alertmanager, "--config.file="+dir+"/alertmanager.yml", "--storage.path="+t.TempDir(),
		"--web.listen-address="+g.alertmanager, "--cluster.listen-address=")
	// An alert that fires before Prometheus has found its Alertmanager is sent again after the
	// resend delay, a minute by default.
	start(t, prometheus, "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+t.TempDir(),
		"--web.listen-address="+g.prometheus, "--rules.alert.resend-delay=2s")
	ready(t, "http://"+g.alertmanager+"/-/ready")
	ready(t, "http://"+g.prometheus+"/-/ready")

	if body := dead.next(t); !strings.Contains(body, `"alertname":"Watchdog"`) {
		t.Errorf("the dead man's switch got %s", body)
	}

	alert := `[{"labels": {"alertname": "GaleraNodeDown", "job": "galera", "cluster": "backoffice", "node": "db2",
		"instance": "10.0.0.12:3306", "severity": "warning", "scope": "node", "remediate": "true"},
		"annotations": {"summary": "db2 of backoffice does not answer SQL"}}]`
	resp, err := http.Post("http://"+g.alertmanager+"/api/v2/alerts", "application/json", strings.NewReader(alert))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s", resp.Status)
	}
	var hint struct {
		Version string `json:"version"`
		Alerts  []struct {
			Status string            `json:"status"`
			Labels map[string]string `json:"labels"`
		} `json:"alerts"`
	}
	body := remediator.next(t)
	if err := json.Unmarshal([]byte(body), &hint); err != nil {
		t.Fatal(err)
	}
	if hint.Version != "4" || len(hint.Alerts) != 1 || hint.Alerts[0].Labels["node"] != "db2" || hint.Alerts[0].Labels["remediate"] != "true" {
		t.Errorf("the remediator got %s", body)
	}
	var message struct {
		Channel     string `json:"channel"`
		Attachments []struct {
			Title string `json:"title"`
			Text  string `json:"text"`
		} `json:"attachments"`
	}
	body = slack.next(t)
	if err := json.Unmarshal([]byte(body), &message); err != nil {
		t.Fatal(err)
	}
	if len(message.Attachments) != 1 || message.Channel != "#noc" ||
		message.Attachments[0].Title != "WARNING backoffice: GaleraNodeDown" ||
		!strings.HasPrefix(message.Attachments[0].Text, "*db2 of backoffice does not answer SQL*") {
		t.Errorf("Slack got %s", body)
	}
}

// ear is a server that keeps what it is sent.
type ear struct {
	*httptest.Server
	heard chan string
}

func listen(t *testing.T) ear {
	t.Helper()
	e := ear{heard: make(chan string, 100)}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && r.Method == http.MethodPost {
			select {
			case e.heard <- string(body):
			default: // only the first ones matter
			}
		}
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(e.Close)
	return e
}

func (e ear) next(t *testing.T) string {
	t.Helper()
	select {
	case body := <-e.heard:
		return body
	case <-time.After(patience):
		t.Fatal("nothing arrived")
		return ""
	}
}

// free returns a loopback address that nobody listens on.
func free(t *testing.T) string { return "127.0.0.1:" + needs.Port(t, "127.0.0.1") }

// start runs a server until the end of the test.
func start(t *testing.T, program string, args ...string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = f, f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself; Wait tells
		_ = cmd.Wait()
		f.Close()
		if text, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), text)
		}
	})
}

// ready waits until a server answers 200.
func ready(t *testing.T, url string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not ready: %v", url, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
