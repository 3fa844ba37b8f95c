package lab

import (
	"context"
	"fmt"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// ndbAccounts is the script that makes the accounts, carried out by mysqld --initialize. It
// stands in a file that only this account can read, and that is removed after.
func (l *Lab) ndbAccounts() (string, error) {
	account := func(user string) string { return fmt.Sprintf("'%s'@'127.%%'", user) }
	var b strings.Builder
	for _, a := range []struct{ user, statement string }{
		{rootUser, "ALTER USER 'root'@'localhost' IDENTIFIED BY '%s';"},
		{MonitorUser, "CREATE USER " + strings.ReplaceAll(account(MonitorUser), "%", "%%") + " IDENTIFIED BY '%s' WITH MAX_USER_CONNECTIONS 16;"},
		{WriterUser, "CREATE USER " + strings.ReplaceAll(account(WriterUser), "%", "%%") + " IDENTIFIED BY '%s';"},
		{BackupUser, "CREATE USER " + strings.ReplaceAll(account(BackupUser), "%", "%%") + " IDENTIFIED BY '%s';"},
	} {
		password, err := l.password(a.user)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, a.statement+"\n", password)
	}
	b.WriteString("GRANT PROCESS, REPLICATION CLIENT ON *.* TO " + account(MonitorUser) + ";\n")
	b.WriteString("GRANT SELECT ON ndbinfo.* TO " + account(MonitorUser) + ";\n")
	b.WriteString("GRANT SELECT ON mysql.ndb_binlog_index TO " + account(MonitorUser) + ";\n")
	// As kagu grants backup-ndb prints it, but for NDB_STORED_USER: each SQL node makes its own here.
	b.WriteString("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, PROCESS, REPLICATION CLIENT, REPLICATION SLAVE, SHOW_ROUTINE ON *.* TO " + account(BackupUser) + ";\n")
	b.WriteString("GRANT ALL ON " + Schema + ".* TO " + account(WriterUser) + ";\n")
	return b.String(), nil
}

// finishAccounts makes the schema, in the cluster, and grants the monitor what cannot be granted
// before an SQL node has been in the cluster once, because the tables are made then.
func (l *Lab) finishAccounts(ctx context.Context) error {
	nodes := l.Members(cluster.RoleSQL)
	if err := l.SQL(ctx, nodes[0].Name, "CREATE DATABASE "+Schema); err != nil {
		return err
	}
	for _, n := range nodes {
		monitor := " TO '" + MonitorUser + "'@'127.%'"
		if err := l.SQL(ctx, n.Name, "GRANT SELECT ON mysql.ndb_apply_status"+monitor,
			"GRANT SELECT ON performance_schema.ndb_sync_pending_objects"+monitor, "GRANT SELECT ON performance_schema.ndb_sync_excluded_objects"+monitor,
			"GRANT SELECT ON performance_schema.ndb_replication_applier_status"+monitor, "USE "+Schema); err != nil {
			return err
		}
	}
	return nil
}
