package ndb

import (
	"slices"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// Connections is how many connections the account needs on one SQL node: two exporters watch a
// cluster where one may be away.
const Connections = 2 * sqlConnections

// Grants returns what the account on the SQL nodes needs for these sources. Granted on one SQL node
// it is so on all that are connected, and on those that come later.
func Grants(sources []SQLSource) []sqlconn.Grant {
	return append(needed(sources), sqlconn.Grant{Privilege: sqlconn.StoredUser, On: "*.*"})
}

// needed returns what the sources need, each once.
func needed(sources []SQLSource) []sqlconn.Grant {
	var all []sqlconn.Grant
	for _, s := range sources {
		for _, g := range s.Needs {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	return all
}
