package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNDBBackupGrants(t *testing.T) {
	const want = `-- Backups of an NDB cluster: what is read from an SQL node. The backup itself needs no account.
-- Write the password for <PASSWORD>. NDB_STORED_USER makes it one account on all SQL nodes: run it on one of them.
-- SELECT: tables are counted and summed up, definitions, accounts and ndbinfo read.
-- SHOW VIEW: definitions of views.
-- TRIGGER: definitions of triggers.
-- EVENT: definitions of events.
-- PROCESS: how far the binary log is.
-- REPLICATION CLIENT: where the binary log ends.
-- REPLICATION SLAVE: the binary log itself.
-- NDB_STORED_USER: one account on all SQL nodes.
CREATE USER IF NOT EXISTS 'kagu_backup'@'10.0.0.%' IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 5;
GRANT SELECT ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT SHOW VIEW ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT TRIGGER ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT EVENT ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT PROCESS ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT REPLICATION CLIENT ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT REPLICATION SLAVE ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT NDB_STORED_USER ON *.* TO 'kagu_backup'@'10.0.0.%';
`
	if diff := cmp.Diff(want, grants(t, "backup-ndb", "--host=10.0.0.%")); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
