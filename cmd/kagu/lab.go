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

Or an NDB cluster, from the tree that KAGU_NDB_HOME names:

  kagu lab up --kind=ndb         two management servers, two data nodes, two SQL nodes
  kagu lab break kill group-0    end both data nodes at once: the cluster is down
  kagu lab break start data      start them again

It touches nothing but what it started itself. Root is needed for "break cut" only.`

// addLab adds kagu lab and its commands.
func addLab(app *kingpin.Application, s *session) {
	c := &labCommand{session: s}
	top := app.Command("lab", labHelp)
	top.Flag("dir", "The lab's folder.").Default(lab.DefaultDir()).StringVar(&c.dir)

	up := top.Command("up", "Start a lab and print its addresses.").Action(c.up)
	up.Flag("kind", "The database: galera or ndb.").Default("galera").EnumVar(&c.kind, "galera", "ndb")
	up.Flag("nodes", "galera: how many database servers, 1 to 5; 3 by default.").IntVar(&c.nodes)
	up.Flag("management", "ndb: how many management servers, 1 or 2; 2 by default.").IntVar(&c.management)
	up.Flag("data", "ndb: how many data nodes, 2 or 4; 2 by default.").IntVar(&c.data)
	up.Flag("sql", "ndb: how many SQL nodes, 1 to 4; 2 by default.").IntVar(&c.sql)
	up.Flag("parameter", "ndb: a parameter of [ndbd default] in config.ini, such as DataMemory=80M; may be repeated.").
		PlaceHolder("NAME=VALUE").StringMapVar(&c.parameters)
	up.Flag("mode", "What the remediator may do: observe, propose or auto.").Default("auto").EnumVar(&c.mode, "observe", "propose", "auto")
	up.Flag("binlog", "galera: let the nodes write binary logs, for restores to a point in time.").BoolVar(&c.binlog)
	up.Flag("profile", "galera: how soon the servers give up on a silent member: default (5 s), lan (0.7 s), or lan-realtime (0.7 s, and that thread goes before all others).").
		EnumVar(&c.profile, lab.Profiles...)
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
	for _, kind := range []cluster.Kind{cluster.KindGalera, cluster.KindNDB} {
		for _, s := range lab.ServicesFor(kind) {
			if !slices.Contains(names, string(s)) {
				names = append(names, string(s))
			}
		}
	}
	return names
}

// labCommand holds the flags of kagu lab.
type labCommand struct {
	*session
	dir, mode, profile string
	kind               string
	nodes              int
	management         int
	data, sql          int
	parameters         map[string]string
	services           []string
	node, reach        string
	process            string
	once, binlog       bool
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
		Dir: c.dir, Bin: filepath.Dir(program), Kind: cluster.Kind(c.kind), Nodes: c.nodes, Services: c.wanted(),
		Management: c.management, Data: c.data, SQL: c.sql, Parameters: c.parameters, BinLog: c.binlog,
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
			return lab.ServicesFor(cluster.Kind(c.kind))
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
		fmt.Fprintf(w, "%s\t%s\t%s\n", n.Name, n.Endpoint(), l.Client(n))
	}
	for _, service := range lab.ServicesFor(l.Kind) {
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
