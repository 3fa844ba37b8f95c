package main

import (
	"bytes"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
)

// grants is what kagu grants prints for that account.
func grants(t *testing.T, account string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	app := kingpin.New("kagu", "").Terminate(nil)
	addGrants(app, &session{out: &out})
	if _, err := app.Parse(append([]string{"grants", account}, args...)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGrants(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{
			"defaults",
			[]string{"--host=10.0.0.%"},
			`-- galera_exporter with the collectors status, variables, drift, view, streaming, workload, transactions, latency, locks, replication, tls, clock, digests, binlog, host.
-- Write the password for <PASSWORD>. Accounts are replicated: run it on one node.
CREATE USER IF NOT EXISTS 'kagu_monitor'@'10.0.0.%' IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 3;
GRANT SELECT ON mysql.wsrep_cluster TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON mysql.wsrep_cluster_members TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON mysql.wsrep_streaming_log TO 'kagu_monitor'@'10.0.0.%';
GRANT PROCESS ON *.* TO 'kagu_monitor'@'10.0.0.%';
GRANT REPLICA MONITOR ON *.* TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON performance_schema.events_statements_summary_by_digest TO 'kagu_monitor'@'10.0.0.%';
GRANT SELECT ON performance_schema.events_statements_summary_global_by_event_name TO 'kagu_monitor'@'10.0.0.%';
GRANT BINLOG MONITOR ON *.* TO 'kagu_monitor'@'10.0.0.%';
`,
		},
		{
			"of another account, with other collectors",
			[]string{
				"--user=watch", "--host=::1", "--max-user-connections=6", "--no-collector.view", "--no-collector.streaming", "--collector.members", "--no-collector.transactions",
				"--no-collector.locks", "--no-collector.replication", "--no-collector.digests", "--no-collector.binlog",
			},
			`-- galera_exporter with the collectors status, variables, drift, members, workload, latency, tls, clock, host.
-- Write the password for <PASSWORD>. Accounts are replicated: run it on one node.
CREATE USER IF NOT EXISTS 'watch'@'::1' IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 6;
GRANT SELECT ON mysql.wsrep_cluster_members TO 'watch'@'::1';
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, grants(t, "galera-exporter", c.args...)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
