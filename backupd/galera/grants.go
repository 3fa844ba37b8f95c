package galera

import "github.com/kagu-db/kagu/internal/sqlconn"

// Connections is how many connections the account needs on one member: a logical dump with eight
// lanes, the archive of the binary log, kagu-node, its watchdog and the tool.
const Connections = 24

// Grants are what taking backups of a MariaDB 10.11 needs, by backupd over the network and by
// kagu-node on the member's own host. Each was taken away in turn to see what fails without it.
// LOCK TABLES and REPLICA MONITOR, which older pages ask for, are not needed: the tool takes backup
// locks, and we ask it for no replica's position. With desync the account may let a member fall
// behind while that is backed up.
func Grants(desync bool) []sqlconn.Grant {
	all := []sqlconn.Grant{
		{Privilege: "RELOAD", On: "*.*", For: "backup locks, of the physical backup and of the moment of a logical one"},
		{Privilege: "PROCESS", On: "*.*", For: "mariadb-backup wants to see the server's tablespaces"},
		{Privilege: "BINLOG MONITOR", On: "*.*", For: "the position in the binary log, and the list of logs"},
		{Privilege: "REPLICATION SLAVE", On: "*.*", For: "the binary log itself"},
		{Privilege: "SELECT", On: "*.*", For: "rows of the logical backup, accounts and their grants, sums for the proof"},
		{Privilege: "SHOW VIEW", On: "*.*", For: "definitions of views"},
		{Privilege: "TRIGGER", On: "*.*", For: "definitions of triggers"},
		{Privilege: "EVENT", On: "*.*", For: "definitions of events"},
	}
	if desync {
		all = append(all, sqlconn.Grant{Privilege: "SUPER", On: "*.*", For: "SET GLOBAL wsrep_desync; MariaDB has no lesser privilege for it"})
	}
	return all
}
