package mgm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// mostDumped bounds the events of one answer: a data node keeps a few hundred.
const mostDumped = 200_000

// DumpEvents asks data nodes for events on the spot: MemoryUsage, BackupStatus or SavedEvent.
// Without nodes all that are up are asked. Saved events are returned as what they were, in the
// order of each node.
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
	err := c.exchange(ctx, cmd, func(conn *conn, p reply) (err error) {
		if err := p.ok(); err != nil {
			return err
		}
		events, err = conn.dumped(p)
		return err
	})
	return events, err
}

// dumped reads the event blocks behind the reply.
func (c *conn) dumped(p reply) ([]Event, error) {
	count, err := p.number("events")
	if err != nil {
		return nil, err
	}
	if count < 0 || count > mostDumped {
		return nil, fmt.Errorf("%w: %d events", ErrReplyTooBig, count)
	}
	var events []Event
	for range count {
		e, isEvent, err := readBlock(c.r)
		if err != nil {
			return nil, err
		}
		if !isEvent {
			return nil, errors.New("there is a ping among dumped events")
		}
		if e.Type == SavedEvent {
			if e, err = e.original(); err != nil {
				return nil, err
			}
		} else {
			e.Time = time.Now()
		}
		e.Server = c.server
		events = append(events, e)
	}
	return events, nil
}
