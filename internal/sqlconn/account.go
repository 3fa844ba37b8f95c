package sqlconn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Placeholder stands where the operator writes the password. Passwords go through no program's
// arguments and no terminal's history.
const Placeholder = "<PASSWORD>"

// StoredUser is the privilege that makes an account of NDB Cluster one on all SQL nodes, those that
// come later too. Without it each SQL node has its own.
const StoredUser = "NDB_STORED_USER"

// A Grant is one privilege on one thing.
type Grant struct {
	Privilege, On string
	For           string // what needs it, for who decides; "" where that is said in another way
}

// String prints the grant as GRANT takes it.
func (g Grant) String() string { return g.Privilege + " ON " + g.On }

// An Account is one that a program of ours logs in with.
type Account struct {
	User, Host  string
	Connections int // that it may have at once on one server
}

// SQL returns the statements that make the account and grant it this, and no more.
func (a Account) SQL(grants []Grant) ([]string, error) {
	user, err := Literal("user", a.User)
	if err != nil {
		return nil, err
	}
	host, err := Literal("host", a.Host)
	if err != nil {
		return nil, err
	}
	stored := slices.ContainsFunc(grants, func(g Grant) bool { return g.Privilege == StoredUser })
	if stored && strings.Contains(a.User+a.Host, "'") { // seen with 9.7.2: it stays on the SQL node where it was made
		return nil, errors.New(StoredUser + " does not bring an account with a quote in its name or host to the other SQL nodes: choose another name")
	}
	if a.Connections < 1 {
		return nil, errors.New("an account needs one connection at least")
	}
	account := user + "@" + host
	all := []string{fmt.Sprintf("CREATE USER IF NOT EXISTS %s IDENTIFIED BY '%s' WITH MAX_USER_CONNECTIONS %d", account, Placeholder, a.Connections)}
	for _, g := range grants {
		all = append(all, fmt.Sprintf("GRANT %s TO %s", g, account))
	}
	return all, nil
}
