// Command kagu-node answers for the database nodes of its host: it reports on them, starts them
// and stops them, and streams their backups. It is the forced command of the SSH keys of the
// remediator and of backupd.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"github.com/kagu-db/kagu/internal/background"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/node/host"
)

const help = `Reports on, starts, stops, backs up and restores the database nodes of this host.

By hand:
  kagu-node report backoffice/db1
  kagu-node stop   backoffice/db1 --why "new memory"   # stays down until an operator starts it
  kagu-node start  backoffice/db1 --why "memory is in"
  kagu-node resync backoffice/db1                      # ends a desync that a backup left behind

As the forced command of an SSH key it takes one request from SSH_ORIGINAL_COMMAND; without that and without arguments it reads one from standard input.
The answer is JSON on standard output. Exit code 0: done, 1: refused or failed, 2: not a request. docs/hosts.md sets a host up.`

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if len(args) == 1 && args[0] == host.WatchdogArgument {
		return host.Watch()
	}
	hostname, _ := os.Hostname() // an empty name is refused below: it is no host of kagu.yaml
	app := kingpin.New("kagu-node", help)
	app.Version(version.Print("kagu-node"))
	app.HelpFlag.Short('h')
	var o options
	app.Flag("config.file", "The kagu.yaml of this host. Secrets in it are not opened.").Default("/etc/kagu/kagu.yaml").StringVar(&o.config)
	app.Flag("host", "The name of this host in kagu.yaml.").Default(short(hostname)).StringVar(&o.host)
	app.Flag("state.dir", "Keeps what must survive a reboot: operators' stops, IDs carried out, the audit.").Default("/var/lib/kagu-node").StringVar(&o.stateDir)
	app.Flag("stop.timeout", "How long a stop waits for the server to end.").Default("60s").DurationVar(&o.stopWait)
	app.Flag("for", "What the holder of the key may ask for. heal: report, start, stop. backup: report, backup, collect, discard, resync. all: these and restore. A backup is all data, so give each daemon's key its own.").
		Default("heal").EnumVar(&o.purpose, "heal", "backup", "all")
	app.Flag("why", "Your reason, for the others.").StringVar(&o.why)
	app.Arg("verb", "report, start, stop or resync. The others are streams, and come over SSH.").StringVar(&o.verb)
	app.Arg("cluster/node", "Which node.").StringVar(&o.node)
	if _, err := app.Parse(args); err != nil {
		return reply(os.Stdout, node.Reply{Version: node.Version, Refused: "bad command line: " + err.Error()}, node.ExitBad)
	}

	// A verb that is being carried out ends in order even if the SSH session goes away. The
	// signals are caught, not ignored: a server that we start would inherit the ignoring.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return o.answer(ctx, os.Stdin, os.Stdout, os.Stderr)
}

type options struct {
	config, host, stateDir, why string
	verb, node, purpose         string
	stopWait                    time.Duration
}

// answer carries out one request and writes one reply.
func (o options) answer(ctx context.Context, in io.Reader, out, errOut io.Writer) int {
	r, err := o.request(in)
	if err != nil {
		return reply(out, node.Reply{Version: node.Version, Verb: r.Verb, Refused: "bad request: " + err.Error()}, node.ExitBad)
	}
	if err := o.allowed(r.Verb); err != nil {
		return reply(out, node.Reply{Version: node.Version, Verb: r.Verb, Refused: err.Error()}, node.ExitRefused)
	}
	fleet, err := inventory.LoadWithoutSecrets(o.config)
	if err != nil {
		fmt.Fprintln(errOut, "kagu-node:", err)
		return reply(out, node.Reply{Version: node.Version, Verb: r.Verb, Refused: "the kagu.yaml of host " + o.host + " is not valid: kagu check " + o.config}, node.ExitRefused)
	}
	server := host.New(fleet, o.host, o.stateDir)
	server.StopWait = o.stopWait
	server.From, _, _ = strings.Cut(os.Getenv("SSH_CONNECTION"), " ")
	if r.Verb.Streams() {
		if in == os.Stdin {
			background.Yield(os.Getpid()) // what passes here is not worth a client's wait
			in, out = host.NewPatience(ctx, 0, "standard input"), host.NewPatience(ctx, 1, "standard output")
		}
		if server.Stream(ctx, r, in, out).Err() != nil {
			return node.ExitRefused
		}
		return node.ExitDone
	}
	answer := server.Answer(ctx, r)
	code := node.ExitDone
	if answer.Err() != nil {
		code = node.ExitRefused
	}
	return reply(out, answer, code)
}

func reply(out io.Writer, r node.Reply, code int) int {
	text := r.Encode()
	if f, ok := out.(*os.File); ok && isTerminal(f) {
		text = indent(text)
	}
	if _, err := out.Write(text); err != nil && code == node.ExitDone {
		return node.ExitRefused // nobody heard the answer
	}
	return code
}

func short(hostname string) string {
	name, _, _ := strings.Cut(hostname, ".")
	return name
}
