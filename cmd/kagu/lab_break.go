package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/lab"
)

// addLabBreak adds kagu lab break: one command for each fault and for undoing it.
func addLabBreak(top *kingpin.CmdClause, c *labCommand) {
	faults := []struct {
		name, help, done string
		do               func(*lab.Lab, context.Context, string) error
	}{
		{"kill", "End the node's server at once, as a crash does (SIGKILL).", "killed", func(l *lab.Lab, ctx context.Context, node string) error {
			switch c.process {
			case "child":
				return l.KillChild(ctx, node)
			case "angel":
				return l.KillAngel(ctx, node)
			}
			return l.Kill(ctx, node)
		}},
		{"stop", "Stop the node cleanly, as an operator does; the remediator leaves it alone.", "stopped", (*lab.Lab).Stop},
		{"start", "Start the node, after stop or kill.", "started", (*lab.Lab).Start},
		{"freeze", "Freeze the node's server: it holds its connections and answers nothing (SIGSTOP).", "frozen", (*lab.Lab).Freeze},
		{"thaw", "Let a frozen server go on.", "thawed", (*lab.Lab).Thaw},
		{"cut", "Cut the node off the network; needs root. SSH to its host stays, unless --reach=host.", "cut off", func(l *lab.Lab, ctx context.Context, node string) error {
			return l.Cut(ctx, node, lab.Reach(c.reach))
		}},
		{"join", "Undo a cut.", "joined to the network again", (*lab.Lab).Join},
	}
	all := top.Command("break", "Break a node of the lab, or mend it.\n\nFor example: kagu lab break freeze n2, then kagu lab break thaw n2. Where a node is named, several may be: all; and of an NDB cluster management, data, sql, or a node group, such as group-0.")
	for _, f := range faults {
		one := all.Command(f.name, f.help).Action(func(*kingpin.ParseContext) error {
			l, err := c.open()
			if err != nil {
				return err
			}
			if err := f.do(l, c.ctx, c.node); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s is %s.\n", c.node, f.done)
			return nil
		})
		one.Arg("node", "The node, such as n2.").Required().StringVar(&c.node)
		if f.name == "kill" {
			one.Flag("process", "Of an NDB data node: all its processes, the child that does the work (its angel starts another), or the angel.").
				Default("all").EnumVar(&c.process, "all", "child", "angel")
		}
		if f.name == "cut" {
			one.Flag("reach", "What is cut: group (what members say to one another), node (and SQL), host (all).").
				Default(string(lab.CutNode)).EnumVar(&c.reach, string(lab.CutGroup), string(lab.CutNode), string(lab.CutHost))
		}
	}
	addLabReconfigure(all, c)
}

// addLabReconfigure adds the one fault that is no node's.
func addLabReconfigure(all *kingpin.CmdClause, c *labCommand) {
	cmd := all.Command("reconfigure", "Restart the management servers of an NDB cluster with a configuration of a new generation.").
		Action(func(*kingpin.ParseContext) error {
			l, err := c.open()
			if err != nil {
				return err
			}
			if err := l.Reconfigure(c.ctx, c.parameters); err != nil {
				return err
			}
			fmt.Fprintln(c.out, "The management servers have a new configuration. Data nodes take it over when they are started again.")
			return nil
		})
	cmd.Arg("parameter", "A parameter of [ndbd default], such as DataMemory=80M.").Required().StringMapVar(&c.parameters)
}
