package galera_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/metric"
)

// elsewhere lists families that a healthy cluster of this server does not show, each with the reason.
var elsewhere = map[string]string{
	"galera_last_applied_seqno":               "PXC only; fixture pxc-8.0",
	"galera_gcache_pool_bytes":                "PXC only; fixture pxc-8.0",
	"galera_monitor_pending":                  "PXC only; fixture pxc-8.0",
	"galera_ist_receive_start_seqno":          "PXC only; fixture pxc-8.0",
	"galera_ist_receive_current_seqno":        "PXC only; fixture pxc-8.0",
	"galera_ist_receive_end_seqno":            "PXC only; fixture pxc-8.0",
	"galera_pxc_maint_mode":                   "PXC only; fixture pxc-8.0",
	"galera_evs_retransmitted_messages_total": "needs the statistics bit of evs.info_log_mask, which floods the log; fixture unsafe-lan",

	"galera_evs_replication_latency_min_seconds":    "needs a whole report period, a minute, with messages; fixture unsafe-lan",
	"galera_evs_replication_latency_mean_seconds":   "as the minimum",
	"galera_evs_replication_latency_max_seconds":    "as the minimum",
	"galera_evs_replication_latency_stddev_seconds": "as the minimum",

	"galera_state_transfer_phase":          "the lab's servers write no wsrep_status_file; TestHostFiles",
	"galera_status_file_timestamp_seconds": "the lab's servers write no wsrep_status_file; TestHostFiles",
	"galera_status_file_messages":          "the lab's servers write no wsrep_status_file; TestHostFiles",
	"galera_sst_expected_bytes":            "needs a full transfer that tells its progress; TestHostFiles",
	"galera_sst_done_bytes":                "needs a full transfer that tells its progress; TestHostFiles",
	"galera_ist_expected_events":           "needs an incremental transfer at the moment of the scrape; TestHostFiles",
	"galera_ist_done_events":               "needs an incremental transfer at the moment of the scrape; TestHostFiles",
}

func TestOnARealCluster(t *testing.T) {
	l := labtest.Up(t, lab.Options{Nodes: 2})
	load := func() ([]*exporters.Target, error) {
		fleet, err := inventory.Load(l.Config())
		if err != nil {
			return nil, err
		}
		return galera.Targets(fleet, galera.Options{Switches: galera.Switches{"status.window-stats": true, "members": true}, Node: fleet.Clusters[0].Name + "/n1"}), nil
	}
	fleet, err := exporters.NewFleet(load, exporters.FleetFamilies{
		Targets:  metric.GaleraExporterTargets,
		ReloadOK: metric.GaleraExporterConfigLastReloadSuccessful,
		ReloadAt: metric.GaleraExporterConfigLastReloadSuccessTimestampSeconds,
	}, prometheus.NewRegistry(), promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fleet.Close)
	server := httptest.NewServer(&exporters.Prober{
		Fleet: fleet, Offset: 250 * time.Millisecond, Log: promslog.NewNopLogger(),
		Self: exporters.Self{
			Success: metric.GaleraExporterCollectorSuccess, Duration: metric.GaleraExporterCollectorDurationSeconds,
			Snapshot: metric.GaleraExporterLastSnapshotTimestampSeconds,
		},
		Shared: prometheus.NewCounter(prometheus.CounterOpts{Name: "shared"}),
	})
	t.Cleanup(server.Close)
	cluster := clusterName(t, l)

	t.Run("every declared family appears", func(t *testing.T) {
		text, _ := probe(t, server.URL, cluster+"/n1", "5")
		for _, f := range slices.Concat(metric.Galera(), []*metric.Family{metric.GaleraExporterCollectorSuccess, metric.GaleraExporterCollectorDurationSeconds}) {
			if why, ok := elsewhere[f.Name]; ok {
				t.Logf("%s: %s", f.Name, why)
				continue
			}
			if !regexp.MustCompile(`(?m)^` + f.Name + `[ {]`).MatchString(text) {
				t.Errorf("%s never appears", f.Name)
			}
		}
	})

	t.Run("it says what the cluster is", func(t *testing.T) {
		text, _ := probe(t, server.URL, cluster+"/n2", "5")
		for _, want := range []string{
			"galera_up 1", "galera_ready 1", `galera_cluster_status{status="primary"} 1`, `galera_local_state{state="synced"} 1`,
			"galera_cluster_size 2", `galera_cluster_members{kind="data"} 2`, "galera_cluster_expected_members 2",
			`galera_flow_control_queue_limit{bound="upper"} 23`, // int(16 × √2 + 0.5)
			"galera_state_uuid_match 1", `galera_exporter_collector_success{collector="variables"} 1`,
		} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("lacks %s", want)
			}
		}
	})

	t.Run("counters count what clients write", func(t *testing.T) {
		before, _ := probe(t, server.URL, cluster+"/n1", "5")
		for range 3 {
			if err := l.SQL(t.Context(), "n1", "CREATE TABLE IF NOT EXISTS "+lab.Schema+".exported (id INT AUTO_INCREMENT PRIMARY KEY)",
				"INSERT INTO "+lab.Schema+".exported VALUES ()"); err != nil {
				t.Fatal(err)
			}
		}
		after, _ := probe(t, server.URL, cluster+"/n1", "5")
		if a, b := value(t, before, "galera_local_commits_total"), value(t, after, "galera_local_commits_total"); b == a {
			t.Errorf("galera_local_commits_total stays %s", a)
		}
	})

	t.Run("an account with the printed grants runs every collector, and a missing grant is named", func(t *testing.T) { grantsSuffice(t, l) })

	t.Run("a frozen server is down within the deadline, and the next scrape no later", func(t *testing.T) {
		if err := l.Freeze(t.Context(), "n2"); err != nil {
			t.Fatal(err)
		}
		for up := "1"; up != "0"; { // the signal reaches the threads one after the other
			text, _ := probe(t, server.URL, cluster+"/n2", "0.6")
			up = value(t, text, "galera_up")
		}
		for range 3 {
			text, took := probe(t, server.URL, cluster+"/n2", "0.6")
			onlyUp(t, text)
			if took > 600*time.Millisecond {
				t.Errorf("took %s of a timeout of 0.6 s", took)
			}
		}
		if err := l.Thaw(t.Context(), "n2"); err != nil {
			t.Fatal(err)
		}
		if err := l.AwaitSynced(t.Context()); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("a survivor without a quorum is up, not ready, not primary", func(t *testing.T) {
		if err := l.Kill(t.Context(), "n2"); err != nil {
			t.Fatal(err)
		}
		if err := l.AwaitStatus(t.Context(), "n1", "wsrep_cluster_status", "non-Primary"); err != nil {
			t.Fatal(err)
		}
		text, _ := probe(t, server.URL, cluster+"/n1", "5")
		for _, want := range []string{"galera_up 1", "galera_ready 0", `galera_cluster_status{status="non_primary"} 1`, `galera_exporter_collector_success{collector="variables"} 1`} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("lacks %s", want)
			}
		}
		if strings.Contains(text, "\ngalera_cluster_conf_id ") {
			t.Error("has a configuration number without a configuration")
		}
	})

	t.Run("a killed server leaves galera_up 0 at once", func(t *testing.T) {
		text, took := probe(t, server.URL, cluster+"/n2", "5")
		onlyUp(t, text)
		if took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func clusterName(t *testing.T, l *lab.Lab) string {
	t.Helper()
	fleet, err := inventory.Load(l.Config())
	if err != nil {
		t.Fatal(err)
	}
	return fleet.Clusters[0].Name
}

func probe(t *testing.T, url, target, timeout string) (text string, took time.Duration) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/probe?target="+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
	start := time.Now()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %v: %s", answer.Status, err, body)
	}
	return string(body), time.Since(start)
}

func value(t *testing.T, text, series string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + series + ` (.*)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s is not in:\n%s", series, text)
	}
	return m[1]
}

// onlyUp checks that nothing is said of a server that says nothing.
func onlyUp(t *testing.T, text string) {
	t.Helper()
	var series []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "galera_exporter_") {
			series = append(series, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff([]string{"galera_up 0"}, series); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
