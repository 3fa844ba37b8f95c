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
		{"kill", "End the node's server at once, as a crash does (SIGKILL).", "killed", (*lab.Lab).Kill},
		{"stop", "Stop the node cleanly, as an operator does; the remediator leaves it alone.", "stopped", (*lab.Lab).Stop},
		{"start", "Start the node, after stop or kill.", "started", (*lab.Lab).Start},
		{"freeze", "Freeze the node's server: it holds its connections and answers nothing (SIGSTOP).", "frozen", (*lab.Lab).Freeze},
		{"thaw", "Let a frozen server go on.", "thawed", (*lab.Lab).Thaw},
		{"cut", "Cut the node off the network; needs root. SSH to its host stays, unless --reach=host.", "cut off", func(l *lab.Lab, ctx context.Context, node string) error {
			return l.Cut(ctx, node, lab.Reach(c.reach))
		}},
		{"join", "Undo a cut.", "joined to the network again", (*lab.Lab).Join},
	}
	all := top.Command("break", "Break a node of the lab, or mend it.\n\nFor example: kagu lab break freeze n2, then kagu lab break thaw n2.")
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
		if f.name == "cut" {
			one.Flag("reach", "What is cut: group (what members say to one another), node (and SQL), host (all).").
				Default(string(lab.CutNode)).EnumVar(&c.reach, string(lab.CutGroup), string(lab.CutNode), string(lab.CutHost))
		}
	}
}
