package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

func addNDB(app *kingpin.Application, s *session) {
	addNDBEvents(app.Command("ndb", "Look into NDB clusters."), s)
}

// ndbCluster returns the NDB cluster of that name.
func ndbCluster(s *session, name string) (inventory.Cluster, error) {
	fleet, err := inventory.LoadFor(s.config) // no secret is needed
	if err != nil {
		return inventory.Cluster{}, err
	}
	c, known := fleet.Cluster(name)
	switch {
	case !known:
		return c, fleet.NoCluster(name, s.config)
	case c.Kind != cluster.KindNDB:
		return c, fmt.Errorf("%s is a %s cluster: this is for NDB", name, c.Kind)
	}
	return c, nil
}

// ndbClient returns a client that goes on with the next management server when one is away.
func ndbClient(c inventory.Cluster) *mgm.Client {
	var addresses []string
	for _, n := range c.Management {
		addresses = append(addresses, n.Listen)
	}
	return ndb.Client(c, addresses...)
}

// ndbNames calls nodes what kagu.yaml calls them.
func ndbNames(c inventory.Cluster) ndb.Naming {
	words := map[cluster.Role]string{cluster.RoleManagement: "management server", cluster.RoleData: "data node", cluster.RoleSQL: "SQL node"}
	names := map[int]string{}
	for _, n := range ndb.InventoryOf(c) {
		names[n.ID] = fmt.Sprintf("%s %s (%d)", words[n.Role], n.Name, n.ID)
	}
	return func(id int) string {
		if name, known := names[id]; known {
			return name
		}
		return fmt.Sprintf("node %d", id)
	}
}
