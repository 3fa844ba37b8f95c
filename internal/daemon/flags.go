package daemon

import (
	"fmt"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	build "github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	webflag "github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

// Flags are those that every program has.
type Flags struct {
	Config string // kagu.yaml
	Check  bool   // check it and exit
	Web    *web.FlagConfig

	log promslog.Config
}

// Parse reads the arguments of a program. The flags of its own, which more adds, stand in --help
// between its file and where it listens.
func (f *Flags) Parse(name, help, address string, args []string, more func(*kingpin.Application)) error {
	app := kingpin.New(name, help)
	app.Version(build.Print(name))
	app.HelpFlag.Short('h')
	app.Flag("config.file", "The fleet's kagu.yaml. SIGHUP reloads it.").Default("/etc/kagu/kagu.yaml").Envar("KAGU_CONFIG").StringVar(&f.Config)
	app.Flag("config.check", "Check the configuration and exit.").BoolVar(&f.Check)
	more(app)
	f.Web = webflag.AddFlags(app, address)
	promslogflag.AddFlags(app, &f.log)
	if _, err := app.Parse(args); err != nil {
		return fmt.Errorf("%w; %s --help shows what there is", err, name)
	}
	if file := *f.Web.WebConfigFile; file != "" {
		if err := web.Validate(file); err != nil {
			return fmt.Errorf("--web.config.file=%s: %w; --help says where its form is described", file, err)
		}
	}
	return nil
}

// Log returns the log that the flags ask for.
func (f *Flags) Log() *slog.Logger { return promslog.New(&f.log) }
