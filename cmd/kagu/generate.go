package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/alerts"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// generation is what `kagu generate` was asked for.
type generation struct {
	out        string
	repository string
	profile    string

	galeraExporter, ndbExporter, alertmanager, remediator, backupd, prometheus string

	slackWebhookFile string
	watchdog         string
}

func addGenerate(app *kingpin.Application, s *session) {
	g := &generation{}
	c := app.Command("generate", "Write the configuration of Prometheus, Alertmanager and Grafana for the fleet.").
		HelpLong("For example:\n  kagu generate --config.file=kagu.yaml --out=conf --slack-webhook-file=/etc/kagu/slack_webhook\n\nNothing is started or reloaded; docs/monitoring.md says what goes where.")
	c.Flag("out", "Folder to write into; it is made if missing.").StringVar(&g.out)
	c.Flag("profile", "production, or demo: everything at once and nobody waits.").Default(alerts.Production.Name).StringVar(&g.profile)
	c.Flag("galera-exporter", "Where Prometheus reaches galera_exporter.").PlaceHolder("HOST:PORT").Default("127.0.0.1:10041").StringVar(&g.galeraExporter)
	c.Flag("ndb-exporter", "Where Prometheus reaches ndb_exporter, if the fleet has NDB clusters.").PlaceHolder("HOST:PORT").Default("127.0.0.1:10042").StringVar(&g.ndbExporter)
	c.Flag("alertmanager", "Where Prometheus reaches Alertmanager.").PlaceHolder("HOST:PORT").Default("127.0.0.1:9093").StringVar(&g.alertmanager)
	c.Flag("backupd", "Where Alertmanager and Prometheus reach backupd, if a cluster has backups; empty for none.").PlaceHolder("HOST:PORT").Default("127.0.0.1:10044").StringVar(&g.backupd)
	c.Flag("remediator", "Where Alertmanager and Prometheus reach the remediator; empty for none.").PlaceHolder("HOST:PORT").Default("127.0.0.1:10043").StringVar(&g.remediator)
	c.Flag("prometheus", "Where Grafana reaches Prometheus.").PlaceHolder("HOST:PORT").Default("127.0.0.1:9090").StringVar(&g.prometheus)
	c.Flag("slack-webhook-file", "File with the URL of Slack's incoming webhook; Alertmanager reads it, it is not copied.").PlaceHolder("FILE").StringVar(&g.slackWebhookFile)
	c.Flag("watchdog-url", "A dead man's switch that hears from Alertmanager as long as alerts work.").PlaceHolder("URL").StringVar(&g.watchdog)
	c.Flag("repository", "Rewrite the generated files of a source tree instead (make generate).").Hidden().PlaceHolder("DIR").StringVar(&g.repository)
	c.Action(func(*kingpin.ParseContext) error { return g.run(s) })
}

// run renders everything before it writes anything, so that a fault leaves the folder as it was.
func (g *generation) run(s *session) error {
	if g.repository != "" {
		files, err := repositoryFiles()
		if err != nil {
			return err
		}
		return writeAll(s.out, g.repository, files)
	}
	if err := g.check(); err != nil {
		return err
	}
	fleet, err := inventory.LoadWithoutSecrets(s.config)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(g.out)
	if err != nil {
		return fmt.Errorf("find the folder %s: %w", g.out, err)
	}
	files, err := g.files(fleet, dir)
	if err != nil {
		return err
	}
	if g.slackWebhookFile == "" {
		fmt.Fprintln(s.errOut, "note: without --slack-webhook-file Alertmanager tells no human anything")
	} else if _, err := os.Stat(g.slackWebhookFile); err != nil {
		fmt.Fprintf(s.errOut, "note: %v; Alertmanager will need it on its own host\n", err)
	}
	return writeAll(s.out, dir, files)
}

// check reports every fault of the flags at once.
func (g *generation) check() error {
	var faults []error
	if g.out == "" {
		faults = append(faults, errors.New("--out: name the folder to write into"))
	}
	if _, err := alerts.ProfileNamed(g.profile); err != nil {
		faults = append(faults, fmt.Errorf("--profile: %w", err))
	}
	for _, a := range []struct {
		flag, value string
		optional    bool
	}{
		{"--galera-exporter", g.galeraExporter, false},
		{"--ndb-exporter", g.ndbExporter, false},
		{"--alertmanager", g.alertmanager, false},
		{"--prometheus", g.prometheus, false},
		{"--remediator", g.remediator, true},
		{"--backupd", g.backupd, true},
	} {
		if a.value == "" && a.optional {
			continue
		}
		host, port, err := net.SplitHostPort(a.value)
		if err != nil || host == "" || port == "" || strings.ContainsAny(a.value, " /@\"\n") {
			faults = append(faults, fmt.Errorf("%s %q: want HOST:PORT, as in 10.0.0.5:9093", a.flag, a.value))
		}
	}
	if g.watchdog != "" && !strings.HasPrefix(g.watchdog, "http://") && !strings.HasPrefix(g.watchdog, "https://") {
		faults = append(faults, fmt.Errorf("--watchdog-url %q: want a URL that begins with http:// or https://", g.watchdog))
	}
	return errors.Join(faults...)
}

// members lists the Galera nodes of the fleet.
func members(fleet *inventory.Fleet) []alerts.Member {
	var list []alerts.Member
	for _, c := range fleet.Clusters {
		if c.Kind != cluster.KindGalera {
			continue
		}
		for _, n := range c.Nodes {
			list = append(list, alerts.Member{Cluster: c.Name, Node: n.Name})
		}
	}
	return list
}

// ndbClusters lists the NDB clusters of the fleet.
func ndbClusters(fleet *inventory.Fleet) []string {
	var list []string
	for _, c := range fleet.Clusters {
		if c.Kind == cluster.KindNDB {
			list = append(list, c.Name)
		}
	}
	return list
}

// kindsOf tells which kinds of clusters the fleet has.
func kindsOf(fleet *inventory.Fleet) map[cluster.Kind]bool {
	kinds := map[cluster.Kind]bool{}
	for _, c := range fleet.Clusters {
		kinds[c.Kind] = true
	}
	return kinds
}
