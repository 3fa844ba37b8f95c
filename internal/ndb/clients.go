package ndb

import (
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/mgm"
)

// Client returns a client of these management servers of a cluster, secured as kagu.yaml says.
// With one address it is the client of that server.
func Client(c inventory.Cluster, addresses ...string) *mgm.Client {
	return mgm.New(mgm.Options{Addresses: addresses, TLS: tlsOf(c.ManagementTLS)})
}

func tlsOf(t *inventory.ManagementTLS) *mgm.TLS {
	if t == nil {
		return nil
	}
	return &mgm.TLS{CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, Relaxed: t.Mode == inventory.TLSPreferred}
}
