package main

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/kagu-db/kagu/alerts"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/metric"
)

// neverNDB are the queries and families that this test does not fill, and why.
var neverNDB = map[string]string{
	"panel Checkpoints and restarts: local checkpoint": "none ends while the test runs",
	"panel Checkpoints and restarts: {{node}} starts":  "no data node is being started",
	"panel Trouble: {{stall}}":                         "nothing stands still",
	"panel Trouble: {{node}} heartbeats":               "none is missed",
	"family ndb_backup_newest_id":                      "no backup was taken",
	"family ndb_restart_status_code":                   "no data node was restarted",
	"family ndb_heartbeat_trouble_total":               "none is missed",
	"family ndb_certificate_expiry_timestamp_seconds":  "no TLS, and the collector is slow",
	"family ndb_config_fingerprint":                    "the collector is slow: its first result comes with the second scrape or later",
	"family ndb_runway_seconds":                        "nothing grows",
	"panel Alerts: {{alertname}} {{node}}":             "nothing fires",
	"annotation Alerts":                                "nothing fires",
}

var ndbFamily = regexp.MustCompile(`\bndb_[a-z0-9_]+`)

// An ndbBoard is the board and the rules beside a lab, watched by a Prometheus that runs with what
// `kagu generate` writes for the cluster.
type ndbBoard struct {
	judge
	lab   *lab.Lab
	asked []query // every query of the board, and every family that a rule is about
}

func startNDBBoard(t *testing.T, prometheus string, l *lab.Lab) ndbBoard {
	t.Helper()
	fleet, err := os.ReadFile(l.Config())
	if err != nil {
		t.Fatal(err)
	}
	g := local("demo")
	g.ndbExporter, g.prometheus, g.alertmanager, g.remediator = l.Addresses[lab.NDBExporter], free(t), free(t), ""
	dir, _, err := generate(t, string(fleet), g)
	if err != nil {
		t.Fatal(err)
	}
	start(t, prometheus, "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+g.prometheus)
	p := ndbBoard{judge{"http://" + g.prometheus}, l, queriesOf(t, "kagu-ndb")}
	ready(t, p.url+"/-/ready")

	p.asked = append(p.asked, query{"recording " + metric.NdbClusterExpected.Name, metric.NdbClusterExpected.Name})
	judged := map[string]bool{}
	for _, r := range alerts.Rules(alerts.Files()) {
		for _, name := range ndbFamily.FindAllString(r.Expr, -1) {
			judged[name] = true
		}
	}
	for _, f := range slices.Concat(metric.Ndb(), metric.NdbExporter()) {
		if judged[f.Name] {
			p.asked = append(p.asked, query{"family " + f.Name, f.Name})
		}
	}
	return p
}

// ofAHealthyCluster wants data for everything, and silence.
func (p ndbBoard) ofAHealthyCluster(t *testing.T) {
	if err := p.lab.SQL(t.Context(), p.lab.Members(cluster.RoleSQL)[0].Name, "CREATE DATABASE busy", "CREATE TABLE busy.t (id INT PRIMARY KEY) ENGINE=NDB",
		"INSERT INTO busy.t VALUES (1), (2)"); err != nil {
		t.Fatal(err)
	}
	for _, q := range p.asked {
		if _, empty := neverNDB[q.where]; !empty {
			p.await(t, q.where, q.expr, func(got []sample) bool { return len(got) > 0 })
		}
	}
	for where := range neverNDB {
		if !slices.ContainsFunc(p.asked, func(q query) bool { return q.where == where }) {
			t.Errorf("no query is called %q any more", where)
		}
	}
	p.await(t, "nothing that is about to be an alert", `ALERTS{alertstate="pending"}`, func(got []sample) bool { return len(got) == 0 })
	p.await(t, "silence", `ALERTS{alertstate="firing", alertname!="Watchdog"}`, func(got []sample) bool { return len(got) == 0 })
	p.healthy(t, cluster.KindNDB)
}

// ofADeadDataNode wants the right alert, and no more, of one that was killed with its angel.
func (p ndbBoard) ofADeadDataNode(t *testing.T, victim string) {
	p.await(t, "NdbDataNodeDown", `ALERTS{alertstate="firing", alertname="NdbDataNodeDown"}`, func(got []sample) bool {
		return len(got) == 1 && got[0].Labels["node"] == victim && got[0].Labels["cluster"] == lab.ClusterName && got[0].Labels["remediate"] == ""
	})
	p.await(t, "the lane of the dead node", metric.NdbNodeState.Name+`{state="no_contact"} == 1`, func(got []sample) bool {
		return len(got) == 1 && got[0].Labels["node"] == victim
	})
	p.await(t, "the cluster serves", metric.NdbClusterServing.Name, func(got []sample) bool {
		return len(got) == 1 && got[0].value() == "1"
	})
	p.await(t, "no alert about the cluster", `ALERTS{alertstate="firing", severity="critical"}`, func(got []sample) bool { return len(got) == 0 })
}
