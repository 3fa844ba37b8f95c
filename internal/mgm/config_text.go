package mgm

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A TextSection is a section of the configuration as text, with the names that config.ini has.
type TextSection struct {
	Name     string // "ndbd(DB)", "ndb_mgmd(MGM)", "mysqld(API)", "TCP", "SHM", "SYSTEM"
	Settings []Variable
}

// Get returns the value of a parameter.
func (s TextSection) Get(name string) (string, bool) {
	for _, v := range s.Settings {
		if v.Name == name {
			return v.Value, true
		}
	}
	return "", false
}

// ConfigQuery narrows ShowConfig; its zero value asks for everything.
type ConfigQuery struct {
	Section string // the name of a TextSection
	NodeID  int
	Name    string // of a parameter, exactly
}

// ShowConfig asks for the configuration as text, defaults filled in.
func (c *Client) ShowConfig(ctx context.Context, q ConfigQuery) ([]TextSection, error) {
	cmd := command{name: "show config", header: "show config reply"}
	if q.Section != "" {
		cmd.args = append(cmd.args, text("Section", q.Section))
	}
	if q.NodeID != 0 {
		cmd.args = append(cmd.args, number("NodeId", q.NodeID))
	}
	if q.Name != "" {
		cmd.args = append(cmd.args, text("Name", q.Name))
	}
	var sections []TextSection
	err := c.do(ctx, cmd, func(p reply) (err error) {
		sections, err = readConfigText(p)
		return err
	})
	return sections, err
}

func readConfigText(p reply) ([]TextSection, error) {
	var sections []TextSection
	for _, line := range p.lines {
		if name, found := strings.CutPrefix(line, "["); found && strings.HasSuffix(name, "]") {
			sections = append(sections, TextSection{Name: name[:len(name)-1]})
			continue
		}
		key, value, found := strings.Cut(line, "=")
		switch {
		case len(sections) == 0:
			return nil, fmt.Errorf("the first line is %q, want a section", short(line))
		case !found:
			return nil, errors.New("a line has no value: " + short(line))
		}
		last := &sections[len(sections)-1]
		last.Settings = append(last.Settings, Variable{key, value})
	}
	return sections, nil
}
