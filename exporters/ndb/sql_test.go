package ndb

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

const recorded = "testdata/sql-9.7.2.recorded"

// scrapeSQL runs all collectors and returns the page and what those say that fail.
func scrapeSQL(t *testing.T, s *sqlSide) (page string, failed map[string]string) {
	t.Helper()
	return scrapeThese(t, s, SQLSources())
}

func scrapeThese(t *testing.T, s *sqlSide, sources []SQLSource) (page string, failed map[string]string) {
	t.Helper()
	l := newSQLLook(s)
	var collectors []exporters.Collector
	for _, of := range sources {
		c := exporters.Within{Deadline: of.deadline}
		if of.make != nil {
			c.Collector = granted(of.make(l), of.Needs)
		} else {
			c.Collector = granted(of.apart(s), of.Needs)
		}
		collectors = append(collectors, c)
	}
	failed = map[string]string{}
	parts := make([][]prometheus.Metric, len(collectors))
	errs := make([]error, len(collectors))
	run := func(i int) {
		errs[i] = collectors[i].Collect(t.Context(), func(m prometheus.Metric) { parts[i] = append(parts[i], m) })
	}
	for i, source := range sources { // the intervals come first, so that the page does not depend on who is first
		if source.Name == "ndbinfo.config" {
			run(i)
		}
	}
	_ = sideBySide(len(collectors), func(i int) error {
		if collectors[i].Name() != "ndbinfo.config" {
			run(i)
		}
		return nil
	})
	var all []prometheus.Metric
	for i, part := range parts {
		all = append(all, part...)
		if errs[i] != nil {
			failed[collectors[i].Name()] = errs[i].Error()
		}
	}
	families, err := metric.Page(all)
	if err != nil {
		t.Error(err)
	}
	var b strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String(), failed
}

// healthy returns the two SQL nodes of the recording.
func healthy(t *testing.T) map[string]*fake {
	t.Helper()
	fakes := map[string]*fake{}
	for name, answers := range readRecording(t, recorded) {
		fakes[name] = &fake{answers: answers, errs: map[string]error{}, opened: 1}
	}
	// ndbinfo was recorded through the first; the second would have said the same.
	for query, rows := range fakes["s1"].answers {
		if _, ok := fakes["s2"].answers[query]; !ok {
			fakes["s2"].answers[query] = rows
		}
	}
	return fakes
}

func TestSQLExposition(t *testing.T) {
	page, failed := scrapeSQL(t, sideOf(healthy(t)))
	if len(failed) > 0 {
		t.Errorf("these fail: %v", failed)
	}
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	if err != nil || problems != nil {
		t.Errorf("promlint: %v %v", problems, err)
	}
	goldentest.Compare(t, "testdata/sql-9.7.2.golden", page)
}

// set changes an answer of a fake whose statement contains a part.
func (f *fake) set(t *testing.T, part string, change func(rows []map[string]string) []map[string]string) {
	t.Helper()
	found := false
	answers := maps.Clone(f.answers)
	for query, rows := range f.answers {
		if strings.Contains(query, part) {
			found = true
			copied := make([]map[string]string, len(rows))
			for i, row := range rows {
				copied[i] = maps.Clone(row)
			}
			answers[query] = change(copied)
		}
	}
	if !found {
		t.Fatalf("no statement with %q is recorded", part)
	}
	f.answers = answers
}

func (f *fake) setVariable(t *testing.T, statement, name, value string) {
	f.set(t, statement, func(rows []map[string]string) []map[string]string {
		for _, row := range rows {
			if row["k"] == name {
				row["v"] = value
			}
		}
		return rows
	})
}

func none([]map[string]string) []map[string]string { return nil }

func refuse(kind error) error { return fmt.Errorf("query: %w", kind) }

// families returns the names of the families on a page.
func families(page string) map[string]bool {
	names := map[string]bool{}
	for line := range strings.Lines(page) {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ := strings.Cut(rest, " ")
			names[name] = true
		}
	}
	return names
}

// stateFamilies are what the collector ndbinfo says while it can say nothing else.
var stateFamilies = []string{metric.NdbNdbinfoState.Name, metric.NdbNdbinfoFailoversTotal.Name}

func TestNdbinfoThatTellsNothing(t *testing.T) {
	both := func(change func(f *fake)) func(t *testing.T, fakes map[string]*fake) {
		return func(_ *testing.T, fakes map[string]*fake) {
			for _, f := range fakes {
				change(f)
			}
		}
	}
	for _, c := range []struct {
		name, state string
		change      func(t *testing.T, fakes map[string]*fake)
		says        string
	}{
		{name: "all is well", state: serving, change: func(*testing.T, map[string]*fake) {}},
		{
			name: "ndbinfo_offline on every SQL node", state: offline, says: "ndbinfo_offline is ON",
			change: func(t *testing.T, fakes map[string]*fake) {
				for _, f := range fakes {
					f.setVariable(t, "SHOW GLOBAL VARIABLES", "ndbinfo_offline", "ON")
				}
			},
		},
		{
			name: "data nodes of another version: every table is empty", state: empty, says: "another version",
			change: func(t *testing.T, fakes map[string]*fake) {
				for _, f := range fakes {
					f.set(t, "FROM ndbinfo.nodes", none)
				}
			},
		},
		{
			name: "all data nodes are gone", state: disconnected, says: "no SQL node that answers is connected",
			change: func(t *testing.T, fakes map[string]*fake) {
				for _, f := range fakes {
					f.setVariable(t, "SHOW GLOBAL STATUS", "ndb_number_of_ready_data_nodes", "0")
				}
			},
		},
		{
			name: "they are lost between the question who is connected and the tables", state: disconnected, says: "no connection to the data nodes",
			change: both(func(f *fake) { f.errs["FROM ndbinfo."] = refuse(sqlconn.ErrNoCluster) }),
		},
		{
			name: "the account is not let in", state: denied, says: "no SQL node lets us read ndbinfo",
			change: both(func(f *fake) { f.errs[""] = refuse(sqlconn.ErrDenied) }),
		},
		{
			name: "the grant is missing", state: denied, says: "it needs GRANT SELECT ON ndbinfo.*",
			change: both(func(f *fake) {
				f.errs["ndbinfo"] = refuse(sqlconn.ErrGrant)
				delete(f.errs, "information_schema")
			}),
		},
		{
			name: "no SQL node answers", state: unreachable, says: "no SQL node answers",
			change: both(func(f *fake) { f.errs[""] = refuse(sqlconn.ErrRefused) }),
		},
		{
			name: "servers without NDB", state: missing, says: "start mysqld with --ndbcluster",
			change: both(func(f *fake) {
				f.answers = maps.Clone(f.answers)
				for query := range f.answers {
					if strings.HasPrefix(query, "SHOW GLOBAL") {
						f.answers[query] = []map[string]string{{"k": "version", "v": "8.4.0"}}
					}
				}
			}),
		},
		{
			name: "an error nobody expects", state: failing, says: "the sky falls",
			change: both(func(f *fake) { f.errs["FROM ndbinfo."] = errors.New("the sky falls") }),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			fakes := healthy(t)
			c.change(t, fakes)
			page, failed := scrapeSQL(t, sideOf(fakes))
			for _, state := range metric.NdbNdbinfoState.States {
				want := fmt.Sprintf("ndb_ndbinfo_state{state=%q} %d\n", state, map[bool]int{true: 1}[state == c.state])
				if !strings.Contains(page, want) {
					t.Errorf("lacks %s", want)
				}
			}
			if !strings.Contains(failed["ndbinfo"], c.says) {
				t.Errorf("says %q, want %q in it", failed["ndbinfo"], c.says)
			}
			if c.state == serving {
				return
			}
			for _, f := range metric.NdbSQL() {
				if strings.HasPrefix(f.Collector, "ndbinfo") && families(page)[f.Name] && !slices.Contains(stateFamilies, f.Name) {
					t.Errorf("%s is there, and nothing is known of it", f.Name)
				}
			}
			for _, source := range SQLSources() {
				if strings.HasPrefix(source.Name, "ndbinfo") && failed[source.Name] == "" {
					t.Errorf("%s does not fail", source.Name)
				}
			}
		})
	}
}

func TestOneSQLNodeOfTwo(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, s1 *fake)
		want   []string
	}{
		{"is gone", func(_ *testing.T, s1 *fake) { s1.errs[""] = refuse(sqlconn.ErrRefused) }, []string{
			`ndb_sql_up{node="s1",node_id="51"} 0`, `ndb_sql_failure_info{node="s1",node_id="51",reason="refused"} 1`,
		}},
		{"does not let us in", func(_ *testing.T, s1 *fake) { s1.errs[""] = refuse(sqlconn.ErrDenied) }, []string{
			`ndb_sql_failure_info{node="s1",node_id="51",reason="denied"} 1`,
		}},
		{"has no data node", func(t *testing.T, s1 *fake) {
			s1.setVariable(t, "SHOW GLOBAL STATUS", "ndb_number_of_ready_data_nodes", "0")
		}, []string{`ndb_sql_up{node="s1",node_id="51"} 1`, `ndb_sql_connected{node="s1",node_id="51"} 0`}},
		{"is offline", func(t *testing.T, s1 *fake) { s1.setVariable(t, "SHOW GLOBAL VARIABLES", "ndbinfo_offline", "ON") }, []string{
			`ndb_sql_setting{node="s1",node_id="51",setting="ndbinfo_offline"} 1`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fakes := healthy(t)
			s := sideOf(fakes)
			page, _ := scrapeSQL(t, s)
			if want := `ndb_ndbinfo_sql_node_info{node="s1",node_id="51"} 1`; !strings.Contains(page, want) {
				t.Fatalf("lacks %s", want)
			}
			before := fakes["s1"].answers
			c.change(t, fakes["s1"])
			page, _ = scrapeSQL(t, s)
			for _, want := range append(c.want, `ndb_ndbinfo_sql_node_info{node="s2",node_id="52"} 1`, "ndb_ndbinfo_failovers_total 1",
				`ndb_ndbinfo_state{state="serving"} 1`, `ndb_sql_up{node="s2",node_id="52"} 1`, `ndb_node_uptime_seconds{node="d1",node_id="11"}`) {
				if !strings.Contains(page, want) {
					t.Errorf("lacks %s", want)
				}
			}
			fakes["s1"].answers, fakes["s1"].errs = before, map[string]error{}
			page, _ = scrapeSQL(t, s)
			for _, want := range []string{`ndb_ndbinfo_sql_node_info{node="s2",node_id="52"} 1`, "ndb_ndbinfo_failovers_total 1"} {
				if !strings.Contains(page, want) {
					t.Errorf("when s1 is back, lacks %s", want)
				}
			}
		})
	}
}

func TestOneThatFailedIsTriedLast(t *testing.T) {
	a, b := &sqlNode{name: "a"}, &sqlNode{name: "b"}
	now := time.Now()
	for _, c := range []struct {
		name string
		seat func(s *seat)
		want string
	}{
		{"at first the order of kagu.yaml", func(*seat) {}, "ab"},
		{"the one that serves stays", func(s *seat) { s.take(b) }, "ba"},
		{"unless it failed", func(s *seat) { s.take(b); s.remember(b, now) }, "ab"},
		{"which is forgotten after a while", func(s *seat) { s.take(b); s.remember(b, now.Add(-forgiven)) }, "ba"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s seat
			c.seat(&s)
			got := ""
			for _, n := range s.order([]*sqlNode{a, b}, now) {
				got += n.name
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestANodeThatFailsDuringAScanIsAskedAroundOnce(t *testing.T) {
	fakes := healthy(t)
	flaky := &once{fake: fakes["s1"], part: "FROM ndbinfo.memoryusage", err: refuse(sqlconn.ErrNoCluster)}
	s := sideOf(fakes)
	s.nodes[0].info = flaky
	page, failed := scrapeSQL(t, s)
	if failed["ndbinfo.memory"] != "" || !strings.Contains(page, "ndb_data_memory_bytes{") {
		t.Errorf("it fails: %s", failed["ndbinfo.memory"])
	}
}

func TestOneTableThatFailsLeavesTheOthers(t *testing.T) {
	for _, lost := range []error{refuse(sqlconn.ErrMissing), errors.New("broken on purpose")} {
		fakes := healthy(t)
		fakes["s1"].errs["FROM ndbinfo.resources"] = lost
		page, failed := scrapeSQL(t, sideOf(fakes))
		if names := families(page); names["ndb_resource_bytes"] || !names["ndb_data_memory_bytes"] || !names["ndb_transporter_up"] {
			t.Errorf("%v: the others are not as they were", lost)
		}
		delete(failed, "ndbinfo.memory")
		if len(failed) > 0 {
			t.Errorf("%v: these fail too: %v", lost, failed)
		}
	}
}

func TestColumnsThatComeAndGo(t *testing.T) {
	fakes := healthy(t)
	fakes["s1"].set(t, "information_schema.COLUMNS", func(rows []map[string]string) []map[string]string {
		rows = slices.DeleteFunc(rows, func(row map[string]string) bool {
			return row["t"] == "transporters" && row["c"] == "encrypted" || row["t"] == "cpustat"
		})
		return append(rows, map[string]string{"t": "nodes", "c": "mood"}, map[string]string{"t": "horoscope", "c": "sign"})
	})
	fakes["s1"].set(t, "FROM ndbinfo.transporters", func(rows []map[string]string) []map[string]string {
		for _, row := range rows {
			delete(row, "encrypted")
		}
		return rows
	})
	for query, rows := range maps.Clone(fakes["s1"].answers) {
		if strings.Contains(query, "FROM ndbinfo.transporters") {
			fakes["s1"].answers[strings.Replace(query, ", `encrypted`", "", 1)] = rows
			delete(fakes["s1"].answers, query)
		}
	}
	page, failed := scrapeSQL(t, sideOf(fakes))
	if len(failed) > 0 {
		t.Errorf("these fail: %v", failed)
	}
	for _, want := range []string{`ndb_ndbinfo_columns{state="unknown"} 1`, `ndb_ndbinfo_columns{state="missing"} 12`, "ndb_transporter_up{", "ndb_thread_cpu_seconds_total{"} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %s", want)
		}
	}
	for _, absent := range []string{"ndb_transporter_unencrypted_links", "ndb_thread_busiest_ratio"} {
		if families(page)[absent] {
			t.Errorf("has %s", absent)
		}
	}
}

func TestWhereAStatementHangsOneIsAskedAndNoMore(t *testing.T) {
	fakes := healthy(t)
	delete(fakes, "s2")
	s := sideOf(fakes)
	hangs := map[string]error{"FROM ndbinfo.": refuse(sqlconn.ErrTimeout)}
	asked := func() (tables int) {
		for _, query := range fakes["s1"].asked {
			if strings.Contains(query, "FROM ndbinfo.") {
				tables++
			}
		}
		fakes["s1"].asked = nil
		return tables
	}
	scrape := func() map[string]string {
		_, failed := scrapeThese(t, s, slices.DeleteFunc(SQLSources(), func(of SQLSource) bool { return of.apart != nil }))
		return failed
	}
	scrape()
	all := asked()
	fakes["s1"].errs = hangs
	for i := range 3 {
		if failed := scrape(); failed["ndbinfo"] == "" {
			t.Error("it does not fail")
		}
		if n := asked(); i > 0 && n != 1 { // in the first all are under way
			t.Errorf("scrape %d: %d tables were asked", i, n)
		}
	}
	fakes["s1"].errs = map[string]error{}
	if failed := scrape(); len(failed) > 0 || asked() != all {
		t.Errorf("when it is over: %v", failed)
	}
}

func TestFeaturesAreReadAgainOnANewConnection(t *testing.T) {
	fakes := healthy(t)
	s := sideOf(fakes)
	count := func() (n int) {
		for _, query := range fakes["s1"].asked {
			if strings.Contains(query, "information_schema.COLUMNS") {
				n++
			}
		}
		return n
	}
	scrapeSQL(t, s)
	scrapeSQL(t, s)
	if n := count(); n != 1 {
		t.Errorf("read %d times on one connection", n)
	}
	fakes["s1"].opened++
	scrapeSQL(t, s)
	if n := count(); n != 2 {
		t.Errorf("read %d times on two connections", n)
	}
}

func TestExcludedObjectsAreNamed(t *testing.T) {
	fakes := healthy(t)
	fakes["s1"].set(t, "ndb_sync_pending_objects", func(rows []map[string]string) []map[string]string {
		rows[0]["excluded"] = "1"
		return rows
	})
	fakes["s1"].answers[strings.Join(strings.Fields(excludedQuery), " ")] = []map[string]string{{"s": "shop", "n": "orders", "t": "TABLE"}}
	page, _ := scrapeSQL(t, sideOf(fakes))
	for _, want := range []string{
		`ndb_sql_sync_objects{node="s1",node_id="51",state="excluded"} 1`,
		`ndb_sql_sync_excluded_info{node="s1",node_id="51",object="orders",schema="shop",type="TABLE"} 1`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %s", want)
		}
	}
}

func TestAReplica(t *testing.T) {
	fakes := healthy(t)
	fakes["s1"].setVariable(t, "SHOW GLOBAL STATUS", "ndb_replica_max_replicated_epoch", "4294967297")
	fakes["s1"].set(t, "ndb_replication_applier_status", func([]map[string]string) []map[string]string {
		return []map[string]string{{"c": "", "e": "4294967297"}, {"c": "idle", "e": "0"}}
	})
	page, _ := scrapeSQL(t, sideOf(fakes))
	for _, want := range []string{`ndb_sql_replicated_epoch{node="s1",node_id="51"} 4.294967297e+09`, `ndb_sql_channel_epoch{channel="",node="s1",node_id="51"} 4.294967297e+09`} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %s", want)
		}
	}
	if strings.Contains(page, `channel="idle"`) {
		t.Error("has an epoch of a channel that applied none")
	}
}

func TestCertificates(t *testing.T) {
	var got []float64
	emitCertificates(func(m prometheus.Metric) { got = append(got, valueOf(t, m)) }, nodeNames{}, []map[string]string{
		{"node_id": "11", "name": "NDB Data Node", "expires": "1800000000"}, // by one data node
		{"node_id": "11", "name": "NDB Data Node", "expires": "1800000000"}, // by another
		{"node_id": "51", "name": "NDB Client", "expires": "0"},             // it showed none
	})
	if diff := cmp.Diff([]float64{1800000000}, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestBinlogLag(t *testing.T) {
	const unknown = -1
	every := intervals{checkpoint: 2, epoch: 0.1}
	for _, c := range []struct {
		name      string
		text      string
		intervals intervals
		want      float64
	}{
		{"level", "latest_epoch=176093659149, latest_handled_binlog_epoch=176093659149", every, 0},
		{"three epochs behind within a checkpoint", fmt.Sprintf("latest_epoch=%d, latest_handled_binlog_epoch=%d", uint64(41)<<32|13, uint64(41)<<32|10), every, 0.3},
		{"a checkpoint behind", fmt.Sprintf("latest_epoch=%d, latest_handled_binlog_epoch=%d", uint64(42)<<32|1, uint64(41)<<32|11), every, 1},
		{"ahead of what the cluster told yet", fmt.Sprintf("latest_epoch=%d, latest_handled_binlog_epoch=%d", uint64(41)<<32, uint64(41)<<32|1), every, 0},
		{"no cluster", "latest_epoch=0, latest_received_binlog_epoch=18446744073709551615, latest_handled_binlog_epoch=1056561954816", every, unknown},
		{"the intervals are not known yet", "latest_epoch=2, latest_handled_binlog_epoch=1", intervals{}, unknown},
		{"torn", "latest_epoch=, latest_handled", every, unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := c.intervals.lag(parseBinlog(c.text))
			if !ok {
				got = unknown
			}
			if diff := got - c.want; diff < -1e-9 || diff > 1e-9 {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func FuzzBinlog(f *testing.F) {
	f.Add("latest_epoch=176093659149, latest_trans_epoch=103079215124, latest_received_binlog_epoch=18446744073709551615, latest_handled_binlog_epoch=0")
	f.Add("latest_epoch=99999999999999999999999")
	f.Add("=,==latest_epoch=1latest_epoch=2")
	f.Fuzz(func(t *testing.T, text string) {
		epochs := parseBinlog(text)
		for word, epoch := range epochs {
			if epoch == 0 || !slices.Contains(metric.NdbSQLBinlogEpoch.States, word) {
				t.Errorf("%s is %d", word, epoch)
			}
		}
		if lag, ok := (intervals{2, 0.1}).lag(epochs); ok && !(lag >= 0) {
			t.Errorf("behind by %v", lag)
		}
	})
}

func TestFacts(t *testing.T) {
	l := newSQLLook(sideOf(healthy(t)))
	f, err := l.facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if use := f.DataMemory[11]; !(use.Total == 64<<20 && use.Used > 0 && use.Fullest == use.Used/use.Total) {
		t.Errorf("data memory %+v", use)
	}
	if use := f.Redo[11]; use.Total != 4*6*8<<20 {
		t.Errorf("redo %+v", use)
	}
	want := Membership{Node: 11, Group: 0, President: f.Memberships[0].President, Arbitrator: 1, Ticket: f.Memberships[0].Ticket, State: "ARBIT_RUN", Connected: true}
	if diff := cmp.Diff(want, f.Memberships[0]); diff != "" || len(f.Memberships) != 4 {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if len(f.Restarts) == 0 || f.Restarts[0].Status != 19 || f.Restarts[0].Total == 0 {
		t.Errorf("restarts %+v", f.Restarts)
	}
}

func TestTableCountersOutliveARestartOfADataNode(t *testing.T) {
	c := &infoTables{}
	work := func(node string, reads int) []map[string]string {
		return []map[string]string{{"name": "shop/def/orders", "node_id": node, "read_key": fmt.Sprint(reads)}}
	}
	for i, step := range []struct {
		rows []map[string]string
		want float64
	}{
		{append(work("11", 1000), work("12", 500)...), 0}, // since its own start
		{append(work("11", 1010), work("12", 500)...), 10},
		{append(work("11", 1020), work("12", 5)...), 25}, // 12 restarted
		{work("11", 1021), 26},                           // 12 is down
		{append(work("11", 1021), work("12", 6)...), 27},
	} {
		got := -1.0
		c.emitWork(func(m prometheus.Metric) { got = valueOf(t, m) }, map[string]bool{"shop/def/orders": true}, step.rows, nil)
		if got != step.want {
			t.Errorf("step %d: got %v, want %v", i, got, step.want)
		}
	}
}

func TestOnlyTheLargestTablesHaveSeriesOfTheirOwn(t *testing.T) {
	var rows []map[string]string
	for i := range 50 {
		for fragment := range 2 {
			rows = append(rows, map[string]string{
				"name": fmt.Sprintf("shop/def/t%02d", i), "own": "1", "type": "User table", "fragment_num": fmt.Sprint(fragment),
				"n": fmt.Sprint(10 * fragment), "fixed": fmt.Sprint(1000 * i), "variable": "0", "hash": "0",
			})
		}
	}
	series := map[string]int{}
	largest := emitTableMemory(func(m prometheus.Metric) { series[m.Desc().String()]++ }, rows)
	if len(largest) != topTables || !largest["shop/def/t49"] || largest["shop/def/t00"] {
		t.Errorf("largest: %v", largest)
	}
	if n := series[metric.NdbTableRows.Desc().String()]; n != topTables+1 {
		t.Errorf("%d series of rows", n)
	}
	if n := series[metric.NdbTableImbalanceRatio.Desc().String()]; n != topTables {
		t.Errorf("%d series of imbalance", n)
	}
}

func TestSQLSources(t *testing.T) {
	names := map[string]SQLSource{}
	for _, s := range SQLSources() {
		if _, twice := names[s.Name]; twice || s.Help == "" || s.deadline == 0 || (s.make == nil) == (s.apart == nil) || (s.apart == nil) != (s.every == 0) {
			t.Errorf("%s is not whole", s.Name)
		}
		names[s.Name] = s
	}
	for _, f := range metric.NdbSQL() {
		s, ok := names[f.Collector]
		if !ok || s.Cost != f.Cost {
			t.Errorf("%s: its collector %s says %q, the catalogue %q", f.Name, f.Collector, s.Cost, f.Cost)
		}
	}
}
