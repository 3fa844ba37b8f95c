package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNDBGrants(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{
			"defaults",
			[]string{"--host=10.0.0.%"},
			`-- ndb_exporter with the collectors sql, sql.binlog, sql.sync, sql.replication, ndbinfo, ndbinfo.memory, ndbinfo.logs, ndbinfo.counters, ndbinfo.transporters, ndbinfo.disk, ndbinfo.threads, ndbinfo.membership, ndbinfo.config; those of the management servers need no account.
-- Write the password for <PASSWORD>. NDB_STORED_USER makes it one account on all SQL nodes: run it on one of them.
CREATE USER IF NOT EXISTS 'kagu_monitor'@'10.0.0.%' IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 16;
GRANT PROCESS ON *.* TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON performance_schema.ndb_sync_pending_objects TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON performance_schema.ndb_sync_excluded_objects TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON performance_schema.ndb_replication_applier_status TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON mysql.ndb_apply_status TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON mysql.ndb_binlog_index TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON ndbinfo.* TO 'kagu_monitor'@'10.0.0.%';
GRANT NDB_STORED_USER ON *.* TO 'kagu_monitor'@'10.0.0.%';
`,
		},
		{
			"no more than what is on needs",
			[]string{"--host=::1", "--user=watch", "--max-user-connections=9", "--no-collector.sql.binlog", "--no-collector.sql.sync", "--no-collector.sql.replication"},
			`-- ndb_exporter with the collectors sql, ndbinfo, ndbinfo.memory, ndbinfo.logs, ndbinfo.counters, ndbinfo.transporters, ndbinfo.disk, ndbinfo.threads, ndbinfo.membership, ndbinfo.config; those of the management servers need no account.
-- Write the password for <PASSWORD>. NDB_STORED_USER makes it one account on all SQL nodes: run it on one of them.
CREATE USER IF NOT EXISTS 'watch'@'::1' IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 9;
GRANT SELECT ON ndbinfo.* TO 'watch'@'::1';
GRANT NDB_STORED_USER ON *.* TO 'watch'@'::1';
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, grants(t, "ndb-exporter", c.args...)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
