package mgm

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// A Session is one connection to the management server.
type Session struct {
	ID  int
	TLS bool
}

// Sessions asks who is connected to the server, ourselves included.
func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	var all []Session
	err := c.do(ctx, command{name: "list sessions"}, func(p reply) error {
		for _, line := range p.lines {
			key, value, _ := cutLine(line, ":")
			switch {
			case key == "session":
				id, err := strconv.Atoi(value)
				if err != nil {
					return fmt.Errorf("a session is %q", short(value))
				}
				all = append(all, Session{ID: id})
			case len(all) == 0:
				return fmt.Errorf("the first line is %q", short(line))
			case strings.HasSuffix(key, ".tls"):
				all[len(all)-1].TLS = value != "0"
			}
		}
		return nil
	})
	return all, err
}

// SessionID asks for the number of our own session. It holds until the connection ends: a call
// that follows an error may be of another.
func (c *Client) SessionID(ctx context.Context) (int, error) {
	id := 0
	err := c.do(ctx, command{name: "get session id", header: "get session id reply"}, func(p reply) (err error) {
		id, err = p.number("id")
		return err
	})
	return id, err
}

// Session asks for one session, false if the server has none of that number (any more).
func (c *Client) Session(ctx context.Context, id int) (Session, bool, error) {
	if id <= 0 {
		return Session{}, false, fmt.Errorf("%w: get session: there is no session %d", ErrRequest, id)
	}
	var s Session
	err := c.do(ctx, command{name: "get session", header: "get session reply", args: []arg{number("id", id)}}, func(p reply) (err error) {
		if s.ID, err = p.number("id"); err != nil || s.ID == 0 { // 0: there is none
			return err
		}
		tls, err := p.number("tls")
		if err != nil { // servers before 8.3 have none
			tls = 0
		}
		s.TLS = tls != 0
		return nil
	})
	return s, err == nil && s.ID != 0, err
}
