// Command remediator heals clusters: alerts make it look, and what it sees makes it act, if
// every guard agrees.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/daemon"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/slack"
	"github.com/kagu-db/kagu/remediator"
	"github.com/kagu-db/kagu/remediator/galera"
)

const help = `Heals the clusters of kagu.yaml. Alertmanager's webhooks make it look; by default it only observes (see mode in kagu.yaml).

For example:
  remediator --config.file=kagu.yaml --config.check   is the file good, and are the secrets it names?
  remediator --config.file=kagu.yaml                  serve
  kagu status                                         what it is doing
  touch /etc/kagu/remediator.stop                     let it do nothing from now on, to any cluster`

func main() { os.Exit(daemon.Run("remediator", os.Args[1:], serve)) }

// settings are the flags.
type settings struct {
	daemon.Flags
	storage, killSwitch string
	keep, relook        time.Duration
}

func parse(args []string) (settings, error) {
	var s settings
	err := s.Parse("remediator", help, "127.0.0.1:10043", args, func(app *kingpin.Application) {
		app.Flag("storage.path", "Folder of the journal; one remediator at a time uses it.").Default("/var/lib/kagu/remediator").StringVar(&s.storage)
		app.Flag("storage.retention", "How long the story of closed incidents is kept.").Default("2160h").DurationVar(&s.keep)
		app.Flag("kill-switch.file", "While this file exists, or cannot be looked for, nothing is done to any cluster.").Default("/etc/kagu/remediator.stop").StringVar(&s.killSwitch)
		app.Flag("relook-interval", "How often a cluster with an open incident is looked at again.").Default("15s").DurationVar(&s.relook)
	})
	return s, err
}

func serve(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	log := s.Log()
	if s.keep < 24*time.Hour {
		return fmt.Errorf("--storage.retention=%s: at least 24h, or guards forget what was done", s.keep)
	}
	first, err := inventory.Load(s.Config)
	if err != nil {
		return err
	}
	if s.Check {
		fmt.Println(s.Config, "is good")
		return nil
	}
	j, err := journal.Open(s.storage)
	if err != nil {
		return err
	}
	defer j.Close()

	p, err := newProgram(s, first, j, log)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.engine.Run(ctx) })
	g.Go(func() error { return p.notifier.Run(ctx) })
	g.Go(func() error { return p.housekeeper.Run(ctx) })
	g.Go(func() error { return daemon.OnHangup(ctx, log, p.reload) })
	g.Go(func() error { return daemon.Serve(ctx, p.handler, s.Web, log) })
	return g.Wait()
}

// A program is the parts, wired.
type program struct {
	settings    settings
	fleet       atomic.Pointer[inventory.Fleet]
	metrics     *remediator.Metrics
	engine      *remediator.Engine
	notifier    *remediator.Notifier
	housekeeper remediator.Housekeeper
	handler     http.Handler
	log         *slog.Logger
}

func newProgram(s settings, first *inventory.Fleet, j *journal.Journal, log *slog.Logger) (*program, error) {
	p := &program{settings: s, log: log}
	p.fleet.Store(first)
	own := daemon.Registry("remediator")
	p.metrics = remediator.NewMetrics(own)
	kill := remediator.KillSwitch{File: s.killSwitch}
	p.engine = &remediator.Engine{
		Fleet: p.fleet.Load, Journal: j, Metrics: p.metrics, Log: log, Relook: s.relook, Poll: 500 * time.Millisecond,
		Guards: remediator.StandardGuards(j, kill),
		Brakes: []remediator.Guard{kill, remediator.InMaintenance{Journal: j}},
		Kinds:  map[cluster.Kind]remediator.Kind{cluster.KindGalera: galera.Kind(node.Hosts{Account: func() inventory.SSH { return p.fleet.Load().SSH }})},
	}
	people := slack.People{Settings: func() inventory.Slack { return p.fleet.Load().Slack }, Log: log}
	p.notifier = &remediator.Notifier{Journal: j, Teller: people, Metrics: p.metrics, Log: log, Every: 250 * time.Millisecond}
	p.housekeeper = remediator.Housekeeper{Fleet: p.fleet.Load, Journal: j, KillSwitch: kill, Metrics: p.metrics, Log: log, Keep: s.keep}

	mux := http.NewServeMux()
	mux.Handle("/api/v1/alerts", &remediator.Receiver{Fleet: p.fleet.Load, Store: j, Wake: p.engine.Wake, Metrics: p.metrics, Log: log})
	api := remediator.API{Fleet: p.fleet.Load, Journal: j, Engine: p.engine, KillSwitch: kill, Log: log}
	api.Register(mux)
	page := daemon.Page{
		Name: "remediator", Description: "Heals the clusters of kagu.yaml",
		Metrics: promhttp.HandlerFor(own, promhttp.HandlerOpts{Registry: own}), Ready: j.Writable,
		Links: []web.LandingLinks{
			{Address: "api/v1/status", Text: "Status", Description: "what it is doing about each cluster"},
			{Address: "api/v1/incidents", Text: "Incidents", Description: "what was wrong, and what was done or why not"},
			{Address: "metrics", Text: "Metrics", Description: "about itself"},
			{Address: "-/ready", Text: "Ready", Description: "the journal can be written"},
		},
	}
	p.handler = mux
	return p, page.Register(mux)
}

// reload takes a changed kagu.yaml into use, or keeps what is in force and returns why.
func (p *program) reload() error {
	fleet, err := inventory.Load(p.settings.Config)
	p.metrics.Reloaded(err == nil)
	if err != nil {
		return err
	}
	p.fleet.Store(fleet)
	p.log.Info("reloaded", "file", p.settings.Config, "clusters", len(fleet.Clusters))
	p.engine.WakeAll()
	return nil
}
