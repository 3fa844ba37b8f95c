package ndb

import (
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// A Redundancy is how many nodes of a node group hold its data now.
type Redundancy struct {
	Group      mgm.NodeGroup `json:"group"`
	Configured int           `json:"configured"`
	Started    int           `json:"started"`
	Unknown    int           `json:"unknown,omitempty"` // of which it is not known whether they are started
}

// Deficit returns how many nodes the group lacks for certain.
func (r Redundancy) Deficit() int { return r.Configured - r.Started - r.Unknown }

// Redundancy counts by node group, in the order of the groups. Nodes of which the group is not
// known are in none: false then.
func (v View) Redundancy() ([]Redundancy, bool) {
	byGroup := map[mgm.NodeGroup]*Redundancy{}
	complete := true
	for _, n := range v.Nodes() {
		if n.Role != cluster.RoleData {
			continue
		}
		if !n.Group.Known() {
			complete = complete && n.Group == mgm.GroupNone
			continue
		}
		r := byGroup[n.Group]
		if r == nil {
			r = &Redundancy{Group: n.Group}
			byGroup[n.Group] = r
		}
		r.Configured++
		switch n.Up {
		case cluster.Yes:
			r.Started++
		case cluster.Unknown:
			r.Unknown++
		}
	}
	var all []Redundancy
	for _, g := range sortedKeys(byGroup) {
		all = append(all, *byGroup[g])
	}
	return all, complete && len(all) > 0
}
