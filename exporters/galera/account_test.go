package galera

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAccountSQL(t *testing.T) {
	const head = " IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 3"
	for _, c := range []struct {
		name     string
		account  Account
		switches Switches
		want     []string
		err      string
	}{
		{
			name: "defaults", account: Account{"kagu_monitor", "10.0.0.%", 3},
			want: []string{
				"CREATE USER IF NOT EXISTS 'kagu_monitor'@'10.0.0.%'" + head,
				"GRANT SELECT ON mysql.wsrep_cluster TO 'kagu_monitor'@'10.0.0.%'",
				"GRANT SELECT ON mysql.wsrep_cluster_members TO 'kagu_monitor'@'10.0.0.%'",
				"GRANT SELECT ON mysql.wsrep_streaming_log TO 'kagu_monitor'@'10.0.0.%'",
				"GRANT PROCESS ON *.* TO 'kagu_monitor'@'10.0.0.%'",
				"GRANT REPLICA MONITOR ON *.* TO 'kagu_monitor'@'10.0.0.%'",
				"GRANT SELECT ON performance_schema.events_statements_summary_by_digest TO 'kagu_monitor'@'10.0.0.%'",
				"GRANT SELECT ON performance_schema.events_statements_summary_global_by_event_name TO 'kagu_monitor'@'10.0.0.%'",
				"GRANT BINLOG MONITOR ON *.* TO 'kagu_monitor'@'10.0.0.%'",
			},
		},
		{
			name: "no more than what is on needs", account: Account{"m", "%", 3}, switches: without(Switches{"members": true}),
			want: []string{"CREATE USER IF NOT EXISTS 'm'@'%'" + head, "GRANT SELECT ON mysql.wsrep_cluster_members TO 'm'@'%'"},
		},
		{
			name: "SHOW needs nothing", account: Account{"m", "%", 3}, switches: without(Switches{}),
			want: []string{"CREATE USER IF NOT EXISTS 'm'@'%'" + head},
		},
		{
			name: "a quote stays in the name", account: Account{"o'; DROP USER root; --", "%", 3}, switches: without(Switches{}),
			want: []string{"CREATE USER IF NOT EXISTS 'o''; DROP USER root; --'@'%'" + head},
		},
		{name: "a backslash", account: Account{`m\`, "%", 3}, err: "the user \"m\\\\\" has a backslash"},
		{name: "a line end", account: Account{"m", "%\n", 3}, err: "the host \"%\\n\" has a backslash or a character that does not print"},
		{name: "no user", account: Account{"", "%", 3}, err: "the user is empty"},
		{name: "too long", account: Account{strings.Repeat("u", 256), "%", 3}, err: "the user is longer"},
		{name: "no connection", account: Account{"m", "%", 0}, err: "an account needs one connection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.account.SQL(c.switches.On())
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}

// without switches off the collectors that are on and need a grant.
func without(s Switches) Switches {
	for _, of := range Sources() {
		if of.On && len(of.Needs) > 0 {
			s[of.Name] = false
		}
	}
	return s
}
