// Command galera_exporter tells Prometheus how the Galera nodes of kagu.yaml are.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/internal/daemon"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
)

const help = `Tells Prometheus how the Galera nodes of kagu.yaml are.

A target is a server. Run it on each database host, with --node, or one for all anywhere.

For example:
  kagu grants galera-exporter --host=10.0.0.%               the account it needs
  galera_exporter --config.file=kagu.yaml                   serve
  curl 'http://127.0.0.1:10041/probe?target=backoffice/db1' what Prometheus scrapes
  curl http://127.0.0.1:10041/sd                            targets, for Prometheus' http_sd`

func main() { os.Exit(daemon.Run("galera_exporter", os.Args[1:], serve)) }

// settings are the flags.
type settings struct {
	daemon.Flags
	node      string
	lifecycle bool
	offset    time.Duration
	sources   sources
	health    health
}

func parse(args []string) (settings, error) {
	var s settings
	err := s.Parse("galera_exporter", help, "127.0.0.1:10041", args, func(app *kingpin.Application) {
		app.Flag("node", "CLUSTER/NODE whose families /metrics shows too; for an exporter on the database host.").StringVar(&s.node)
		app.Flag("timeout-offset", "Kept back from Prometheus' scrape timeout for the answer's way.").Default("250ms").DurationVar(&s.offset)
		app.Flag("web.enable-lifecycle", "Allow a reload by POST /-/reload; SIGHUP always reloads.").BoolVar(&s.lifecycle)
		s.sources.flags(app)
		s.health.flags(app)
	})
	if err != nil {
		return s, err
	}
	return s, s.health.check(s.node)
}

func serve(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	thrift()
	log := s.Log()
	own := daemon.Registry("galera_exporter")
	fleet, err := exporters.NewFleet(s.targets, exporters.FleetFamilies{
		Targets:  metric.GaleraExporterTargets,
		ReloadOK: metric.GaleraExporterConfigLastReloadSuccessful,
		ReloadAt: metric.GaleraExporterConfigLastReloadSuccessTimestampSeconds,
	}, own, log)
	if err != nil {
		return err
	}
	defer fleet.Close()
	if s.Check {
		fmt.Println(s.Config, "is good")
		return nil
	}
	page := site(s, fleet, own, log)
	handler, err := page.Handler()
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return daemon.OnHangup(ctx, log, fleet.Reload) })
	g.Go(func() error { return daemon.Serve(ctx, handler, s.Web, log) })
	g.Go(func() error { return s.health.serveAgent(ctx, page.Health) })
	return g.Wait()
}

// targets loads kagu.yaml. The node of --node must be in it.
func (s settings) targets() ([]*exporters.Target, error) {
	fleet, err := inventory.LoadFor(s.Config, inventory.Databases)
	if err != nil {
		return nil, err
	}
	if s.node != "" && !has(fleet, s.node) {
		return nil, fmt.Errorf("--node=%s: %s has no such Galera node; write CLUSTER/NODE", s.node, s.Config)
	}
	targets := galera.Targets(fleet, s.sources.options(s.node))
	s.health.policy().Attach(targets, fleet)
	return targets, nil
}

func has(fleet *inventory.Fleet, name string) bool {
	clusterName, nodeName, _ := strings.Cut(name, "/")
	c, ok := fleet.Cluster(clusterName)
	if !ok {
		return false
	}
	return slices.ContainsFunc(c.Nodes, func(n inventory.Node) bool { return n.Name == nodeName })
}

func site(s settings, fleet *exporters.Fleet, own *prometheus.Registry, log *slog.Logger) exporters.Site {
	shared := metric.GaleraExporterScrapesSharedTotal.CounterVec()
	own.MustRegister(shared)
	prober := &exporters.Prober{
		Fleet: fleet, Offset: s.offset, Log: log, Shared: shared.WithLabelValues(),
		Self: exporters.Self{
			Success:  metric.GaleraExporterCollectorSuccess,
			Duration: metric.GaleraExporterCollectorDurationSeconds,
			Snapshot: metric.GaleraExporterLastSnapshotTimestampSeconds,
		},
	}
	return exporters.Site{
		Name: "galera_exporter", Description: "How the Galera nodes of kagu.yaml are.",
		Metrics: prober.Own(own, s.node), Prober: prober, Fleet: fleet, Lifecycle: s.lifecycle,
		Health: &exporters.Health{Fleet: fleet, Node: s.node, Settings: s.health.settings(), Log: log},
	}
}
