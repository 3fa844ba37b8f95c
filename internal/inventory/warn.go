package inventory

import (
	"fmt"
	"slices"

	"github.com/kagu-db/kagu/internal/cluster"
)

// warnCluster says what is allowed and unwise about a cluster.
func (s *section) warnCluster(c Cluster) {
	switch c.Kind {
	case cluster.KindGalera:
		s.warnGalera(c)
	case cluster.KindNDB:
		s.warnNDB(c)
	}
}

func (s *section) warnGalera(c Cluster) {
	votes, at := len(c.Nodes), s.where("nodes")
	path := join(s.path, "nodes")
	if c.Arbitrator != nil {
		votes++
		for _, n := range c.Nodes {
			if n.Host.Name != "" && n.Host.Name == c.Arbitrator.Host.Name {
				s.warn(s.where("arbitrator"), join(s.path, "arbitrator"), fmt.Sprintf("the arbitrator shares host %s with %s and falls with it", n.Host.Name, n.Name),
					"run garbd on a host without a member")
			}
		}
	}
	switch {
	case votes == 1:
		s.warn(at, path, "one member alone: its loss is the loss of the cluster", "add two members")
	case votes%2 == 0:
		s.warn(at, path, fmt.Sprintf("%d votes: a split into halves stops both", votes), "add a member or an arbitrator on a third site")
	}
}

func (s *section) warnNDB(c Cluster) {
	if len(c.Management) == 1 {
		s.warn(s.where("management"), join(s.path, "management"), "one management server: without it no data node can restart", "add a second on another host")
	}
	if len(c.Data)%2 == 1 {
		s.warn(s.where("data"), join(s.path, "data"), fmt.Sprintf("%d data nodes: with two replicas their number is even", len(c.Data)), "check NoOfReplicas, and that none is missing here")
	}
	for _, m := range c.Management {
		if m.Host.Name != "" && slices.ContainsFunc(c.Data, func(d Node) bool { return d.Host.Name == m.Host.Name }) {
			s.warn(s.where("management"), join(s.path, "management"), fmt.Sprintf("%s shares host %s with a data node: if that host is lost, so is the arbitrator", m.Name, m.Host.Name),
				"run management servers on hosts without data nodes")
		}
	}
}

// warnFleet says what is allowed and unwise about the fleet as a whole.
func (r *reader) warnFleet(fleet *Fleet) {
	if fleet.SSH.User == "" {
		r.warnings = append(r.warnings, Fault{
			File: r.file, Line: 1, Column: 1, Path: "ssh", Message: "is missing: hosts are not asked, and nothing can be healed",
			Remedy: "add ssh with user, key_file and known_hosts_file; see docs/kagu.yaml.md",
		})
		return
	}
	for _, p := range r.purposes {
		if p.check != nil {
			p.check(r, fleet)
		}
	}
}
