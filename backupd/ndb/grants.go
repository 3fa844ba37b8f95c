package ndb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// Account is the account on the SQL nodes that backups are taken with.
type Account struct {
	User, Host  string
	Connections int // that it may have at once on one SQL node
}

// Placeholder stands where the operator writes the password.
const Placeholder = "<PASSWORD>"

// Connections is how many connections the account needs on one SQL node: a backup, and the archive
// of the binary log with its reader.
const Connections = 4

// Grant is a privilege and what needs it.
type Grant struct{ Privilege, On, For string }

// Grants are what taking a backup needs.
func Grants() []Grant {
	return []Grant{
		{"SELECT", "*.*", "tables are counted and summed up, definitions, accounts and ndbinfo read"},
		{"SHOW VIEW", "*.*", "definitions of views"},
		{"TRIGGER", "*.*", "definitions of triggers"},
		{"EVENT", "*.*", "definitions of events"},
		{"PROCESS", "*.*", "how far the binary log is"},
		{"REPLICATION CLIENT", "*.*", "where the binary log ends"},
		{"REPLICATION SLAVE", "*.*", "the binary log itself"},
		{"NDB_STORED_USER", "*.*", "one account on all SQL nodes"},
	}
}

// SQL returns the statements that make the account and grant it what backups need, and no more.
// Run on one SQL node, they are for all.
func (a Account) SQL() ([]string, error) {
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
	for _, g := range Grants() {
		all = append(all, fmt.Sprintf("GRANT %s ON %s TO %s", g.Privilege, g.On, account))
	}
	return all, nil
}
