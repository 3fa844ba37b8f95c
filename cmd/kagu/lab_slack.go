package main

import (
	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	webflag "github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/kagu-db/kagu/internal/daemon"
	"github.com/kagu-db/kagu/internal/lab/slack"
)

// addLabSlack adds the receiver that a lab runs in the place of Slack. It is a command of
// kagu because it must outlive the one that starts the lab.
func addLabSlack(top *kingpin.CmdClause, c *labCommand) {
	cmd := top.Command("slack", "Stand in for Slack.").Hidden().Action(c.slack)
	c.web = webflag.AddFlags(cmd, "127.0.0.1:0")
	cmd.Flag("file", "Where to keep what comes.").Required().StringVar(&c.file)
}

func (c *labCommand) slack(*kingpin.ParseContext) error {
	receiver, err := slack.NewReceiver(c.file)
	if err != nil {
		return err
	}
	defer receiver.Close()
	return daemon.Serve(c.ctx, receiver.Handler(), c.web, promslog.New(&promslog.Config{}))
}
