package mgm

import (
	"context"
	"fmt"
	"strings"
)

// DumpEvents asks data nodes for events on the spot: MemoryUsage, BackupStatus or SavedEvent.
// Without nodes all that are up are asked. Saved events are returned as what they were.
func (c *Client) DumpEvents(ctx context.Context, t EventType, nodes ...int) ([]Event, error) {
	cmd := command{name: "dump events", header: "dump events reply", args: []arg{number("type", t)}}
	if len(nodes) > 0 {
		ids := make([]string, len(nodes))
		for i, n := range nodes {
			ids[i] = fmt.Sprint(n)
		}
		cmd.args = append(cmd.args, text("nodes", strings.Join(ids, ",")))
	}
	var events []Event
	err := c.exchange(ctx, cmd, func(conn *conn, p reply) error {
		if err := p.ok(); err != nil {
			return err
		}
		return nil
	})
	return events, err
}
