package galera

import (
	"errors"
	"fmt"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// Account is the account on the members that backups are taken with: by backupd over the network,
// and by kagu-node on the member's own host.
type Account struct {
	User, Host  string
	Connections int  // that it may have at once on one member
	Desync      bool // it may let a member fall behind while that is backed up
}

// Placeholder stands where the operator writes the password.
const Placeholder = "<PASSWORD>"

// Connections is how many connections the account needs on one member: a logical dump with eight
// lanes, the archive of the binary log, kagu-node, its watchdog and the tool.
const Connections = 24

// Grant is a privilege and what needs it.
type Grant struct{ Privilege, On, For string }

// Grants are what taking backups of a MariaDB 10.11 needs. Each was taken away in turn to see
// what fails without it. LOCK TABLES and REPLICA MONITOR, which older pages ask for, are not
// needed: the tool takes backup locks, and we ask it for no replica's position.
func (a Account) Grants() []Grant {
	all := []Grant{
		{"RELOAD", "*.*", "backup locks, of the physical backup and of the moment of a logical one"},
		{"PROCESS", "*.*", "mariadb-backup wants to see the server's tablespaces"},
		{"BINLOG MONITOR", "*.*", "the position in the binary log, and the list of logs"},
		{"REPLICATION SLAVE", "*.*", "the binary log itself"},
		{"SELECT", "*.*", "rows of the logical backup, accounts and their grants, sums for the proof"},
		{"SHOW VIEW", "*.*", "definitions of views"},
		{"TRIGGER", "*.*", "definitions of triggers"},
		{"EVENT", "*.*", "definitions of events"},
	}
	if a.Desync {
		all = append(all, Grant{"SUPER", "*.*", "SET GLOBAL wsrep_desync; MariaDB has no lesser privilege for it"})
	}
	return all
}

// SQL returns the statements that make the account and grant it what backups need, and no more.
func (a Account) SQL() ([]string, error) {
	user, err := sqlconn.Literal("user", a.User)
	if err != nil {
		return nil, err
	}
	host, err := sqlconn.Literal("host", a.Host)
	if err != nil {
		return nil, err
	}
	if a.Connections < 1 {
		return nil, errors.New("an account needs one connection at least")
	}
	account := user + "@" + host
	all := []string{fmt.Sprintf("CREATE USER IF NOT EXISTS %s IDENTIFIED BY '%s' WITH MAX_USER_CONNECTIONS %d", account, Placeholder, a.Connections)}
	for _, g := range a.Grants() {
		all = append(all, fmt.Sprintf("GRANT %s ON %s TO %s", g.Privilege, g.On, account))
	}
	return all, nil
}
