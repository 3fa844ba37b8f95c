// Command backupd keeps clusters: it takes backups, proves them by restores, and lets go of those
// that are not needed any more.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	build "github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/cmd/internal/kinds"
	"github.com/kagu-db/kagu/internal/daemon"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/slack"
)

const help = `Takes the backups that kagu.yaml asks for, checks each after it was stored, proves them by restores, and tells.

For example:
  backupd --config.file=kagu.yaml --config.check   is the file good, and are the keys it names?
  backupd --config.file=kagu.yaml                  serve
  kagu backup schedule                             what begins when
  kagu backup list                                 what there is to restore from, also when backupd is down`

func main() { os.Exit(daemon.Run("backupd", os.Args[1:], serve)) }

// settings are the flags.
type settings struct {
	daemon.Flags
	storage string
}

func parse(args []string) (settings, error) {
	var s settings
	err := s.Parse("backupd", help, "127.0.0.1:10044", args, func(app *kingpin.Application) {
		app.Flag("storage.path", "Folder of the catalogue and of what is not stored yet; one backupd at a time uses it.").Default("/var/lib/kagu/backupd").StringVar(&s.storage)
	})
	return s, err
}

func serve(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	log := s.Log()
	first, err := load(s.Config)
	if err != nil {
		return err
	}
	if s.Check {
		fmt.Println(s.Config, "is good")
		return nil
	}
	c, err := backupd.OpenCatalogue(s.storage)
	if err != nil {
		return err
	}
	defer c.Close()

	p, err := newProgram(s, first, c, log)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.engine.Run(ctx) })
	g.Go(func() error { return p.scheduler.Run(ctx) })
	g.Go(func() error { return p.asker.Run(ctx) })
	g.Go(func() error { return p.teller.Run(ctx) })
	g.Go(func() error { return p.metrics.Run(ctx, p.engine, p.scheduler.Planned) })
	g.Go(func() error { return daemon.OnHangup(ctx, log, p.reload) })
	g.Go(func() error { return daemon.Serve(ctx, p.handler, s.Web, log) })
	return g.Wait()
}

// A configuration is kagu.yaml with the keys that it names.
type configuration struct {
	fleet *inventory.Fleet
	keys  backupd.Keys
}

func load(file string) (*configuration, error) {
	fleet, err := inventory.LoadFor(file, inventory.Databases, inventory.Hosts, inventory.Messages, inventory.Backups)
	if err != nil {
		return nil, err
	}
	keys, err := backupd.NewKeys(fleet.Backup)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if keys.Signer == nil && backs(fleet) {
		return nil, fmt.Errorf("%s: backup.signing_key_file is missing, and backups are signed: kagu backup keys makes one", file)
	}
	return &configuration{fleet, keys}, nil
}

func backs(f *inventory.Fleet) bool {
	for _, c := range f.Clusters {
		if c.Backup != nil {
			return true
		}
	}
	return false
}

// A program is the parts, wired.
type program struct {
	settings  settings
	now       atomic.Pointer[configuration]
	engine    *backupd.Engine
	scheduler *backupd.Scheduler
	asker     *backupd.Asker
	teller    *backupd.Teller
	metrics   *backupd.Metrics
	handler   http.Handler
	log       *slog.Logger
}

func (p *program) fleet() *inventory.Fleet { return p.now.Load().fleet }

func newProgram(s settings, first *configuration, c *backupd.Catalogue, log *slog.Logger) (*program, error) {
	p := &program{settings: s, log: log}
	p.now.Store(first)
	own := daemon.Registry("backupd")
	p.metrics = backupd.NewMetrics(own)
	people := slack.People{Settings: func() inventory.Slack { return p.fleet().Slack }, Log: log}
	p.teller = backupd.NewTeller(people.Tell, log)
	p.engine = &backupd.Engine{
		Fleet: p.fleet, Keys: func() backupd.Keys { return p.now.Load().keys }, Kinds: kinds.Of(p.fleet),
		Catalogue: c, OpenStore: p.open, Log: log, Version: build.Version, Dir: filepath.Join(s.storage, "work"),
		ArchiveFailed: p.metrics.ArchiveFailed,
		Ended: func(r backupd.Run, o backupd.Outcome) {
			p.metrics.Ended(r, o)
			p.teller.Ended(r, o)
		},
	}
	p.scheduler = &backupd.Scheduler{
		Fleet: p.fleet, Memory: c, Begin: p.engine.Begin, Around: p.engine.Around, Log: log,
		Missed: func(s backupd.Slot, _ time.Time, _ string) { p.metrics.Missed(s) },
	}
	p.asker = backupd.NewAsker(p.engine)
	mux := http.NewServeMux()
	mux.Handle("/api/v1/alerts", &backupd.Receiver{Fleet: p.fleet, Store: c, Wake: p.asker.Wake, Count: p.metrics.Hinted, Log: log})
	api := backupd.API{Desk: backupd.EngineDesk{Engine: p.engine, Schedule: p.scheduler}, Log: log}
	api.Register(mux)
	page := daemon.Page{
		Name: "backupd", Description: "Keeps the clusters of kagu.yaml",
		Metrics: promhttp.HandlerFor(own, promhttp.HandlerOpts{Registry: own}),
		Ready:   func(ctx context.Context) error { return errors.Join(p.engine.Ready(), c.Writable(ctx)) },
		Links: []web.LandingLinks{
			{Address: "api/v1/backups", Text: "Backups", Description: "what there is, and what was found of it"},
			{Address: "api/v1/runs", Text: "Runs", Description: "what goes on, and what was done"},
			{Address: "metrics", Text: "Metrics", Description: "about itself"},
			{Address: "-/ready", Text: "Ready", Description: "the catalogue can be written"},
		},
	}
	p.handler = mux
	return p, page.Register(mux)
}

// open opens a store and tries again what may pass.
func (p *program) open(s inventory.BackupStore) (store.Store, error) {
	st, err := store.Open(s)
	if err != nil {
		return nil, err
	}
	return store.Retry{Store: st}, nil
}

// reload takes a changed kagu.yaml into use, or keeps what is in force and returns why.
func (p *program) reload() error {
	next, err := load(p.settings.Config)
	p.metrics.Reloaded(err == nil)
	if err != nil {
		return err
	}
	p.now.Store(next)
	p.log.Info("reloaded", "file", p.settings.Config, "clusters", len(next.fleet.Clusters))
	p.engine.Reload()
	return nil
}
