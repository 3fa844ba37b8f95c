package main

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/lab/slack"
)

// addLabSlack adds the receiver that a lab runs in the place of Slack. It is a command of
// kagu because it must outlive the one that starts the lab.
func addLabSlack(top *kingpin.CmdClause, c *labCommand) {
	cmd := top.Command("slack", "Stand in for Slack.").Hidden().Action(c.slack)
	cmd.Flag("web.listen-address", "Where to listen.").Required().StringVar(&c.listen)
	cmd.Flag("file", "Where to keep what comes.").Required().StringVar(&c.file)
}

func (c *labCommand) slack(*kingpin.ParseContext) error {
	receiver, err := slack.NewReceiver(c.file)
	if err != nil {
		return err
	}
	defer receiver.Close()
	listener, err := net.Listen("tcp", c.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: receiver.Handler(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-c.ctx.Done():
		err := server.Close()
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}
}
