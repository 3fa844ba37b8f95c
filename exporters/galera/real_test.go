package galera_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/metric"
)

// elsewhere lists families that a healthy cluster of this server does not show, each with the reason.
var elsewhere = map[string]string{
	"galera_checkpoint_seqno":          "MariaDB has it from some release after 10.11.14 on; fixture mariadb-10.11, of 10.11.19",
	"galera_last_applied_seqno":        "PXC only; fixture pxc-8.0",
	"galera_gcache_pool_bytes":         "PXC only; fixture pxc-8.0",
	"galera_monitor_pending":           "PXC only; fixture pxc-8.0",
	"galera_ist_receive_start_seqno":   "PXC only; fixture pxc-8.0",
	"galera_ist_receive_current_seqno": "PXC only; fixture pxc-8.0",
	"galera_ist_receive_end_seqno":     "PXC only; fixture pxc-8.0",
	"galera_pxc_maint_mode":            "PXC only; fixture pxc-8.0",

	"galera_evs_retransmitted_messages_total":       "needs the statistics bit of evs.info_log_mask, which floods the log; TestStates",
	"galera_evs_replication_latency_min_seconds":    "needs a whole report period with messages, which TestStates makes a second",
	"galera_evs_replication_latency_mean_seconds":   "as the minimum",
	"galera_evs_replication_latency_max_seconds":    "as the minimum",
	"galera_evs_replication_latency_stddev_seconds": "as the minimum",

	"galera_sst_expected_bytes":  "MariaDB 10.11.14 writes -1 of -1 in all transfers of TestStates; TestHostFiles",
	"galera_sst_done_bytes":      "as what is expected",
	"galera_ist_expected_events": "as the bytes of a full transfer",
	"galera_ist_done_events":     "as the bytes of a full transfer",
}

func TestOnARealCluster(t *testing.T) {
	l := labtest.Up(t, lab.Options{Nodes: 2})
	w := theWatched(t)
	everything := galera.Switches{}
	for _, s := range galera.Sources() {
		everything[s.Name] = true
	}
	sources := galera.Switches{"host": false}
	for _, s := range galera.Sources() {
		if s.Name != "host" {
			sources[s.Name] = true
		}
	}
	w.fleet.Credential = w.account(t, "kagu_monitor", sources.On())
	load := func() ([]*exporters.Target, error) {
		fleet, err := inventory.Load(l.Config())
		if err != nil {
			return nil, err
		}
		for _, g := range galera.Grants(sources.On()) { // more than the lab's account has
			if err := l.SQL(t.Context(), "n1", "GRANT "+g.String()+" TO '"+lab.MonitorUser+"'@'127.%'"); err != nil {
				return nil, err
			}
		}
		fleet.Clusters = append(fleet.Clusters, w.fleet)
		return galera.Targets(fleet, galera.Options{Switches: everything, Node: fleet.Clusters[0].Name + "/n1", StatusFile: "wsrep_status.json", BigTable: 1}), nil
	}
	fleet, url := serve(t, load)
	cluster := clusterName(t, l)

	t.Run("every declared family appears", func(t *testing.T) {
		keepBusy(t, l)
		replicate(t, l, w)
		began := time.Now()
		rowBlocker, metadataBlocker := w.trouble(t)
		declared := append(metric.Galera(), metric.GaleraExporterCollectorSuccess,
			metric.GaleraExporterCollectorDurationSeconds, metric.GaleraExporterLastSnapshotTimestampSeconds)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		var missing []string
		told := ""
		for until := time.Now().Add(4 * time.Minute); time.Now().Before(until); <-tick.C { // the slow ones come with a later scrape
			text, _ := probe(t, url, cluster+"/n1", "5")
			of, _ := probe(t, url, "watched/w1", "5")
			text += of
			missing = nil
			for _, f := range declared {
				if _, ok := elsewhere[f.Name]; !ok && !regexp.MustCompile(`(?m)^`+f.Name+`(_count)?[ {]`).MatchString(text) {
					missing = append(missing, f.Name)
				}
			}
			if missing == nil { // families may be there with nothing in them yet
				missing = append(lacks(of, ofTheWatched(rowBlocker, metadataBlocker)...), lacks(text, ofTheReplica...)...)
			}
			if last := fmt.Sprint(missing); last != told {
				told = last
				t.Logf("not yet: %s", last)
			}
			if missing == nil {
				for _, name := range slices.Sorted(maps.Keys(elsewhere)) {
					t.Logf("not here: %s: %s", name, elsewhere[name])
				}
				knowsTheWatched(t, of, began)
				grantsSuffice(t, w)
				return
			}
		}
		t.Errorf("never appear: %v", missing)
	})

	t.Run("it says what the cluster is", func(t *testing.T) {
		text, _ := probe(t, url, cluster+"/n2", "5")
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

	t.Run("the oldest transaction began when it did, whatever the server's time zone", func(t *testing.T) {
		if err := l.SQL(t.Context(), "n1", "SET GLOBAL time_zone = '+11:00'"); err != nil {
			t.Fatal(err)
		}
		if err := fleet.Reload(); err != nil { // new connections take the zone
			t.Fatal(err)
		}
		since := time.Now()
		keepBusy(t, l)
		begun := time.Now()
		began := regexp.MustCompile(`(?m)^` + metric.GaleraInnodbOldestTransactionStartTimestampSeconds.Name + ` (.*)$`)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		at := math.NaN()
		for until := since.Add(2 * time.Minute); math.IsNaN(at) && time.Now().Before(until); <-tick.C { // InnoDB renews its list once nobody read it for 0.1 s
			text, _ := probe(t, url, cluster+"/n1", "5")
			if m := began.FindStringSubmatch(text); m != nil {
				at, _ = strconv.ParseFloat(m[1], 64)
			}
		}
		if !(at >= float64(since.Unix()-5) && at <= float64(begun.Unix()+5)) {
			t.Errorf("it began at %v, and that was at %v to %v", at, since.Unix(), begun.Unix())
		}
		if err := l.SQL(t.Context(), "n1", "SET GLOBAL time_zone = 'SYSTEM'"); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("counters count what clients write", func(t *testing.T) {
		before, _ := probe(t, url, cluster+"/n1", "5")
		for range 3 {
			if err := l.SQL(t.Context(), "n1", "CREATE TABLE IF NOT EXISTS "+lab.Schema+".exported (id INT AUTO_INCREMENT PRIMARY KEY)",
				"INSERT INTO "+lab.Schema+".exported VALUES ()"); err != nil {
				t.Fatal(err)
			}
		}
		after, _ := probe(t, url, cluster+"/n1", "5")
		if a, b := value(t, before, "galera_local_commits_total"), value(t, after, "galera_local_commits_total"); b == a {
			t.Errorf("galera_local_commits_total stays %s", a)
		}
	})

	t.Run("weights that differ give an exact quorum margin to who asks all", func(t *testing.T) {
		weigh := func(w string) {
			if err := l.SQL(t.Context(), "n2", "SET GLOBAL wsrep_provider_options = 'pc.weight="+w+"'"); err != nil {
				t.Fatal(err)
			}
		}
		weigh("2")
		if err := l.AwaitStatus(t.Context(), "n1", "wsrep_cluster_weight", "3"); err != nil {
			t.Fatal(err)
		}
		if lacks := settled(t, func() string { // n2 may come to the new view a little later
			_, _ = probe(t, url, cluster+"/n2", "5")
			text, _ := probe(t, url, cluster+"/n1", "5")
			return strings.Join(lacks(text, "galera_quorum_margin 0"), "\n")
		}); lacks != "" {
			t.Errorf("lacks %s", lacks)
		}
		weigh("1")
	})

	t.Run("a frozen server is down within the deadline, and the next scrape no later", func(t *testing.T) {
		if err := l.Freeze(t.Context(), "n2"); err != nil {
			t.Fatal(err)
		}
		for up := "1"; up != "0"; { // the signal reaches the threads one after the other
			text, _ := probe(t, url, cluster+"/n2", "0.6")
			up = value(t, text, "galera_up")
		}
		quickest := time.Hour
		for range 6 { // on a busy machine any one may be late, and not all
			text, took := probe(t, url, cluster+"/n2", "0.6")
			onlyUp(t, text)
			quickest = min(quickest, took)
		}
		if quickest > 600*time.Millisecond {
			t.Errorf("took %s of a timeout of 0.6 s", quickest)
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
		tells(t, url, cluster+"/n1", "galera_up 1", "galera_ready 0", `galera_cluster_status{status="non_primary"} 1`, `galera_exporter_collector_success{collector="variables"} 1`)
		if text, _ := probe(t, url, cluster+"/n1", "5"); strings.Contains(text, "\ngalera_cluster_conf_id ") {
			t.Error("has a configuration number without a configuration")
		}
	})

	t.Run("a killed server leaves galera_up 0 at once", func(t *testing.T) {
		quickest := time.Hour
		for range 6 {
			text, took := probe(t, url, cluster+"/n2", "5")
			onlyUp(t, text)
			quickest = min(quickest, took)
		}
		if quickest > time.Second {
			t.Errorf("took %s", quickest)
		}
	})

	t.Run("of the node on this host, its files tell while its server is down", func(t *testing.T) {
		if err := l.Kill(t.Context(), "n1"); err != nil {
			t.Fatal(err)
		}
		text, _ := probe(t, url, cluster+"/n1", "5")
		for _, want := range []string{
			"galera_up 0", "galera_process_up 0", "galera_grastate_seqno -1", "galera_grastate_safe_to_bootstrap 0",
			`galera_exporter_collector_success{collector="host"} 1`, `galera_exporter_collector_success{collector="status"} 0`,
		} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("lacks %s", want)
			}
		}
		if value(t, text, "galera_datadir_available_bytes") == "0" {
			t.Error("no room on the disk")
		}
	})
}

// keepBusy leaves a transaction open and a statement running until the test ends, and a table
// without a primary key.
func keepBusy(t *testing.T, l *lab.Lab) {
	t.Helper()
	if err := l.SQL(t.Context(), "n1", "CREATE TABLE IF NOT EXISTS "+lab.Schema+".keyless (a INT)"); err != nil {
		t.Fatal(err)
	}
	config, err := l.WriterConfig(l.Nodes[0].SQLAddress())
	if err != nil {
		t.Fatal(err)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	ctx, stop := context.WithCancel(context.Background())
	open, err := db.BeginTx(ctx, nil)
	if err == nil {
		_, err = open.Exec("INSERT INTO " + lab.Schema + ".keyless VALUES (1), (2)")
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = db.ExecContext(ctx, "DO SLEEP(60)") // its end is ours
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		_ = db.Close()
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

// onlyUp checks that nothing is said of a server that says nothing, but what is kept with its age.
func onlyUp(t *testing.T, text string) {
	t.Helper()
	var series []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "galera_exporter_") && !isKept(line) {
			series = append(series, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff([]string{"galera_up 0"}, series); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// isKept tells whether a series is of a collector that runs apart and whose result is kept.
func isKept(line string) bool {
	name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	name, _, _ = strings.Cut(name, "{")
	return slices.ContainsFunc(metric.Galera(), func(f *metric.Family) bool { return f.Name == name && f.Cost == metric.Slow })
}

// replicate makes n1 a replica of the watched server, one that gives receipts, until the test ends.
func replicate(t *testing.T, l *lab.Lab, w *watched) {
	t.Helper()
	var position string
	if err := w.admin.QueryRow("SELECT @@GLOBAL.gtid_binlog_pos").Scan(&position); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(w.address)
	w.run(t, "CREATE USER feed@'127.%' IDENTIFIED BY 'feed'", "GRANT REPLICATION SLAVE ON *.* TO feed@'127.%'")
	if err := l.SQL(t.Context(), "n1", "SET GLOBAL rpl_semi_sync_slave_enabled = ON", "SET GLOBAL gtid_slave_pos = '"+position+"'",
		"CHANGE MASTER 'feed' TO MASTER_HOST = '"+host+"', MASTER_PORT = "+port+", MASTER_USER = 'feed', MASTER_PASSWORD = 'feed', MASTER_USE_GTID = slave_pos, MASTER_HEARTBEAT_PERIOD = 1",
		"START SLAVE 'feed'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.SQL(context.Background(), "n1", "STOP SLAVE 'feed'", "RESET SLAVE 'feed' ALL", "SET GLOBAL rpl_semi_sync_slave_enabled = OFF"); err != nil {
			t.Error(err)
		}
	})
}

// lacks returns the lines that a page does not have.
func lacks(text string, want ...string) (missing []string) {
	for _, line := range want {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			missing = append(missing, line)
		}
	}
	return missing
}

// ofTheWatched is what is said of a server in trouble.
func ofTheWatched(rowBlocker, metadataBlocker string) []string {
	return []string{
		`galera_lock_blocker_info{host="localhost",lock="row",thread_id="` + rowBlocker + `",user="root"} 1`,
		`galera_lock_blocker_info{host="localhost",lock="metadata",thread_id="` + metadataBlocker + `",user="root"} 1`,
		`galera_lock_blockers{lock="row"} 1`, `galera_lock_blocker_waiters{lock="row"} 2`,
		`galera_lock_blockers{lock="metadata"} 1`, `galera_lock_blocker_waiters{lock="metadata"} 1`,
		`galera_schema_hazard_tables{hazard="no_primary_key",schema="shop"} 1`, `galera_schema_hazard_tables{hazard="not_innodb",schema="shop"} 1`,
		`galera_schema_hazard_tables{hazard="cascade_to_big_table",schema="shop"} 1`, `galera_schema_tables{schema="shop"} 5`,
		`galera_instrument_enabled{instrument="performance_schema"} 1`, `galera_instrument_enabled{instrument="metadata_lock_info"} 1`,
		`galera_binlog_enabled 1`, `galera_binlog_expire_seconds 172800`, `galera_async_binlog_dump_threads 1`, `galera_semi_sync_replicas 1`,
	}
}

// knowsTheWatched checks the times that are told of a server in trouble.
func knowsTheWatched(t *testing.T, text string, began time.Time) {
	t.Helper()
	soon := time.Now().Add(5 * time.Second) // the server rounds
	certified := began.Add(10 * 24 * time.Hour)
	for _, c := range []struct {
		series   string
		from, to time.Time
	}{
		{metric.GaleraTLSCertificateExpiryTimestampSeconds.Name, certified.Add(-5 * time.Minute), certified},
		{metric.GaleraLockOldestWaitStartTimestampSeconds.Name + `\{lock="row"\}`, began, soon},
		{metric.GaleraLockOldestWaitStartTimestampSeconds.Name + `\{lock="metadata"\}`, began, soon},
		{metric.GaleraLockBlockerStartTimestampSeconds.Name + `\{lock="row"\}`, began, soon},
		{metric.GaleraLockBlockerStartTimestampSeconds.Name + `\{lock="metadata"\}`, began, soon},
	} {
		got, err := strconv.ParseFloat(value(t, text, c.series), 64)
		if err != nil || got < float64(c.from.Unix()-5) || got > float64(c.to.Unix()) {
			t.Errorf("%s is %v, want %v to %v", c.series, got, c.from, c.to)
		}
	}
	if strings.Contains(text, "SELECT") || strings.Contains(text, "read_by_all") {
		t.Error("tells a statement's text")
	}
}

// ofTheReplica is what is said of n1 as a replica.
var ofTheReplica = []string{
	`galera_async_replica_io_running{channel="feed"} 1`, `galera_async_replica_sql_running{channel="feed"} 1`,
	`galera_async_replica_error_number{channel="feed",thread="sql"} 0`, "galera_semi_sync_replica_active 1",
}
