package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/needs"
)

// TestAnExporterHidesItsNodeOnlyWhileItIsDown asks a real Alertmanager whom it keeps from humans.
// tests/galera_watching_test.yml has the other half: that GaleraExporterDown is over with the
// first good scrape.
func TestAnExporterHidesItsNodeOnlyWhileItIsDown(t *testing.T) {
	am := startAlertmanager(t)
	begun, over := time.Now().Add(-time.Minute), time.Now().Add(-time.Second)
	later := begun.Add(time.Hour)

	// Alertmanager takes alerts in order: when the last of a post has its effect, so have the others.
	am.post(t,
		am.alert(t, "GaleraExporterUnsteady", "db2", begun, later),
		am.alert(t, "GaleraNodeNotPrimary", "db2", begun, later),
		am.alert(t, "GaleraNodeNotPrimary", "db1", begun, later),
		am.alert(t, "GaleraNodeDown", "db3", begun, later),
		am.alert(t, "GaleraExporterDown", "db3", begun, later),
		am.alert(t, "GaleraExporterDown", "db1", begun, later),
	)
	am.wait(t, "while two exporters are down and one is unsteady", map[string]bool{
		"GaleraExporterUnsteady db2": false,
		"GaleraNodeNotPrimary db2":   false,
		"GaleraNodeNotPrimary db1":   true,
		"GaleraExporterDown db1":     false,
		"GaleraNodeDown db3":         false, // the remediator is asked to look all the same
		"GaleraExporterDown db3":     false,
	})

	am.post(t,
		am.alert(t, "GaleraExporterUnsteady", "db1", begun, later),
		am.alert(t, "GaleraExporterDown", "db1", begun, over),
	)
	am.wait(t, "when one is back, unsteady", map[string]bool{
		"GaleraExporterUnsteady db2": false,
		"GaleraNodeNotPrimary db2":   false,
		"GaleraNodeNotPrimary db1":   false,
		"GaleraExporterUnsteady db1": false,
		"GaleraNodeDown db3":         false,
		"GaleraExporterDown db3":     false,
	})
}

// alertmanager is a running one with the configuration that we ship; it sends nothing to anybody.
type alertmanager struct{ url string }

func startAlertmanager(t *testing.T) alertmanager {
	t.Helper()
	needs.Servers(t)
	program := needs.Program(t, "prometheus-alertmanager", "prometheus-alertmanager")
	address := "127.0.0.1:" + needs.Port(t, "127.0.0.1")
	var log bytes.Buffer
	cmd := exec.Command(program, "--config.file=alertmanager.yml", "--storage.path="+t.TempDir(),
		"--web.listen-address="+address, "--cluster.listen-address=")
	cmd.Dir, cmd.Stdout, cmd.Stderr = configured(t, Receivers{}, Production), &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Alertmanager said:\n%s", log.String())
		}
	})
	am := alertmanager{url: "http://" + address + "/api/v2/alerts"}
	eventually(t, func() error { _, err := am.muted(t.Context()); return err })
	return am
}

type sentAlert struct {
	Labels   map[string]string `json:"labels"`
	StartsAt time.Time         `json:"startsAt"`
	EndsAt   time.Time         `json:"endsAt"`
}

// alert is what Prometheus sends when the rule of that name fires for a node.
func (alertmanager) alert(t *testing.T, name, node string, from, to time.Time) sentAlert {
	t.Helper()
	all := Rules(Files())
	i := slices.IndexFunc(all, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("there is no alert %s", name)
	}
	labels := alertNode(all[i], Production).Labels
	labels["alertname"], labels["job"], labels["cluster"] = name, JobGalera, "backoffice"
	labels["node"], labels["instance"] = node, node+":3306"
	return sentAlert{Labels: labels, StartsAt: from, EndsAt: to}
}

func (am alertmanager) post(t *testing.T, alerts ...sentAlert) {
	t.Helper()
	body, err := json.Marshal(alerts)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(am.url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s", resp.Status)
	}
}

// muted returns which of the firing alerts, by name and node, are inhibited.
func (am alertmanager) muted(ctx context.Context) (map[string]bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, am.url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("Alertmanager answers %s", resp.Status)
	}
	var firing []struct {
		Labels map[string]string `json:"labels"`
		Status struct {
			InhibitedBy []string `json:"inhibitedBy"`
		} `json:"status"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&firing); err != nil {
		return nil, err
	}
	muted := map[string]bool{}
	for _, a := range firing {
		muted[a.Labels["alertname"]+" "+a.Labels["node"]] = len(a.Status.InhibitedBy) > 0
	}
	return muted, nil
}

func (am alertmanager) wait(t *testing.T, when string, want map[string]bool) {
	t.Helper()
	eventually(t, func() error {
		got, err := am.muted(t.Context())
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			err = fmt.Errorf("%s, who is muted (-want +got):\n%s", when, diff)
		}
		return err
	})
}

// eventually asks until there is no error, which is the test's if it stays.
func eventually(t *testing.T, ask func() error) {
	t.Helper()
	enough, again := time.After(2*time.Minute), time.NewTicker(50*time.Millisecond)
	defer again.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-enough:
			t.Fatal(err)
		case <-again.C:
		}
	}
}
