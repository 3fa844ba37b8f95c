package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A checkReport is what kagu check has to say, and its --json output.
type checkReport struct {
	File     string            `json:"file"`
	OK       bool              `json:"ok"`
	Site     string            `json:"site,omitempty"`
	Clusters []checkedCluster  `json:"clusters,omitempty"`
	Faults   []inventory.Fault `json:"faults,omitempty"`
	Warnings []inventory.Fault `json:"warnings,omitempty"`
}

type checkedCluster struct {
	Name  string               `json:"name"`
	Kind  cluster.Kind         `json:"kind"`
	Mode  cluster.Mode         `json:"mode"`
	Nodes map[cluster.Role]int `json:"nodes"` // how many of each role
}

func addCheck(app *kingpin.Application, s *session) {
	cmd := app.Command("check", "Check kagu.yaml and the secrets it refers to; exits 1 if there is a fault.").
		HelpLong("For example:\n  kagu check kagu.yaml                     on the host of the daemons, as their user\n  kagu check --without-secrets kagu.yaml   on a desk, where the secrets are not")
	file := cmd.Arg("FILE", "The file; default --config.file.").String()
	asJSON := cmd.Flag("json", "Print JSON for programs.").Bool()
	without := cmd.Flag("without-secrets", "Do not open the files that secrets are in, for a check away from the hosts.").Bool()
	cmd.Action(func(*kingpin.ParseContext) error {
		path := s.config
		if *file != "" {
			path = *file
		}
		load := inventory.Load
		if *without {
			load = inventory.LoadWithoutSecrets
		}
		report := checkFile(path, load)
		if *asJSON {
			encoder := json.NewEncoder(s.out)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(report); err != nil {
				return fmt.Errorf("print the report: %w", err)
			}
		} else {
			report.print(s.out)
		}
		if !report.OK {
			return fmt.Errorf("%s is not usable: %s", path, counted(len(report.Faults), "fault"))
		}
		return nil
	})
}

func checkFile(path string, load func(string) (*inventory.Fleet, error)) checkReport {
	fleet, err := load(path)
	if err != nil {
		var faults inventory.Faults
		errors.As(err, &faults)
		return checkReport{File: path, Faults: faults}
	}
	report := checkReport{File: path, OK: true, Site: fleet.Site, Warnings: fleet.Warnings}
	for _, c := range fleet.Clusters {
		nodes := map[cluster.Role]int{}
		for _, n := range c.All() {
			nodes[n.Role]++
		}
		if c.Arbitrator != nil {
			nodes[cluster.RoleArbitrator]++
		}
		report.Clusters = append(report.Clusters, checkedCluster{Name: c.Name, Kind: c.Kind, Mode: c.Mode, Nodes: nodes})
	}
	return report
}

// print writes the report for a human: what is wrong and what to do, or what the file describes.
func (r checkReport) print(out io.Writer) {
	for _, f := range r.Faults {
		printFault(out, "", f)
	}
	for _, w := range r.Warnings {
		printFault(out, "warning: ", w)
	}
	if !r.OK {
		return
	}
	fmt.Fprintf(out, "%s is good: site %s, %s, %s\n", r.File, r.Site, counted(len(r.Clusters), "cluster"), counted(len(r.Warnings), "warning"))
	for _, c := range r.Clusters {
		fmt.Fprintf(out, "  %-16s %-7s %-8s %s\n", c.Name, c.Kind, c.Mode, c.nodes())
	}
}

func printFault(out io.Writer, prefix string, f inventory.Fault) {
	where := f.Where()
	if f.Path != "" {
		where += ": " + f.Path
	}
	fmt.Fprintf(out, "%s: %s%s\n    → %s\n", where, prefix, f.Message, f.Remedy)
}

// nodes says how many nodes of each role there are.
func (c checkedCluster) nodes() string {
	roles := []struct {
		role cluster.Role
		word string
	}{
		{cluster.RoleMember, "member"},
		{cluster.RoleArbitrator, "arbitrator"},
		{cluster.RoleManagement, "management server"},
		{cluster.RoleData, "data node"},
		{cluster.RoleSQL, "SQL node"},
	}
	var parts []string
	for _, r := range roles {
		if n := c.Nodes[r.role]; n > 0 {
			parts = append(parts, counted(n, r.word))
		}
	}
	return strings.Join(parts, ", ")
}

// counted returns "1 fault" or "2 faults".
func counted(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}
