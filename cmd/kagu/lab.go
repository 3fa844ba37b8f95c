package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
)

// labHelp teaches by an example; kagu lab --help prints it.
const labHelp = `Run a real cluster on this machine's loopback addresses, to try things on.

For example, see a cluster lose a node and take it back:

  kagu lab up                    three Galera nodes and all that watches and heals them
  kagu lab status                who runs, and in what state
  kagu lab break kill n2         end n2's server as a crash does
  kagu lab status                n2 is gone, then comes back by itself (the lab's mode is auto)
  kagu lab down                  stop it all and remove it

It touches nothing but what it started itself. Root is needed for "break cut" only.`

// addLab adds kagu lab and its commands.
func addLab(app *kingpin.Application, s *session) {
	c := &labCommand{session: s}
	top := app.Command("lab", labHelp)
	top.Flag("dir", "The lab's folder.").Default(lab.DefaultDir()).StringVar(&c.dir)

	up := top.Command("up", "Start a lab and print its addresses.").Action(c.up)
	up.Flag("nodes", "How many database servers, 1 to 5.").Default("3").IntVar(&c.nodes)
	up.Flag("mode", "What the remediator may do: observe, propose or auto.").Default("auto").EnumVar(&c.mode, "observe", "propose", "auto")
	up.Flag("profile", "How soon the servers give up on a silent member: default (5 s) or lan (0.4 s).").
		Default("default").EnumVar(&c.profile, "default", "lan")
	up.Flag("service", "What to start beside the nodes, may be repeated: all, none, "+strings.Join(labServices(), ", ")+".").
		Default("all").EnumsVar(&c.services, append([]string{"all", "none"}, labServices()...)...)

	top.Command("status", "Show each process, and the state of each node.").Action(c.status)
	top.Command("down", "Stop everything the lab started, and remove its folder.").Action(c.down)
	addLabBreak(top, c)
	addLabDemo(top, c)
	addLabSlack(top, c)
}

func labServices() []string {
	var names []string
	for _, s := range lab.Everything() {
		names = append(names, string(s))
	}
	return names
}

// labCommand holds the flags of kagu lab.
type labCommand struct {
	*session
	dir, mode, profile string
	nodes              int
	services           []string
	node, reach        string
	once               bool
	file               string
	web                *web.FlagConfig
}

func (c *labCommand) open() (*lab.Lab, error) {
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		return nil, err
	}
	l, err := lab.Open(dir)
	if errors.Is(err, lab.ErrNoLab) {
		return nil, fmt.Errorf("%w; start one: kagu lab up", err)
	}
	return l, err
}

func (c *labCommand) up(*kingpin.ParseContext) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	begun := time.Now()
	l, err := lab.Up(c.ctx, lab.Options{
		Dir: c.dir, Bin: filepath.Dir(program), Nodes: c.nodes, Services: c.wanted(),
		Mode: cluster.Mode(c.mode), Profile: lab.Profile(c.profile), UsualPorts: true,
		Progress: func(step string) { fmt.Fprintln(c.out, step) },
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "\nUp after %.1f s.\n\n", time.Since(begun).Seconds())
	return printAddresses(c.session, l)
}

// wanted turns the --service flags into services.
func (c *labCommand) wanted() []lab.Service {
	if slices.Contains(c.services, "none") {
		return nil
	}
	var wanted []lab.Service
	for _, s := range c.services {
		if s == "all" {
			return lab.Everything()
		}
		wanted = append(wanted, lab.Service(s))
	}
	return wanted
}

func (c *labCommand) down(*kingpin.ParseContext) error {
	l, err := c.open()
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := l.Down(c.ctx); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Down after %.1f s; %s is removed.\n", time.Since(begun).Seconds(), l.Dir)
	return nil
}

// printAddresses tells a human where everything is.
func printAddresses(s *session, l *lab.Lab) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, n := range l.Nodes {
		fmt.Fprintf(w, "%s\t%s\tmariadb --no-defaults --user=%s --socket=%s\n", n.Name, n.SQLAddress(), l.Account, n.Socket())
	}
	for _, service := range lab.Everything() {
		switch {
		case !l.Has(service) || service == lab.SSH:
		case service == lab.HAProxy:
			fmt.Fprintf(w, "%s\t%s\twrites go to the first node that answers\n", service, l.Addresses[service])
		default:
			fmt.Fprintf(w, "%s\t%s\n", service, l.URL(service))
		}
	}
	fmt.Fprintf(w, "fleet\t%s\texport KAGU_CONFIG=%s\n", l.Config(), l.Config())
	return w.Flush()
}
