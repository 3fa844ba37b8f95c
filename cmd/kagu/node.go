package main

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// verbHolds is how long a host may begin a verb after it was typed.
const verbHolds = 30 * time.Second

func addNode(app *kingpin.Application, s *session) {
	addVerb(app, s, node.Report, "Ask a node's host how the node is, database up or not.")
	addVerb(app, s, node.Start, "Start a node on its host, and forget that somebody had stopped it. It never founds a cluster.")
	addVerb(app, s, node.Stop, "Stop a node on its host, and remember it: the remediator leaves the node alone until it is started again.")
}

func addVerb(app *kingpin.Application, s *session, verb node.Verb, help string) {
	example := fmt.Sprintf("For example:\n  kagu %s backoffice/db2", verb)
	if verb != node.Report {
		example += ` --why "new memory"`
	}
	cmd := app.Command(string(verb), help).HelpLong(example)
	name := cmd.Arg("CLUSTER/NODE", "The node.").Required().String()
	why := new(string)
	if verb != node.Report {
		why = cmd.Flag("why", "Why, for the record on the host.").Required().String()
	}
	cmd.Action(func(*kingpin.ParseContext) error { return sendVerb(s, verb, *name, *why) })
}

func sendVerb(s *session, verb node.Verb, name, why string) error {
	fleet, err := inventory.LoadFor(s.config, inventory.Hosts)
	if err != nil {
		return err
	}
	clusterName, nodeName, _ := strings.Cut(name, "/")
	c, ok := fleet.Cluster(clusterName)
	if !ok {
		return fmt.Errorf("%w; write CLUSTER/NODE", fleet.NoCluster(clusterName, s.config))
	}
	n, ok := c.Node(nodeName)
	if !ok {
		return fmt.Errorf("no node %q in the cluster %s of %s; kagu status %[2]s shows its nodes", nodeName, clusterName, s.config)
	}
	request := node.Request{Verb: verb, Cluster: c.Name, Node: n.Name}
	if verb != node.Report {
		request.ID, request.NotAfter = strings.ToLower(rand.Text()), time.Now().Add(verbHolds)
		request.By, request.Why, request.Operator = person(), why, true
	}
	reply, err := node.Client{SSH: sshrun.Runner{Account: fleet.SSH}}.Do(s.ctx, n.Host, request)
	if err == nil {
		err = reply.Err()
	}
	if reply.State != nil {
		if err := printJSON(s.out, reply.State); err != nil {
			return err
		}
	}
	return err
}
