package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/demo"
)

// addLabDemo adds kagu lab demo, which make demo runs.
func addLabDemo(top *kingpin.CmdClause, c *labCommand) {
	cmd := top.Command("demo", "Start a lab, kill a node, and show how the loop heals it, second by second. Then it stays up until Ctrl-C.").Action(c.demo)
	cmd.Flag("once", "Take the lab down afterwards; succeed only if the loop healed the node.").BoolVar(&c.once)
	cmd.Flag("node", "The node to kill. By default the one that takes the writes.").Default("n1").StringVar(&c.node)
	cmd.Flag("nodes", "How many database servers, 2 to 5.").Default("3").IntVar(&c.nodes)
	cmd.Flag("profile", "How soon the servers give up on a silent member: default (5 s) or lan (0.7 s).").
		Default("default").EnumVar(&c.profile, "default", "lan")
}

func (c *labCommand) demo(*kingpin.ParseContext) (err error) {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, "Starting a lab:")
	// Without --dir it has a folder of its own, and a lab that is up stays as it is.
	l, err := lab.Up(c.ctx, lab.Options{
		Dir: c.demoDir(), Bin: filepath.Dir(program), Nodes: c.nodes, Services: lab.Everything(), Mode: cluster.ModeAuto,
		Profile: lab.Profile(c.profile), Rules: "demo", Ephemeral: true, UsualPorts: true,
		Progress: func(step string) { fmt.Fprintln(c.out, step) },
	})
	if err != nil {
		return err
	}
	defer func() {
		// Ctrl-C has ended the session's context, and the lab must go down all the same.
		err = errors.Join(err, l.Down(context.WithoutCancel(c.ctx)))
	}()
	fmt.Fprintln(c.out)
	if err := printAddresses(c.session, l); err != nil {
		return err
	}
	fmt.Fprintln(c.out)
	switch err := demo.Run(c.ctx, l, demo.Options{Node: c.node, Deadline: 90 * time.Second}, c.out); {
	case c.ctx.Err() != nil:
		return errors.New("interrupted")
	case err != nil && (c.once || !errors.Is(err, demo.ErrNotHealed)):
		fmt.Fprintln(c.errOut, l.Logs())
		return err
	case err != nil:
		fmt.Fprintln(c.errOut, "kagu:", err)
	}
	if c.once {
		return nil
	}
	fmt.Fprintln(c.out, "\nThe lab stays up. Look around, break something else:")
	fmt.Fprintf(c.out, "  %s lab --dir=%s break freeze n2\nCtrl-C takes it down.\n", program, l.Dir)
	<-c.ctx.Done()
	fmt.Fprintln(c.out, "\nTaking the lab down.")
	return nil
}

// demoDir is the folder that the user named, or "".
func (c *labCommand) demoDir() string {
	if c.dir == lab.DefaultDir() {
		return ""
	}
	return c.dir
}
