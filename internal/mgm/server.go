package mgm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A Variable is a setting of the management server itself.
type Variable struct{ Name, Value string }

// Variables asks for the settings of the management server.
func (c *Client) Variables(ctx context.Context) ([]Variable, error) {
	var all []Variable
	err := c.do(ctx, command{name: "show variables", header: "show variables reply"}, func(p reply) error {
		for _, line := range p.lines {
			if name, value, found := cutLine(line, ":"); found {
				all = append(all, Variable{name, value})
			}
		}
		return nil
	})
	return all, err
}

// TLSStats is what a management server counts of its connections.
type TLSStats struct {
	Accepted, Upgraded, Refused int // since it started; Refused lacked authorization
	Current, TLS                int // now
}

// TLSStats asks for them. Servers before 8.3 do not know the question.
func (c *Client) TLSStats(ctx context.Context) (TLSStats, error) {
	var s TLSStats
	err := c.do(ctx, command{name: "get tls stats", header: "get tls stats reply"}, func(p reply) error {
		var errs [5]error
		s.Accepted, errs[0] = p.number("accepted")
		s.Upgraded, errs[1] = p.number("upgraded")
		s.Current, errs[2] = p.number("current")
		s.TLS, errs[3] = p.number("tls")
		s.Refused, errs[4] = p.number("authfail")
		return errors.Join(errs[:]...)
	})
	return s, err
}

// A Certificate is what a client of the management server has shown.
type Certificate struct {
	Session int
	Address string
	Serial  string
	Name    string
	Expires time.Time // midnight of the day; zero if the server's date could not be read
}

// Certificates asks for the certificates of the server's TLS connections.
func (c *Client) Certificates(ctx context.Context) ([]Certificate, error) {
	var all []Certificate
	err := c.do(ctx, command{name: "list certs", header: "list certs reply"}, func(p reply) (err error) {
		all, err = readCertificates(p)
		return err
	})
	return all, err
}

func readCertificates(p reply) ([]Certificate, error) {
	var all []Certificate
	for _, line := range p.lines {
		key, value, _ := cutLine(line, ":")
		if key == "session" {
			id, err := strconv.Atoi(value)
			if err != nil {
				return nil, fmt.Errorf("a session is %q", short(value))
			}
			all = append(all, Certificate{Session: id})
			continue
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("the first line is %q", short(line))
		}
		last := &all[len(all)-1]
		switch key {
		case "address":
			last.Address = value
		case "serial":
			last.Serial = value
		case "name":
			last.Name = value
		case "expires":
			last.Expires, _ = time.Parse("02-Jan-2006", value)
		}
	}
	return all, nil
}

// PurgeStaleSessions lets the server give back the node ids that dead clients hold.
func (c *Client) PurgeStaleSessions(ctx context.Context) error {
	return c.do(ctx, command{name: "purge stale sessions", header: "purge stale sessions reply", changes: true}, reply.ok)
}
