package sqlconn_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

func TestAccountSQL(t *testing.T) {
	const head = " IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 3"
	stored := []sqlconn.Grant{{Privilege: sqlconn.StoredUser, On: "*.*"}}
	for _, c := range []struct {
		name    string
		account sqlconn.Account
		grants  []sqlconn.Grant
		want    []string
		err     string // how it begins
	}{
		{
			name: "what it may, and no more", account: sqlconn.Account{User: "watch", Host: "10.0.0.%", Connections: 3},
			grants: []sqlconn.Grant{{Privilege: "PROCESS", On: "*.*", For: "transactions"}, {Privilege: "SELECT", On: "mysql.wsrep_cluster"}},
			want: []string{
				"CREATE USER IF NOT EXISTS 'watch'@'10.0.0.%'" + head,
				"GRANT PROCESS ON *.* TO 'watch'@'10.0.0.%'",
				"GRANT SELECT ON mysql.wsrep_cluster TO 'watch'@'10.0.0.%'",
			},
		},
		{
			name: "nothing", account: sqlconn.Account{User: "m", Host: "%", Connections: 3},
			want: []string{"CREATE USER IF NOT EXISTS 'm'@'%'" + head},
		},
		{
			name: "a quote stays in the name", account: sqlconn.Account{User: "o'; DROP USER root; --", Host: "%", Connections: 3},
			want: []string{"CREATE USER IF NOT EXISTS 'o''; DROP USER root; --'@'%'" + head},
		},
		{
			name: "a quote, which NDB_STORED_USER cannot bring to the other SQL nodes", account: sqlconn.Account{User: "o'brien", Host: "%", Connections: 3},
			grants: stored, err: "NDB_STORED_USER does not bring",
		},
		{
			name: "one account on all SQL nodes", account: sqlconn.Account{User: "m", Host: "%", Connections: 3}, grants: stored,
			want: []string{"CREATE USER IF NOT EXISTS 'm'@'%'" + head, "GRANT NDB_STORED_USER ON *.* TO 'm'@'%'"},
		},
		{name: "a backslash", account: sqlconn.Account{User: `m\`, Host: "%", Connections: 3}, err: "the user \"m\\\\\" has a backslash"},
		{name: "a line end", account: sqlconn.Account{User: "m", Host: "%\n", Connections: 3}, err: "the host \"%\\n\" has a backslash or a character that does not print"},
		{name: "no user", account: sqlconn.Account{Host: "%", Connections: 3}, err: "the user is empty"},
		{name: "too long", account: sqlconn.Account{User: strings.Repeat("u", 256), Host: "%", Connections: 3}, err: "the user is longer"},
		{name: "no connection", account: sqlconn.Account{User: "m", Host: "%"}, err: "an account needs one connection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.account.SQL(c.grants)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}
