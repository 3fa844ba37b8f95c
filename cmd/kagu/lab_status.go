package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kingpin/v2"
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
		at := n.Process
		if n.PID != 0 {
			at += fmt.Sprintf(" (%d)", n.PID)
		}
		state, cluster := n.State, ""
		switch {
		case n.Err != nil:
			state = "no answer"
			cluster, _, _ = strings.Cut(n.Err.Error(), "\n")
		case n.Cluster != "":
			cluster = fmt.Sprintf("%s, %s members", n.Cluster, n.Size)
		default:
			state = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", n.Node.Name, n.Node.SQLAddress(), at, state, cluster)
	}
	fmt.Fprintln(w, "\nSERVICE\tPROCESS")
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
