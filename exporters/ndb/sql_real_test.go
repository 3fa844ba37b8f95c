package ndb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

var record = flag.String("record", "", "write what the lab's SQL nodes answer to this file, and stop")

// sqlElsewhere lists families that the lab does not show, each with the reason.
var sqlElsewhere = map[string]string{
	"ndb_sql_failure_info":                     "all SQL nodes are up; shown when one is not, below",
	"ndb_sql_sync_excluded_info":               "needs an object that a SQL node cannot synchronise; TestExcludedObjectsAreNamed",
	"ndb_sql_replicated_epoch":                 "needs a channel from another cluster; TestAReplica",
	"ndb_sql_channel_epoch":                    "needs a channel from another cluster; TestAReplica",
	"ndb_certificate_expiry_timestamp_seconds": "needs TLS between the nodes; TestCertificates",
}

func sqlOnARealCluster(t *testing.T, l *lab.Lab) {
	c := clusterOf(t, l)
	open := func(t *testing.T, c inventory.Cluster) *sqlSide {
		s := openSQL(c)
		t.Cleanup(s.close)
		return s
	}
	s := open(t, c)
	run := func(t *testing.T, node string, statements ...string) {
		t.Helper()
		if err := l.SQL(t.Context(), node, statements...); err != nil {
			t.Fatal(err)
		}
	}
	// await scrapes until the page has all lines.
	await := func(t *testing.T, s *sqlSide, lines ...string) (page string, failed map[string]string) {
		t.Helper()
		for until := time.Now().Add(3 * time.Minute); ; {
			page, failed = scrapeSQL(t, s)
			i := slices.IndexFunc(lines, func(line string) bool { return !strings.Contains(page, line) })
			if i < 0 {
				return page, failed
			}
			if time.Now().After(until) {
				t.Fatalf("never says %s: %v\n%s", lines[i], failed, page)
			}
		}
	}

	makeDiskData(t, l, run)
	if *record != "" {
		recordSQL(t, s, l.Dir)
		return
	}

	t.Run("every declared family appears", func(t *testing.T) {
		waitForALock(t, l)
		client := mgm.New(mgm.Options{Addresses: l.ManagementAddresses(), Timeout: 20 * time.Second})
		defer client.Close()
		if _, err := client.StartBackup(t.Context(), mgm.Backup{Wait: mgm.UntilBackupStarted}); err != nil {
			t.Fatal(err)
		}
		run(t, "s1", "SET GLOBAL ndb_eventbuffer_max_alloc = 67108864", "INSERT INTO mysql.ndb_apply_status VALUES (7, 4294967297, '', 0, 0)")
		var page string
		failed := untilGood(func() (failed map[string]string) {
			page, failed = await(t, s, "ndb_backup_newest_id 1", "ndb_row_lock_wait_seconds_max{", `ndb_applied_epoch{server_id="7"} 4.294967297e+09`)
			return failed
		})
		if len(failed) > 0 {
			t.Errorf("these fail: %v", failed)
		}
		shown := families(page)
		for _, f := range metric.NdbSQL() {
			_, reason := sqlElsewhere[f.Name]
			if shown[f.Name] == reason {
				t.Errorf("%s: shown %t, said to be elsewhere %t", f.Name, shown[f.Name], reason)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(sqlElsewhere)) {
			t.Logf("not here: %s: %s", name, sqlElsewhere[name])
		}
		for _, want := range []string{
			`ndb_sql_up{node="s1",node_id="51"} 1`, `ndb_sql_up{node="s2",node_id="52"} 1`, `ndb_sql_data_nodes{node="s1",node_id="51",state="ready"} 2`,
			`ndb_sql_schema_participants{node="s1",node_id="51"} 2`, `ndb_arbitration_state{node="d1",node_id="11",state="ready"} 1`,
			`ndb_config_value{node="d1",node_id="11",parameter="NoOfReplicas"} 2`, `ndb_table_rows{schema="` + lab.Schema + `",table="ondisk"} 100`,
			`ndb_fragments{state="under_replicated"} 0`, `ndb_transporter_up{node="d1",node_id="11",peer="d2",peer_id="12"} 1`,
		} {
			if !strings.Contains(page, want+"\n") {
				t.Errorf("lacks %s", want)
			}
		}
		columns := `ndb_ndbinfo_columns{state="unknown"} 0`
		if !strings.Contains(page, columns) {
			t.Errorf("lacks %s: the server knows columns that ndbinfo_tables.go does not name", columns)
		}
	})

	t.Run("an account with the printed grants runs every collector, and a missing grant is named", func(t *testing.T) {
		sqlGrantsSuffice(t, c, run, func(c inventory.Cluster) *sqlSide { return open(t, c) })
	})

	t.Run("a wrong password is told apart from a SQL node that is down", func(t *testing.T) {
		wrong := c
		wrong.Credential.Password = inventory.NewSecret("not the password")
		page, _ := scrapeSQL(t, open(t, wrong))
		for _, want := range []string{`ndb_sql_up{node="s1",node_id="51"} 0`, `ndb_sql_failure_info{node="s1",node_id="51",reason="denied"} 1`, `ndb_ndbinfo_state{state="denied"} 1`} {
			if !strings.Contains(page, want) {
				t.Errorf("lacks %s", want)
			}
		}
	})

	t.Run("ndbinfo_offline is no empty cluster", func(t *testing.T) {
		run(t, "s1", "SET GLOBAL ndbinfo_offline = ON")
		await(t, s, `ndb_ndbinfo_sql_node_info{node="s2",node_id="52"} 1`, `ndb_ndbinfo_state{state="serving"} 1`, "ndb_node_uptime_seconds{")
		run(t, "s2", "SET GLOBAL ndbinfo_offline = ON")
		page, failed := await(t, s, `ndb_ndbinfo_state{state="offline"} 1`)
		if strings.Contains(page, "ndb_node_uptime_seconds{") || failed["ndbinfo"] == "" {
			t.Errorf("it has data nodes, or does not fail: %v", failed)
		}
		run(t, "s1", "SET GLOBAL ndbinfo_offline = OFF")
		run(t, "s2", "SET GLOBAL ndbinfo_offline = OFF")
		await(t, s, `ndb_ndbinfo_state{state="serving"} 1`)
	})

	t.Run("of a SQL node that is killed only that is known, and ndbinfo is read through the other", func(t *testing.T) {
		if err := l.Kill(t.Context(), "s1"); err != nil {
			t.Fatal(err)
		}
		page, _ := await(t, s, `ndb_sql_up{node="s1",node_id="51"} 0`, `ndb_sql_up{node="s2",node_id="52"} 1`,
			`ndb_ndbinfo_sql_node_info{node="s2",node_id="52"} 1`, `ndb_transporter_up{node="d1",node_id="11",peer="s1",peer_id="51"} 0`)
		for _, line := range strings.Split(page, "\n") {
			if strings.HasPrefix(line, "ndb_sql_") && strings.Contains(line, `node="s1"`) && !strings.HasPrefix(line, "ndb_sql_up{") && !strings.HasPrefix(line, "ndb_sql_failure_info{") {
				t.Errorf("has %s", line)
			}
		}
	})

	t.Run("a data node that is frozen holds no scrape up for longer than its deadline, and its restart shows", func(t *testing.T) {
		start := time.Now()
		scrapeEveryScrape(t, s)
		usual := time.Since(start) // longer on a busy machine
		if err := l.Freeze(t.Context(), "d2"); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		page, _ := scrapeEveryScrape(t, s)
		if took := time.Since(start); took > infoDeadline+2*time.Second+3*usual {
			t.Errorf("took %s, and %s before", took, usual)
		}
		if !strings.Contains(page, `ndb_sql_up{node="s2",node_id="52"} 1`) {
			t.Error("the SQL node is not up")
		}
		await(t, s, `ndb_ndbinfo_state{state="serving"} 1`) // once the cluster has declared it dead
		if err := l.Thaw(t.Context(), "d2"); err != nil {
			t.Fatal(err)
		}
		await(t, s, `ndb_restart_status_code{node="d2",node_id="12"}`, `ndb_restart_seconds{node="d2",node_id="12"}`, `ndb_restart_stage_seconds{node="d2",node_id="12"`)
	})

	t.Run("without data nodes ndbinfo is disconnected, and the SQL node is up", func(t *testing.T) {
		for _, node := range []string{"d1", "d2"} {
			if err := l.Kill(t.Context(), node); err != nil {
				t.Fatal(err)
			}
		}
		page, _ := await(t, s, `ndb_ndbinfo_state{state="disconnected"} 1`, `ndb_sql_up{node="s2",node_id="52"} 1`, `ndb_sql_connected{node="s2",node_id="52"} 0`)
		whole := openSide(c, Options{Streams: NewStreams()})
		defer whole.close()
		// Neither management servers nor SQL nodes have a data node, once each has noticed.
		lines, _ := pageOf(t, whole)
		for until := time.Now().Add(3 * time.Minute); !slices.Contains(lines, "ndb_cluster_serving 0") && time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
			lines, _ = pageOf(t, whole)
		}
		says(t, lines, "ndb_cluster_serving 0", `ndb_data_nodes{state="started"} 0`, `ndb_node_up{node="d1",node_id="11",role="data"} 0`,
			`ndb_node_group_nodes{node_group="0",state="started"} 0`, `ndb_failures_until_outage{of="nodes",timing="sequential"} 0`)
		for _, f := range metric.NdbSQL() {
			if strings.HasPrefix(f.Collector, "ndbinfo") && families(page)[f.Name] && !slices.Contains(stateFamilies, f.Name) {
				t.Errorf("%s is there, and nothing is known of it", f.Name)
			}
		}
		if strings.Contains(page, "ndb_sql_binlog_lag_seconds{") {
			t.Error("has a lag behind nothing")
		}
	})

	t.Run("without SQL nodes nothing is known but that", func(t *testing.T) {
		if err := l.Kill(t.Context(), "s2"); err != nil {
			t.Fatal(err)
		}
		page, _ := await(t, s, `ndb_sql_up{node="s2",node_id="52"} 0`, `ndb_ndbinfo_state{state="unreachable"} 1`)
		for name := range families(page) {
			if !slices.Contains(stateFamilies, name) && name != "ndb_sql_up" && name != "ndb_sql_failure_info" {
				t.Errorf("has %s", name)
			}
		}
	})
}

// scrapeEveryScrape is a scrape as Prometheus makes it: what is apart is not waited for.
func scrapeEveryScrape(t *testing.T, s *sqlSide) (page string, failed map[string]string) {
	t.Helper()
	return scrapeThese(t, s, slices.DeleteFunc(SQLSources(), func(of SQLSource) bool { return of.apart != nil }))
}

func makeDiskData(t *testing.T, l *lab.Lab, run func(*testing.T, string, ...string)) {
	t.Helper()
	run(t, "s1", "CREATE LOGFILE GROUP lg ADD UNDOFILE 'undo.log' INITIAL_SIZE 4M UNDO_BUFFER_SIZE 1M ENGINE NDBCLUSTER",
		"CREATE TABLESPACE ts ADD DATAFILE 'data.dat' USE LOGFILE GROUP lg INITIAL_SIZE 4M ENGINE NDBCLUSTER",
		"CREATE TABLE "+lab.Schema+".ondisk (id INT PRIMARY KEY, v VARCHAR(200)) TABLESPACE ts STORAGE DISK ENGINE NDB",
		"INSERT INTO "+lab.Schema+".ondisk WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i, REPEAT('x', 100) FROM n")
}

// waitForALock leaves a transaction open and another waiting for its lock until the test ends.
func waitForALock(t *testing.T, l *lab.Lab) {
	t.Helper()
	config, err := l.WriterConfig(clusterOf(t, l).SQL[0].SQL)
	if err != nil {
		t.Fatal(err)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	ctx, stop := context.WithCancel(context.Background())
	update := "UPDATE " + lab.Schema + ".ondisk SET v = 'y' WHERE id = 7"
	holder, err := db.BeginTx(ctx, nil)
	if err == nil {
		_, err = holder.Exec(update)
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil { // each wait ends by the deadlock timeout
			_, _ = db.ExecContext(ctx, update)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		_ = db.Close()
	})
}

// sqlGrantsSuffice makes an account with exactly what `kagu grants` prints for all collectors:
// each works with it. Then each grant is taken away in turn: the collectors that need it fail,
// no other does, and what they say names it.
func sqlGrantsSuffice(t *testing.T, c inventory.Cluster, run func(*testing.T, string, ...string), open func(inventory.Cluster) *sqlSide) {
	t.Helper()
	account := sqlconn.Account{User: "kagu_grants", Host: "127.%", Connections: Connections}
	const name = "'kagu_grants'@'127.%'"
	statements, err := account.SQL(Grants(SQLSources()))
	if err != nil {
		t.Fatal(err)
	}
	password := rand.Text()
	statements[0] = strings.Replace(statements[0], sqlconn.Placeholder, password, 1)
	run(t, "s1", statements...) // and on s2 by NDB_STORED_USER
	c.Credential = inventory.Credential{User: account.User, Password: inventory.NewSecret(password)}
	c.TLS = &inventory.TLS{Mode: inventory.TLSOff} // then a password that the server has not cached goes by its RSA key
	try := func() map[string]string {
		s := open(c) // new connections: a grant on all tables counts from the next one on
		defer s.close()
		_, failed := scrapeSQL(t, s)
		return failed
	}
	if failed := untilGood(try); len(failed) > 0 { // once s2 has the account
		t.Fatalf("with all grants, these fail: %v", failed)
	}
	only := c
	only.SQL = c.SQL[:1] // a change of privileges takes a while to reach the others
	c = only
	for _, g := range needed(SQLSources()) {
		run(t, "s1", "REVOKE "+g.String()+" FROM "+name)
		for what, wrong := range untilGood(func() map[string]string {
			failed, wrong := try(), map[string]string{}
			for _, of := range SQLSources() {
				said, fails := failed[of.Name]
				if needs := slices.Contains(of.Needs, g); fails != needs || fails && !strings.Contains(said, "GRANT "+g.String()) {
					wrong[of.Name] = fmt.Sprintf("fails %v, needs it %v: %s", fails, needs, said)
				}
			}
			return wrong
		}) {
			t.Errorf("without %s, %s: %s", g, what, wrong)
		}
		run(t, "s1", "GRANT "+g.String()+" TO "+name)
	}
	if failed := untilGood(try); len(failed) > 0 {
		t.Errorf("with all grants again, these fail: %v", failed)
	}
	run(t, "s1", "DROP USER "+name)
}

// untilGood tries until nothing is wrong, for two minutes at most, and returns what still is: on a busy
// machine a collector may run into its deadline.
func untilGood(try func() map[string]string) map[string]string {
	wrong := try()
	for until := time.Now().Add(2 * time.Minute); len(wrong) > 0 && time.Now().Before(until); {
		wrong = try()
	}
	return wrong
}

// recordSQL writes what the SQL nodes answer, for the tests that need no server.
func recordSQL(t *testing.T, s *sqlSide, dir string) {
	r := recording{}
	var mu sync.Mutex
	for _, n := range s.nodes {
		n.own, n.info, n.apart = recorder{n.own, n.name, r, &mu}, recorder{n.info, n.name, r, &mu}, recorder{n.apart, n.name, r, &mu}
	}
	if _, failed := scrapeSQL(t, s); len(failed) > 0 {
		t.Errorf("these fail: %v", failed)
	}
	r.write(t, *record, dir)
}
