package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kagu-db/kagu/alerts"
	"github.com/kagu-db/kagu/dashboards"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/metric"
)

// onlyInTrouble are the queries that have no data on a healthy cluster, and why. Killing a node
// fills them.
var onlyInTrouble = map[string]string{
	"panel Alerts and incidents: {{alertname}} {{node}}":          "nothing fires",
	"panel Alerts and incidents: {{problem}} {{node}}: {{state}}": "no incident is open",
	"annotation Alerts":    "nothing fires",
	"annotation Incidents": "no incident is open",
}

// never are the queries that this test does not fill, and why.
var never = map[string]string{
	"panel Flow control: {{node}} asks (per second)":                            "nobody asks for a pause",
	"panel Queues: {{node}} send":                                               "nothing waits to be sent",
	"panel Group latency: {{node}} longest":                                     "needs a whole report period, a minute, with messages",
	"panel Group latency: {{node}} mean":                                        "needs a whole report period, a minute, with messages",
	"panel State transfers: {{node}} full":                                      "no exporter runs on a database host",
	"panel State transfers: {{node}} incremental":                               "no exporter runs on a database host",
	"panel Free disk: {{node}}":                                                 "no exporter runs on a database host",
	"panel Tables that replicate badly: {{schema}} {{hazard}}":                  "the collector is off",
	"panel Time of a statement: {{node}} 99 %":                                  "the plugin is not loaded",
	"panel Time by kind: {{kind}}":                                              "performance_schema is off",
	"panel Costliest forms of statements: {{schema}} {{kind}} {{digest}}":       "performance_schema is off",
	"panel Rows looked at for one that is sent: {{schema}} {{kind}} {{digest}}": "performance_schema is off",
	"panel Waits for the disk: {{node}} waits":                                  "nobody waits",
	"panel Channels of replication: {{source_host}} on {{node}}":                "no member is a replica of another server; exporters/galera has one",
	"panel Behind the source: {{source_host}} on {{node}}":                      "no member is a replica of another server; exporters/galera has one",
	"panel Binary logs: {{node}}":                                               "the servers write none",
	"panel Largest schemas: {{schema}}":                                         "the collector is off",
	"panel Certificates end in: first":                                          "the servers have no TLS",
}

// busy gives the cluster what some panels show: writes, a transaction that stays open, another that
// waits for it, a setting on which the members disagree, and a proxy that asks.
func busy(t *testing.T, l *lab.Lab) {
	t.Helper()
	first := l.Nodes[0].Name
	if err := l.SQL(t.Context(), first, "CREATE DATABASE busy", "CREATE TABLE busy.t (id INT PRIMARY KEY)",
		"INSERT INTO busy.t VALUES (1), (2)", "SET GLOBAL wsrep_OSU_method=RSU"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var sessions sync.WaitGroup // each ends when it is cancelled
	t.Cleanup(func() { cancel(); sessions.Wait() })
	sessions.Go(func() { _ = l.SQL(ctx, first, "BEGIN", "UPDATE busy.t SET id = id + 10", "DO SLEEP(600)") })
	for l.SQL(ctx, first, "SELECT id FROM busy.t FOR UPDATE NOWAIT") == nil { // until it has its locks
		time.Sleep(50 * time.Millisecond)
	}
	sessions.Go(func() {
		_ = l.SQL(ctx, first, "SET innodb_lock_wait_timeout = 600", "UPDATE busy.t SET id = id + 100")
	})
	resp, err := http.Get(l.URL(lab.Exporter) + "/health/writer?target=" + lab.ClusterName + "/" + first)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// TestBoardAndRulesOnARealCluster wants data for every query of the board and for every
// recording, silence on a healthy cluster, and the right alert when a node is killed.
func TestBoardAndRulesOnARealCluster(t *testing.T) {
	l := labtest.Up(t, lab.Options{Services: []lab.Service{lab.Prometheus}})
	p := judge{l.URL(lab.Prometheus)}

	asked := queriesOf(t, "kagu-galera", "kagu-galera-workload", "kagu-galera-statements")
	for _, f := range metric.Recorded() {
		if strings.Contains(f.Name, ":galera_") {
			asked = append(asked, query{where: "recording " + f.Name, expr: f.Name})
		}
	}

	t.Run("a healthy cluster", func(t *testing.T) {
		busy(t, l)
		for _, q := range asked {
			if onlyInTrouble[q.where]+never[q.where] != "" {
				continue
			}
			p.await(t, q.where, q.expr, func(got []sample) bool { return len(got) > 0 })
		}
		for _, where := range slices.Concat(slices.Collect(maps.Keys(onlyInTrouble)), slices.Collect(maps.Keys(never))) {
			if !slices.ContainsFunc(asked, func(q query) bool { return q.where == where }) {
				t.Errorf("no query is called %q any more", where)
			}
		}
		p.await(t, "three nodes synced", "sum("+metric.GaleraNodesSynced.Name+")", func(got []sample) bool {
			return len(got) == 1 && got[0].value() == "3"
		})
		p.await(t, "silence", `ALERTS{alertstate="firing", alertname!="Watchdog"}`, func(got []sample) bool { return len(got) == 0 })
		p.healthy(t, cluster.KindGalera)
	})

	t.Run("a node is killed", func(t *testing.T) {
		victim := l.Nodes[2].Name
		if err := l.Kill(t.Context(), victim); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		p.await(t, "GaleraNodeDown", `ALERTS{alertstate="firing", alertname="GaleraNodeDown"}`, func(got []sample) bool {
			return len(got) == 1 && got[0].Labels["node"] == victim && got[0].Labels["cluster"] == lab.ClusterName &&
				got[0].Labels["remediate"] == "true" && got[0].Labels["instance"] == l.Nodes[2].SQLAddress()
		})
		t.Logf("GaleraNodeDown fires %.1f s after kill -9", time.Since(begun).Seconds())
		p.await(t, "the lane of the dead node", `max by (node) ((galera_up{cluster="lab"} == 0) - 1)`, func(got []sample) bool {
			return len(got) == 1 && got[0].value() == "-1"
		})
		for _, q := range asked {
			if onlyInTrouble[q.where] == "" {
				continue
			}
			p.await(t, q.where, q.expr, func(got []sample) bool { return len(got) > 0 })
		}
		p.await(t, "the cluster is still primary", metric.GaleraNodesPrimary.Name, func(got []sample) bool {
			return len(got) == 1 && got[0].value() == "2"
		})
		p.await(t, "no other alert about nodes or the cluster", `ALERTS{alertstate="firing", scope=~"node|cluster", alertname!="GaleraNodeDown"}`,
			func(got []sample) bool { return len(got) == 0 })
	})

	t.Run("a second node is killed and the quorum is lost", func(t *testing.T) {
		if err := l.Kill(t.Context(), l.Nodes[1].Name); err != nil {
			t.Fatal(err)
		}
		p.await(t, "GaleraNoPrimary", `ALERTS{alertstate="firing", alertname="GaleraNoPrimary", cluster="lab", remediate="true"}`,
			func(got []sample) bool { return len(got) == 1 })
		p.await(t, "the survivor says so too", `ALERTS{alertstate="firing", alertname="GaleraNodeNotPrimary"}`,
			func(got []sample) bool { return len(got) == 1 && got[0].Labels["node"] == l.Nodes[0].Name })
		quiet := judge{l.URL(lab.Alertmanager)}
		quiet.awaitInhibited(t, "GaleraNodeDown", 2)
		quiet.awaitInhibited(t, "GaleraNodeNotPrimary", 1)
	})

	t.Run("the exporter dies, and what was known stays known", func(t *testing.T) {
		if err := l.KillService(string(lab.Exporter)); err != nil {
			t.Fatal(err)
		}
		p.await(t, "no metrics", "absent("+metric.GaleraUp.Name+")", func(got []sample) bool { return len(got) == 1 })
		p.await(t, "an evaluation without metrics", "time() - max(timestamp(up{job=\"galera_exporter\"} == 0)) < 2", func(got []sample) bool { return len(got) == 1 })
		p.await(t, "both nodes are still reported", `ALERTS{alertstate="firing", alertname="GaleraNodeDown"}`,
			func(got []sample) bool { return len(got) == 2 })
		p.await(t, "the cluster is still reported", `ALERTS{alertstate="firing", alertname="GaleraNoPrimary"}`,
			func(got []sample) bool { return len(got) == 1 })
	})
}

// A query is PromQL as Prometheus takes it, and where it comes from.
type query struct{ where, expr string }

// queriesOf returns what the boards ask.
func queriesOf(t *testing.T, boards ...string) []query {
	t.Helper()
	var asked []query
	for _, b := range dashboards.Boards() {
		if !slices.Contains(boards, b.UID) {
			continue
		}
		text, err := dashboards.Render(b)
		if err != nil {
			t.Fatal(err)
		}
		queries, err := dashboards.Queries(text)
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, asPrometheus(queries)...)
	}
	return asked
}

// asPrometheus fills in what Grafana would, and calls a panel's query by its legend.
func asPrometheus(queries []dashboards.Query) []query {
	grafana := strings.NewReplacer("$cluster", lab.ClusterName, "$__rate_interval", "10s")
	var list []query
	for _, q := range queries {
		where, expr := q.Where, grafana.Replace(q.Expr)
		if strings.HasPrefix(where, "panel ") {
			where += ": " + q.Legend
		}
		if inner, ok := strings.CutPrefix(expr, "label_values("); ok {
			expr = strings.TrimSuffix(inner, ", cluster)")
		}
		list = append(list, query{where, expr})
	}
	return list
}

// judge is a Prometheus.
type judge struct{ url string }

type sample struct {
	Labels map[string]string `json:"metric"`
	Pair   [2]any            `json:"value"`
}

func (s sample) value() string { return fmt.Sprint(s.Pair[1]) }

func (p judge) get(path string, into any) error {
	resp, err := http.Get(p.url + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

func (p judge) ask(expr string) ([]sample, error) {
	var answer struct {
		Data struct {
			Result []sample `json:"result"`
		} `json:"data"`
	}
	err := p.get("/api/v1/query?query="+url.QueryEscape(expr), &answer)
	return answer.Data.Result, err
}

// patience is for what comes within seconds where nothing else runs.
const patience = 3 * time.Minute

// await asks until the answer is as wanted.
func (p judge) await(t *testing.T, what, expr string, want func([]sample) bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got, err := p.ask(expr)
		if err == nil && want(got) {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: not seen: %s gives %v %v", what, expr, got, err)
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// awaitInhibited waits until Alertmanager holds back that many alerts of a name, and no other
// alert of that name goes out.
func (p judge) awaitInhibited(t *testing.T, name string, want int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		var got []struct {
			Status struct {
				InhibitedBy []string `json:"inhibitedBy"`
			} `json:"status"`
		}
		err := p.get("/api/v2/alerts?filter="+url.QueryEscape(`alertname="`+name+`"`), &got)
		held := 0
		for _, a := range got {
			if len(a.Status.InhibitedBy) > 0 {
				held++
			}
		}
		if err == nil && held == want && len(got) == want {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: want %d alerts, all held back, got %d of %d (%v)", name, want, held, len(got), err)
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// healthy wants every rule about that kind of cluster to have been evaluated without a fault. A rule
// that was never evaluated yet is waited for.
func (p judge) healthy(t *testing.T, kind cluster.Kind) {
	t.Helper()
	deadline := time.Now().Add(patience)
	faults := p.faults(t, kind)
	for ; len(faults) > 0 && time.Now().Before(deadline); faults = p.faults(t, kind) {
		time.Sleep(200 * time.Millisecond)
	}
	for _, f := range faults {
		t.Error(f)
	}
}

// faults tells which rules are not well at this moment.
func (p judge) faults(t *testing.T, kind cluster.Kind) (all []string) {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct {
					Name      string `json:"name"`
					Type      string `json:"type"`
					Health    string `json:"health"`
					LastError string `json:"lastError"`
				} `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	if err := p.get("/api/v1/rules", &answer); err != nil {
		t.Fatal(err)
	}
	loaded := map[string]bool{}
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			if r.Health != "ok" {
				all = append(all, fmt.Sprintf("rule %s is %s: %s", r.Name, r.Health, r.LastError))
			}
			loaded[r.Name] = true
		}
	}
	for _, f := range alerts.Files() {
		if f.Kind != "" && f.Kind != kind {
			continue
		}
		for _, r := range alerts.Rules([]alerts.File{f}) {
			if !loaded[r.Name] {
				all = append(all, "Prometheus has no rule "+r.Name)
			}
		}
	}
	return all
}
