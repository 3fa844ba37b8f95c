package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
)

func (c *labCommand) status(*kingpin.ParseContext) error {
	l, err := c.open()
	if err != nil {
		return err
	}
	nodes, services := l.Status(c.ctx)
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tADDRESS\tPROCESS\tSTATE\tCLUSTER")
	for _, n := range nodes {
		state, cluster := n.State, n.Cluster
		switch {
		case n.Err != nil:
			state = "no answer"
			cluster, _, _ = strings.Cut(n.Err.Error(), "\n")
		case state == "":
			state = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", n.Node.Name, n.Node.Endpoint(), processOf(n), state, cluster)
	}
	if len(services) > 0 {
		fmt.Fprintln(w, "\nSERVICE\tPROCESS")
	}
	for _, s := range services {
		fmt.Fprintf(w, "%s\t%s (%d)\n", s.Process.Name, s.State, s.Process.PID)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !l.Ready {
		fmt.Fprintf(c.out, "\nThe lab's start was cut short, or still goes on. Clear it away: kagu lab down --dir=%s\n", l.Dir)
	}
	return nil
}

// processOf says whether a node's process runs, and for an NDB data node its angel.
func processOf(n lab.NodeStatus) string {
	text := n.Process
	if n.PID != 0 {
		text += fmt.Sprintf(" (%d)", n.PID)
	}
	switch {
	case n.Node.Role != cluster.RoleData:
	case n.Angel != 0:
		text += fmt.Sprintf(", angel %d", n.Angel)
	default:
		text += ", no angel"
	}
	return text
}
