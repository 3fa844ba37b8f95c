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

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	app := kingpin.New("kagu", "Keeps Galera and NDB clusters: shows them, and heals them with your consent.")
	app.Version(version.Print("kagu"))
	app.HelpFlag.Short('h')
	app.UsageTemplate(usage)
	s := &session{ctx: ctx, out: os.Stdout, errOut: os.Stderr}
	app.Flag("config.file", "The fleet's kagu.yaml.").Default("/etc/kagu/kagu.yaml").Envar("KAGU_CONFIG").StringVar(&s.config)
	for _, add := range commands() {
		add(app, s)
	}
	if _, err := app.Parse(args); err != nil {
		fmt.Fprintln(os.Stderr, "kagu:", printableLines(err.Error()))
		return 1
	}
	return 0
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
