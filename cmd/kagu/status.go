package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sshrun"
	"github.com/kagu-db/kagu/remediator"
	"github.com/kagu-db/kagu/remediator/galera"
)

// A fleetReport is what kagu status has to say, and its --json output.
type fleetReport struct {
	Site       string             `json:"site"`
	Clusters   []clusterReport    `json:"clusters"`
	Remediator *remediator.Status `json:"remediator,omitempty"` // nil if it did not answer
	Silence    string             `json:"remediator_error,omitempty"`
}

type clusterReport struct {
	Name     string            `json:"name"`
	Healthy  bool              `json:"healthy"`
	Problems []string          `json:"problems,omitempty"`
	Odd      map[string]string `json:"odd,omitempty"` // node → what is odd about it
	Seen     cluster.Snapshot  `json:"seen"`
	NDB      *ndbReport        `json:"ndb,omitempty"`   // of an NDB cluster
	Error    string            `json:"error,omitempty"` // why it could not be looked at
}

func addStatus(app *kingpin.Application, s *session) {
	cmd := app.Command("status", "Look at every cluster now, by SQL and at the hosts or by the management servers, and tell what the remediator is doing.")
	a := apiFlags(cmd, s)
	only := cmd.Arg("CLUSTER", "This cluster only.").String()
	asJSON := cmd.Flag("json", "Print JSON for programs.").Bool()
	cmd.Action(func(*kingpin.ParseContext) error {
		fleet, err := inventory.LoadFor(s.config, inventory.Databases, inventory.Hosts)
		if err != nil {
			return err
		}
		if _, known := fleet.Cluster(*only); *only != "" && !known {
			return fleet.NoCluster(*only, s.config)
		}
		client, err := a.client()
		if err != nil {
			return err
		}
		report := lookAround(s.ctx, fleet, *only, client)
		if *asJSON {
			return printJSON(s.out, report)
		}
		report.print(s.out, time.Now())
		return nil
	})
}

// lookAround looks at all clusters at the same time and asks the remediator meanwhile.
func lookAround(ctx context.Context, fleet *inventory.Fleet, only string, client remediator.Client) fleetReport {
	report := fleetReport{Site: fleet.Site}
	for _, c := range fleet.Clusters {
		if only == "" || c.Name == only {
			report.Clusters = append(report.Clusters, clusterReport{Name: c.Name})
		}
	}
	var all sync.WaitGroup
	for i := range report.Clusters {
		c, _ := fleet.Cluster(report.Clusters[i].Name)
		all.Go(func() { report.Clusters[i] = lookAt(ctx, fleet, c) })
	}
	all.Go(func() {
		st, err := client.Status(ctx)
		if err != nil {
			report.Silence = whyNot(err)
			return
		}
		report.Remediator = &st
	})
	all.Wait()
	return report
}

func lookAt(ctx context.Context, fleet *inventory.Fleet, c inventory.Cluster) clusterReport {
	if c.Kind == cluster.KindNDB {
		return lookAtNDB(ctx, c)
	}
	r := clusterReport{Name: c.Name, Seen: cluster.Snapshot{Cluster: c.Name, Kind: c.Kind}}
	if c.Kind != cluster.KindGalera {
		r.Error = "kagu cannot look at " + string(c.Kind) + " clusters yet"
		return r
	}
	kind := galera.Kind(node.Client{SSH: sshrun.Runner{Account: fleet.SSH}})
	seen, err := kind.Observer.Observe(ctx, c)
	if err != nil {
		r.Error = err.Error()
		return r
	}
	r.Seen, r.Odd = seen, galera.Odd(seen)
	for _, f := range remediator.Diagnose(kind.Problems, seen) {
		what := f.Problem.Name
		if f.Node != remediator.WholeCluster {
			what += " " + f.Node
		}
		r.Problems = append(r.Problems, what)
	}
	r.Healthy = len(r.Problems) == 0
	return r
}

func (r fleetReport) print(w io.Writer, now time.Time) {
	for i, c := range r.Clusters {
		if i > 0 {
			fmt.Fprintln(w)
		}
		c.print(w)
		r.printRemediator(w, c.Name, now)
	}
	if r.Remediator == nil {
		fmt.Fprintf(w, "\n%s: %s\n", red("remediator"), plain(r.Silence))
	} else if r.Remediator.KillSwitch != "" {
		fmt.Fprintf(w, "\n%s: %s\n", red("remediator"), plain(r.Remediator.KillSwitch))
	}
}

func (c clusterReport) print(w io.Writer) {
	if c.NDB != nil {
		c.NDB.print(w, c.Name)
		return
	}
	head := green("healthy")
	switch {
	case c.Error != "":
		head = red(c.Error)
	case len(c.Problems) == 1:
		head = red(c.Problems[0])
	case !c.Healthy:
		head = red(fmt.Sprintf("%s and %d more", c.Problems[0], len(c.Problems)-1))
	case len(c.Odd) > 0:
		head = yellow("works, with something odd")
	}
	fmt.Fprintf(w, "%s  %s  %s\n", bold(c.Name), c.Seen.Kind, head)
	if len(c.Seen.Nodes) == 0 {
		return
	}
	rows := [][]cell{{{"NODE", faint}, {"HOST", faint}, {"STATE", faint}, {"PROCESS", faint}, {"MEMBERS", faint}, {"SEQNO", faint}, {"DISK FREE", faint}, {"", faint}}}
	for _, n := range c.Seen.Nodes {
		rows = append(rows, nodeRow(n, c.Odd[n.Name]))
	}
	printTable(w, "  ", rows)
}

func nodeRow(n cluster.Node, odd string) []cell {
	size, seqno, disk := "–", "–", "–"
	if n.Galera.Answers == cluster.Yes {
		size, seqno = fmt.Sprint(n.Galera.Size), fmt.Sprint(n.Galera.Seqno)
	}
	if n.DiskFree != nil {
		disk = fmt.Sprintf("%.0f %%", *n.DiskFree*100)
	}
	colour, note := green, cell{"", plain}
	if odd != "" {
		colour, note = red, cell{"← " + odd, yellow}
	}
	return []cell{
		{n.Name, plain},
		{n.Host, plain},
		{galera.Word(n), colour},
		{string(n.Process), plain},
		{size, plain},
		{seqno, plain},
		{disk, plain},
		note,
	}
}

func (r fleetReport) printRemediator(w io.Writer, name string, now time.Time) {
	if r.Remediator == nil {
		return
	}
	for _, c := range r.Remediator.Clusters {
		if c.Cluster != name {
			continue
		}
		fmt.Fprintf(w, "  remediator: mode %s", plain(string(c.Mode)))
		if m := c.Maintenance; m != nil {
			fmt.Fprintf(w, ", %s until %s by %s (%s)", yellow("maintenance"), m.Until.Local().Format("Mon 15:04"), plain(m.By), plain(m.Why))
		}
		if len(c.Incidents) == 0 {
			fmt.Fprint(w, ", nothing to do")
		}
		fmt.Fprintln(w)
		for _, inc := range c.Incidents {
			fmt.Fprintf(w, "    %s %s %s (%s): %s\n", plain(inc.ID), plain(where(inc)), stateColour(inc.State)(string(inc.State)), ago(now, inc.Opened), plain(inc.Summary))
		}
	}
}
