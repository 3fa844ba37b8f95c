package ndb

import "github.com/kagu-db/kagu/internal/sqlconn"

// Connections is how many connections the account needs on one SQL node: two of a
// backup, and the archive of the binary log with its reader.
const Connections = 5

// Grants are what taking a backup needs of the SQL nodes. Granted on one, it is so on all.
func Grants() []sqlconn.Grant {
	return []sqlconn.Grant{
		{Privilege: "SELECT", On: "*.*", For: "tables are counted and summed up, definitions, accounts and ndbinfo read"},
		{Privilege: "SHOW VIEW", On: "*.*", For: "definitions of views"},
		{Privilege: "TRIGGER", On: "*.*", For: "definitions of triggers"},
		{Privilege: "EVENT", On: "*.*", For: "definitions of events"},
		{Privilege: "PROCESS", On: "*.*", For: "how far the binary log is"},
		{Privilege: "REPLICATION CLIENT", On: "*.*", For: "where the binary log ends"},
		{Privilege: "REPLICATION SLAVE", On: "*.*", For: "the binary log itself"},
		{Privilege: sqlconn.StoredUser, On: "*.*", For: "one account on all SQL nodes"},
	}
}
