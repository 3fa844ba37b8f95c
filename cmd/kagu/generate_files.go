package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/prometheus/common/model"

	"github.com/kagu-db/kagu/alerts"
	"github.com/kagu-db/kagu/dashboards"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
)

// outFile is one file to write; its name is relative to the folder.
type outFile struct {
	name string
	text []byte
}

// bundle collects files until one of them fails.
type bundle struct {
	files []outFile
	err   error
}

func (b *bundle) add(name string, text []byte, err error) {
	if b.err == nil && err != nil {
		b.err = fmt.Errorf("render %s: %w", name, err)
	}
	b.files = append(b.files, outFile{name, text})
}

// files renders the configuration of one fleet.
func (g *generation) files(fleet *inventory.Fleet, dir string) ([]outFile, error) {
	profile, err := alerts.ProfileNamed(g.profile)
	if err != nil {
		return nil, err
	}
	webhook := g.slackWebhookFile
	if webhook != "" {
		if webhook, err = filepath.Abs(webhook); err != nil {
			return nil, fmt.Errorf("find %s: %w", g.slackWebhookFile, err)
		}
	}
	var b bundle
	kinds := kindsOf(fleet)
	b.rules("rules", profile, func(f alerts.File) bool { return f.Kind == "" || kinds[f.Kind] })
	fleetFile := alerts.FleetFile(members(fleet), ndbClusters(fleet))
	text, err := alerts.Render(fleetFile, profile)
	b.add(filepath.Join("rules", fleetFile.Name), text, err)
	scrape := alerts.Scrape{Site: fleet.Site, Remediator: g.remediator, Alertmanager: g.alertmanager}
	if kinds[cluster.KindGalera] {
		scrape.GaleraExporter = g.galeraExporter
	}
	if kinds[cluster.KindNDB] {
		scrape.NDBExporter = g.ndbExporter
	}
	if slices.ContainsFunc(fleet.Clusters, func(c inventory.Cluster) bool { return c.Backup != nil }) {
		scrape.Backupd = g.backupd
	}
	b.configuration("", profile, scrape,
		alerts.Receivers{
			Remediator: g.remediator, Backupd: scrape.Backupd, SlackWebhookFile: webhook, SlackChannel: fleet.Slack.Channel, Watchdog: g.watchdog,
		})
	b.boards("dashboards")
	b.grafana("grafana", filepath.Join(dir, "dashboards"), g.prometheus, profile)
	return b.files, b.err
}

// repositoryFiles renders what the source tree keeps: the rules, boards and metrics page, and
// a configuration to read or to copy from, with the addresses of one host.
func repositoryFiles() ([]outFile, error) {
	var b bundle
	b.rules("alerts/rules", alerts.Production, func(alerts.File) bool { return true })
	b.boards("dashboards/json")
	b.add("docs/metrics.md", metric.Markdown(), nil)

	text, err := alerts.Prometheus(alerts.Scrape{
		GaleraExporter: "127.0.0.1:10041", NDBExporter: "127.0.0.1:10042", Remediator: "127.0.0.1:10043", Backupd: "127.0.0.1:10044", Alertmanager: "127.0.0.1:9093",
		Rules: "../../alerts/rules/*.yml",
	}, alerts.Production)
	b.add("deploy/prometheus/prometheus.yml", text, err)
	text, err = alerts.Alertmanager(alerts.Receivers{
		Remediator: "127.0.0.1:10043", Backupd: "127.0.0.1:10044", SlackWebhookFile: "/etc/kagu/slack_webhook",
	}, alerts.Production)
	b.add("deploy/alertmanager/alertmanager.yml", text, err)
	b.templates("deploy/alertmanager/templates")
	b.grafana("deploy/grafana", "/var/lib/grafana/dashboards/kagu", "127.0.0.1:9090", alerts.Production)
	return b.files, b.err
}

// rules renders the files that are wanted: a fleet without a kind of cluster has no use for alerts
// that say that none of them is watched.
func (b *bundle) rules(folder string, p alerts.Profile, wanted func(alerts.File) bool) {
	for _, f := range alerts.Files() {
		if !wanted(f) {
			continue
		}
		text, err := alerts.Render(f, p)
		b.add(filepath.Join(folder, f.Name), text, err)
	}
}

func (b *bundle) configuration(folder string, p alerts.Profile, s alerts.Scrape, to alerts.Receivers) {
	text, err := alerts.Prometheus(s, p)
	b.add(filepath.Join(folder, "prometheus.yml"), text, err)
	text, err = alerts.Alertmanager(to, p)
	b.add(filepath.Join(folder, "alertmanager.yml"), text, err)
	b.templates(filepath.Join(folder, "templates"))
}

func (b *bundle) templates(folder string) {
	for _, t := range alerts.Templates() {
		b.add(filepath.Join(folder, t.Name), t.Text, nil)
	}
}

func (b *bundle) boards(folder string) {
	for _, board := range dashboards.Boards() {
		text, err := dashboards.Render(board)
		b.add(filepath.Join(folder, board.UID+".json"), text, err)
	}
}

func (b *bundle) grafana(folder, boards, prometheus string, p alerts.Profile) {
	text, err := dashboards.DataSource(prometheus, model.Duration(p.Scrape).String())
	b.add(filepath.Join(folder, "provisioning/datasources/kagu.yml"), text, err)
	text, err = dashboards.Provider(boards)
	b.add(filepath.Join(folder, "provisioning/dashboards/kagu.yml"), text, err)
}
