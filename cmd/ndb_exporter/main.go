// Command ndb_exporter tells Prometheus how the NDB clusters of kagu.yaml are.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/exporters/ndb"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/daemon"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
)

const help = `Tells Prometheus how the NDB clusters of kagu.yaml are.

A target is a cluster: it is asked through all its management servers and SQL nodes, so run one
exporter anywhere, or two for redundancy, and not one on each host.

For example:
  kagu grants ndb-exporter                           the account it needs on the SQL nodes
  ndb_exporter --config.file=kagu.yaml               serve
  curl 'http://127.0.0.1:10042/probe?target=voip'    what Prometheus scrapes
  curl http://127.0.0.1:10042/sd                     targets, for Prometheus' http_sd`

func main() { os.Exit(daemon.Run("ndb_exporter", os.Args[1:], serve)) }

// settings are the flags.
type settings struct {
	daemon.Flags
	cluster   string
	lifecycle bool
	offset    time.Duration
	on        map[string]*bool // collectors by name

	streams *ndb.Streams
}

func parse(args []string) (settings, error) {
	s := settings{on: map[string]*bool{}, streams: ndb.NewStreams()}
	err := s.Parse("ndb_exporter", help, "127.0.0.1:10042", args, func(app *kingpin.Application) {
		app.Flag("cluster", "Cluster whose families /metrics shows too; for a single cluster without service discovery.").StringVar(&s.cluster)
		app.Flag("timeout-offset", "Kept back from Prometheus' scrape timeout for the answer's way.").Default("250ms").DurationVar(&s.offset)
		app.Flag("web.enable-lifecycle", "Allow a reload by POST /-/reload; SIGHUP always reloads.").BoolVar(&s.lifecycle)
		for _, of := range ndb.Sources() {
			s.on[of.Name] = app.Flag("collector."+of.Name, fmt.Sprintf("%s Cost: %s.", of.Help, of.Cost)).Default(fmt.Sprint(of.On)).Bool()
		}
	})
	return s, err
}

// switches are the collectors that somebody switched.
func (s settings) switches() ndb.Switches {
	switches := ndb.Switches{}
	for _, of := range ndb.Sources() {
		if on := *s.on[of.Name]; on != of.On {
			switches[of.Name] = on
		}
	}
	return switches
}

func serve(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	log := s.Log()
	own := daemon.Registry("ndb_exporter")
	fleet, err := exporters.NewFleet(s.targets, exporters.FleetFamilies{
		Targets:  metric.NdbExporterTargets,
		ReloadOK: metric.NdbExporterConfigLastReloadSuccessful,
		ReloadAt: metric.NdbExporterConfigLastReloadSuccessTimestampSeconds,
	}, own, log)
	if err != nil {
		return err
	}
	defer fleet.Close()
	if s.Check {
		fmt.Println(s.Config, "is good")
		return nil
	}
	handler, err := site(s, fleet, own, log).Handler()
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return daemon.OnHangup(ctx, log, fleet.Reload) })
	g.Go(func() error { return daemon.Serve(ctx, handler, s.Web, log) })
	return g.Wait()
}

// targets loads kagu.yaml. The cluster of --cluster must be in it.
func (s settings) targets() ([]*exporters.Target, error) {
	fleet, err := inventory.LoadFor(s.Config, inventory.Databases)
	if err != nil {
		return nil, err
	}
	if c, known := fleet.Cluster(s.cluster); s.cluster != "" && (!known || c.Kind != cluster.KindNDB) {
		return nil, fmt.Errorf("--cluster=%s: %s has no such NDB cluster", s.cluster, s.Config)
	}
	return ndb.Targets(fleet, ndb.Options{Switches: s.switches(), Streams: s.streams}), nil
}

func site(s settings, fleet *exporters.Fleet, own *prometheus.Registry, log *slog.Logger) exporters.Site {
	shared := metric.NdbExporterScrapesSharedTotal.CounterVec()
	own.MustRegister(shared)
	prober := &exporters.Prober{
		Fleet: fleet, Offset: s.offset, Log: log, Shared: shared.WithLabelValues(),
		Self: exporters.Self{
			Success:  metric.NdbExporterCollectorSuccess,
			Duration: metric.NdbExporterCollectorDurationSeconds,
			Snapshot: metric.NdbExporterLastSnapshotTimestampSeconds,
		},
	}
	return exporters.Site{
		Name: "ndb_exporter", Description: "How the NDB clusters of kagu.yaml are.",
		Metrics: prober.Own(own, s.cluster), Prober: prober, Fleet: fleet, Lifecycle: s.lifecycle,
	}
}
