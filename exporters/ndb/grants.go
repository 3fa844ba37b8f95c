package ndb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// Account is the account on the SQL nodes that the exporter logs in with.
type Account struct {
	User, Host  string
	Connections int // that it may have at once on one SQL node
}

// Placeholder stands where the operator writes the password. Passwords go through no program's
// arguments and no terminal's history.
const Placeholder = "<PASSWORD>"

// Connections is how many connections the account needs on one SQL node: two exporters watch a
// cluster where one may be away.
const Connections = 2 * sqlConnections

// storedUser makes an account one of the whole cluster: without it each SQL node has its own.
var storedUser = Grant{"NDB_STORED_USER", "*.*"}

// SQL returns the statements that make the account and grant it what the sources need, and no
// more. Run on one SQL node, they are for all that are connected, and for those that come later.
func (a Account) SQL(sources []SQLSource) ([]string, error) {
	user, err := sqlconn.Literal("user", a.User)
	if err != nil {
		return nil, err
	}
	host, err := sqlconn.Literal("host", a.Host)
	if err != nil {
		return nil, err
	}
	if strings.Contains(a.User+a.Host, "'") { // seen with 9.7.2: it stays on the SQL node where it was made
		return nil, errors.New("NDB_STORED_USER does not bring an account with a quote in its name or host to the other SQL nodes: choose another name")
	}
	if a.Connections < 1 {
		return nil, errors.New("an account needs one connection at least")
	}
	account := user + "@" + host
	all := []string{fmt.Sprintf("CREATE USER IF NOT EXISTS %s IDENTIFIED BY '%s' WITH MAX_USER_CONNECTIONS %d", account, Placeholder, a.Connections)}
	for _, g := range append(SQLGrants(sources), storedUser) {
		all = append(all, fmt.Sprintf("GRANT %s TO %s", g, account))
	}
	return all, nil
}
