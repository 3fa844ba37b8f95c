// Command kagu is the operator's command: it shows what is wrong, and does what the
// remediator would not do without a human.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

const help = `Keeps Galera and NDB clusters: shows them, and heals them with your consent.

Begin with these. They change nothing:
  kagu check kagu.yaml    is the description of the fleet good? every fault, with line and remedy
  kagu status             what is wrong now, and what the remediator does about it
  kagu incidents          what was wrong, and what was done or why not
  kagu backup list        what there is to restore from`

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	app := kingpin.New("kagu", help)
	app.Version(version.Print("kagu"))
	app.HelpFlag.Short('h')
	app.UsageTemplate(usage)
	s := &session{ctx: ctx, out: os.Stdout, errOut: os.Stderr}
	app.Flag("config.file", "The fleet's kagu.yaml.").Default("/etc/kagu/kagu.yaml").Envar("KAGU_CONFIG").StringVar(&s.config)
	for _, add := range commands() {
		add(app, s)
	}
	understood := false
	app.Validate(func(*kingpin.Application) error { understood = true; return nil })
	if _, err := app.Parse(args); err != nil {
		if !understood {
			err = fmt.Errorf("%w; %s --help shows what there is", err, typed(app, args))
		}
		fmt.Fprintln(os.Stderr, "kagu:", printableLines(err.Error()))
		return 1
	}
	return 0
}

// typed is as much of what was typed as names a command.
func typed(app *kingpin.Application, args []string) string {
	if at, _ := app.ParseContext(args); at != nil && at.SelectedCommand != nil {
		return "kagu " + at.SelectedCommand.FullCommand()
	}
	return "kagu"
}

// usage is kingpin's, with what a command says at length in its own --help: it shows that nowhere.
var usage = strings.Replace(kingpin.DefaultUsageTemplate, selected, selected+"{{with .Context.SelectedCommand.HelpLong}}{{.}}\n\n{{end}}", 1)

const selected = `{{template "FormatUsage" .Context.SelectedCommand}}
`

// A session is what every command gets: where to read the fleet and where to write.
type session struct {
	ctx         context.Context
	out, errOut io.Writer
	config      string
}

// commands lists every command. Each adds its clauses and flags to app and does its work in
// a kingpin Action.
func commands() []func(*kingpin.Application, *session) {
	return []func(*kingpin.Application, *session){
		addStatus,
		addIncidents,
		addApprove,
		addRelease,
		addMaintenance,
		addNode,
		addNDB,
		addBackup,
		addLab,
		addCheck,
		addGenerate,
		addGrants,
	}
}
