package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// An ndbReport is what kagu status has to say of an NDB cluster. It asks the management servers
// only, so it works while no SQL node is alive.
type ndbReport struct {
	ndb.Judgement
	Nodes []ndb.Node `json:"nodes"`
	View  ndb.View   `json:"view"`
}

func lookAtNDB(ctx context.Context, c inventory.Cluster) clusterReport {
	seats, closeAll := ndb.Seats(c)
	defer closeAll()
	v := ndb.Look(ctx, seats)
	v.Inventory = ndb.InventoryOf(c)
	r := clusterReport{
		Name: c.Name, Seen: cluster.Snapshot{Cluster: c.Name, Kind: c.Kind, Taken: v.Taken, Took: v.Took},
		NDB: &ndbReport{Judgement: ndb.Judge(v), Nodes: v.Nodes(), View: v},
	}
	for _, f := range r.NDB.Findings {
		r.Problems = append(r.Problems, f.Text)
	}
	r.Healthy = len(r.Problems) == 0
	return r
}

func paintOf(c ndb.Colour) paint {
	switch c {
	case ndb.Red:
		return red
	case ndb.Yellow:
		return yellow
	case ndb.Green:
		return green
	case ndb.Faint:
		return faint
	}
	return plain
}

func (r *ndbReport) print(w io.Writer, name string) {
	fmt.Fprintf(w, "%s  %s  %s\n", bold(name), cluster.KindNDB, paintOf(r.Colour)(r.Head))
	rows := [][]cell{{{"NODE", faint}, {"ID", faint}, {"ROLE", faint}, {"HOST", faint}, {"GROUP", faint}, {"STATE", faint}, {"VERSION", faint}, {"", faint}}}
	for _, n := range r.inOrder() {
		rows = append(rows, r.row(n))
	}
	printTable(w, "  ", rows)
	for i, f := range r.Findings {
		if i > 0 {
			fmt.Fprintf(w, "  also: %s\n", paintOf(f.Colour)(f.Text))
		}
	}
	for _, s := range r.View.Servers {
		if s.Error != "" {
			fmt.Fprintf(w, "  %s: %s\n", plain(s.Name), faint(s.Error))
		}
	}
	r.printOutlook(w)
}

// inOrder lists management servers, data nodes by group, SQL nodes. A place for a client that
// kagu.yaml does not list is shown only while somebody sits there.
func (r *ndbReport) inOrder() []ndb.Node {
	var nodes []ndb.Node
	for _, n := range r.Nodes {
		if n.Role != cluster.RoleSQL || n.Name != "" || n.Up == cluster.Yes {
			nodes = append(nodes, n)
		}
	}
	order := []cluster.Role{cluster.RoleManagement, cluster.RoleData, cluster.RoleSQL}
	slices.SortStableFunc(nodes, func(a, b ndb.Node) int {
		if d := slices.Index(order, a.Role) - slices.Index(order, b.Role); d != 0 {
			return d
		}
		return int(a.Group) - int(b.Group)
	})
	return nodes
}

func (r *ndbReport) row(n ndb.Node) []cell {
	group, version := "", "–"
	if n.Role == cluster.RoleData {
		group = n.Group.String()
	}
	if n.Version != "" {
		version = n.Version
	}
	name, host := n.Name, n.Host
	if name == "" {
		name = "–"
	}
	if host == "" {
		host = "–"
	}
	state, colour := ndbState(n)
	if n.Role == cluster.RoleManagement {
		state, colour = r.serverState(n)
	}
	var notes []string
	if n.President {
		notes = append(notes, "president")
	}
	if a := r.Arbitrator.Arbitrator; a.Known && a.Node == n.ID {
		notes = append(notes, "arbitrator")
	}
	return []cell{
		{name, plain},
		{fmt.Sprint(n.ID), plain},
		{string(n.Role), plain},
		{host, plain},
		{group, plain},
		{state, colour},
		{version, plain},
		{strings.Join(notes, ", "), faint},
	}
}

// ndbState says the state of a node in words and in what colour.
func ndbState(n ndb.Node) (string, paint) {
	state := strings.ToLower(strings.ReplaceAll(n.State, "_", " "))
	if n.State == "" {
		state = "unknown"
	}
	if n.State == string(mgm.StateStarting) {
		state = fmt.Sprintf("starting, phase %d", n.Phase)
	}
	switch n.Up {
	case cluster.Yes:
		return state, green
	case cluster.No:
		return state, red
	default:
		return state, yellow
	}
}

// serverState says whether a management server answers us, which is what it is needed for.
func (r *ndbReport) serverState(n ndb.Node) (string, paint) {
	for _, s := range r.View.Servers {
		switch {
		case s.Name != n.Name:
		case s.Error != "":
			return "no answer", red
		case n.Up != cluster.Yes:
			return "answers, reaches no data node", yellow
		default:
			return "answers", green
		}
	}
	return ndbState(n)
}

// printOutlook says what is left until an outage.
func (r *ndbReport) printOutlook(w io.Writer) {
	s := r.Survival
	if s.Serving == cluster.Yes {
		fmt.Fprintf(w, "  outage after %s, one after the other; at one moment after %s\n",
			failures(s.NodeMargin.Sequential, s.HostMargin.Sequential), failures(s.NodeMargin.Simultaneous, s.HostMargin.Simultaneous))
	}
	if d := r.Detection.DataByData; d.Known {
		fmt.Fprintf(w, "  a data node that falls silent is declared failed after %s to %s\n", seconds(d.Least), seconds(d.Most))
	}
}

func failures(nodes, hosts ndb.Count) string {
	return countWords(nodes, "node") + " or " + countWords(hosts, "host")
}

func countWords(c ndb.Count, what string) string {
	words := fmt.Sprintf("%d %ss", c.Value, what)
	switch {
	case !c.Known && c.Value == 0:
		return "an unknown number of " + what + "s"
	case c.Value == 1:
		words = "1 " + what
	}
	if !c.Known {
		return "at least " + words
	}
	return words
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }
