package lab

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// The accounts on the database. Each has its password in a file of the lab's folder.
const (
	MonitorUser = "kagu_monitor" // sees what the exporter and the remediator need, changes nothing
	WriterUser  = "kagu_writer"  // owns the schema Schema and nothing else
	BackupUser  = "kagu_backup"  // takes backups: see kagu grants backup
	RestoreUser = "kagu_restore" // restores schemas into a Galera cluster: see kagu grants restore
)

// Schema is where a test or the demo writes.
const Schema = "kagu_lab"

func (l *Lab) passwordFile(user string) string { return l.file(user + ".pass") }

// createAccounts makes the accounts, on the one node that is there, before it is copied.
// Passwords travel over the node's socket and stand on no command line.
func (l *Lab) createAccounts(ctx context.Context, n Node) error {
	passwords := map[string]string{}
	for _, user := range []string{MonitorUser, WriterUser, BackupUser, RestoreUser} {
		passwords[user] = password()
		if err := writeFile(l.passwordFile(user), []byte(passwords[user]+"\n")); err != nil {
			return err
		}
	}
	account := func(user string) string { return fmt.Sprintf("'%s'@'127.%%'", user) }
	return l.SQL(ctx, n.Name,
		"CREATE USER "+account(MonitorUser)+" IDENTIFIED BY '"+passwords[MonitorUser]+"' WITH MAX_USER_CONNECTIONS 10",
		"GRANT PROCESS, BINLOG MONITOR, REPLICA MONITOR ON *.* TO "+account(MonitorUser),
		"GRANT SELECT ON mysql.wsrep_cluster TO "+account(MonitorUser),
		"GRANT SELECT ON mysql.wsrep_cluster_members TO "+account(MonitorUser),
		"GRANT SELECT ON mysql.wsrep_streaming_log TO "+account(MonitorUser),
		"GRANT SELECT ON performance_schema.events_statements_summary_by_digest TO "+account(MonitorUser),
		"GRANT SELECT ON performance_schema.events_statements_summary_global_by_event_name TO "+account(MonitorUser),
		"CREATE DATABASE "+Schema,
		"CREATE USER "+account(WriterUser)+" IDENTIFIED BY '"+passwords[WriterUser]+"'",
		"GRANT ALL ON "+Schema+".* TO "+account(WriterUser),
		"CREATE USER "+account(BackupUser)+" IDENTIFIED BY '"+passwords[BackupUser]+"'",
		"GRANT RELOAD, PROCESS, BINLOG MONITOR, REPLICATION SLAVE, SELECT, SHOW VIEW, TRIGGER, EVENT, SUPER ON *.* TO "+account(BackupUser),
		"CREATE USER "+account(RestoreUser)+" IDENTIFIED BY '"+passwords[RestoreUser]+"'",
		"GRANT SELECT, INSERT, CREATE, DROP, CREATE VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, TRIGGER, EVENT, SUPER ON *.* TO "+account(RestoreUser),
	)
}

// WriterConfig says how to connect as the writer, to a node's SQLAddress or to HAProxy.
func (l *Lab) WriterConfig(address string) (*mysql.Config, error) {
	return l.login(WriterUser, address)
}

// BackupConfig says how to connect as the account that takes backups.
func (l *Lab) BackupConfig(address string) (*mysql.Config, error) {
	return l.login(BackupUser, address)
}

// MonitorConfig says how to connect as the monitor.
func (l *Lab) MonitorConfig(address string) (*mysql.Config, error) {
	return l.login(MonitorUser, address)
}

func (l *Lab) password(user string) (string, error) {
	text, err := os.ReadFile(l.passwordFile(user))
	return strings.TrimSpace(string(text)), err
}

func (l *Lab) login(user, address string) (*mysql.Config, error) {
	password, err := l.password(user)
	if err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = user, password, "tcp", address
	c.Logger = &mysql.NopLogger{}
	return c, nil
}
