package ndb

import (
	"slices"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
)

// Client returns a client of these management servers of a cluster, secured as kagu.yaml says.
// With one address it is the client of that server.
func Client(c inventory.Cluster, addresses ...string) *mgm.Client {
	return mgm.New(mgm.Options{Addresses: addresses, TLS: tlsOf(c.ManagementTLS)})
}

// Seats makes a client for each management server: the answer of one says nothing of another.
func Seats(c inventory.Cluster) (seats []Seat, closeAll func()) {
	for _, n := range c.Management {
		seats = append(seats, Seat{Name: n.Name, Address: n.Listen, Client: Client(c, n.Listen)})
	}
	return seats, func() {
		for _, s := range seats {
			_ = s.Client.Close() // nothing is owed on it
		}
	}
}

// InventoryOf is what kagu.yaml says of the nodes, for a View.
func InventoryOf(c inventory.Cluster) []InventoryNode {
	var all []InventoryNode
	for _, n := range slices.Concat(c.Management, c.Data, c.SQL) {
		all = append(all, InventoryNode{ID: n.ID, Name: n.Name, Role: n.Role, Host: n.Host.Name, Address: n.Host.Address})
	}
	return all
}

func tlsOf(t *inventory.ManagementTLS) *mgm.TLS {
	if t == nil {
		return nil
	}
	return &mgm.TLS{CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, Relaxed: t.Mode == inventory.TLSPreferred}
}
