package mgm

import (
	"context"
	"fmt"
	"strconv"
)

// A LogLevel is how much of a category the cluster log of a management server takes.
type LogLevel struct {
	Category string // as the server names it, in lower case
	Level    int
}

// LogLevels asks for the levels of the server's cluster log.
func (c *Client) LogLevels(ctx context.Context) ([]LogLevel, error) {
	var all []LogLevel
	err := c.do(ctx, command{name: "get cluster loglevel", header: "get cluster loglevel"}, func(p reply) error {
		for _, line := range p.lines {
			name, value, _ := cutLine(line, ":")
			level, err := strconv.Atoi(value)
			if err != nil {
				return fmt.Errorf("the level of %q is %q", short(name), short(value))
			}
			all = append(all, LogLevel{name, level})
		}
		return nil
	})
	return all, err
}

// SetLogLevel sets the level of one category of the answering server's cluster log, until that
// server restarts. Listeners have their own.
func (c *Client) SetLogLevel(ctx context.Context, category Category, level int) error {
	return c.setLevel(ctx, "set cluster loglevel", category, level)
}

// SetReportLevel makes the data nodes report events of a category up to a level to the answering
// server, whatever its log takes of them and its listeners want. The next listener that comes or
// goes may undo it.
func (c *Client) SetReportLevel(ctx context.Context, category Category, level int) error {
	return c.setLevel(ctx, "set loglevel", category, level)
}

// setLevel checks what the server does not: it takes a category that there is not for one.
func (c *Client) setLevel(ctx context.Context, name string, category Category, level int) error {
	if category < CategoryStartup || category > CategorySchema || level < 0 || level > 15 {
		return fmt.Errorf("%w: %s: there is no level %d of %s", ErrRequest, name, level, category)
	}
	return c.do(ctx, command{
		name: name, header: name + " reply", changes: true,
		args: []arg{number("node", 0), number("category", category), number("level", level)},
	}, reply.ok)
}

// LogSeverities asks which severities the server writes to its cluster log, and under "enabled"
// whether it writes any.
func (c *Client) LogSeverities(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	err := c.do(ctx, command{name: "get info clusterlog", header: "clusterlog"}, func(p reply) error {
		for _, line := range p.lines {
			if name, value, found := cutLine(line, ":"); found {
				all[name] = value != "0"
			}
		}
		return nil
	})
	return all, err
}

// severityNumbers are what the protocol calls the severities of the cluster log. The server writes
// outside of its memory for a number it does not know, so no other is ever sent.
var severityNumbers = map[Severity]int{
	SeverityDebug: 1, SeverityInfo: 2, SeverityWarning: 3, SeverityError: 4, SeverityCritical: 5, SeverityAlert: 6,
}

// SetLogSeverity lets the answering server's cluster log take a severity or leave it out, until
// that server restarts. Listeners hear all the same.
func (c *Client) SetLogSeverity(ctx context.Context, severity Severity, on bool) error {
	n, known := severityNumbers[severity]
	if !known {
		return fmt.Errorf("%w: set logfilter: there is no severity %q", ErrRequest, short(string(severity)))
	}
	return c.setLogFilter(ctx, n, on)
}

// SetLog switches the answering server's cluster log as a whole, until that server restarts. The
// severities stay as they are.
func (c *Client) SetLog(ctx context.Context, on bool) error { return c.setLogFilter(ctx, 0, on) }

// setLogFilter never asks to toggle: what comes of that depends on who asked before.
func (c *Client) setLogFilter(ctx context.Context, level int, on bool) error {
	return c.do(ctx, command{
		name: "set logfilter", header: "set logfilter reply", changes: true,
		args: []arg{number("level", level), flag("enable", on)},
	}, func(p reply) error { // the result is what holds now
		now, err := p.number("result")
		if err == nil && (now != 0) != on {
			err = notOK(fmt.Sprintf("the filter is %d", now))
		}
		return err
	})
}
