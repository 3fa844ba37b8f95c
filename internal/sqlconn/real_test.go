package sqlconn_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

func TestOnARealServer(t *testing.T) {
	l := labtest.Up(t, lab.Options{Nodes: 1})
	fleet, err := inventory.Load(l.Config())
	if err != nil {
		t.Fatal(err)
	}
	c := fleet.Clusters[0]
	node := c.Nodes[0]
	open := func(t *testing.T, cred inventory.Credential, tls *inventory.TLS) *sqlconn.DB {
		db := sqlconn.Open(node.SQL, cred, tls)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	one := func(t *testing.T, db *sqlconn.DB, query string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patient)
		defer cancel()
		all, err := db.Strings(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, "\n")
	}

	t.Run("each session is set to wait for nothing", func(t *testing.T) {
		db := open(t, c.Credential, nil)
		ctx := t.Context()
		got, err := db.Pairs(ctx, `SHOW SESSION VARIABLES WHERE Variable_name IN ('wsrep_sync_wait', 'lock_wait_timeout',
			'innodb_lock_wait_timeout', 'wsrep_dirty_reads', 'long_query_time', 'max_statement_time')`)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"wsrep_sync_wait": "0", "lock_wait_timeout": "2", "innodb_lock_wait_timeout": "1", "wsrep_dirty_reads": "ON",
			"long_query_time": "3600.000000", "max_statement_time": "10.000000",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})

	t.Run("one connection is kept, and opened again when the server ends it", func(t *testing.T) {
		db := open(t, c.Credential, nil)
		id := one(t, db, "SELECT CONNECTION_ID()")
		if again := one(t, db, "SELECT CONNECTION_ID()"); again != id {
			t.Errorf("connection %s became %s", id, again)
		}
		if err := l.SQL(t.Context(), node.Name, "KILL "+id); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patient)
		defer cancel()
		for ctx.Err() == nil { // a statement may meet the connection while the server is ending it
			all, err := db.Strings(ctx, "SELECT CONNECTION_ID()")
			if err == nil && all[0] != id {
				break
			}
		}
		if ctx.Err() != nil {
			t.Error("no new connection")
		}
		if n := db.Opened(); n != 2 {
			t.Errorf("%d connections were made, want 2", n)
		}
	})

	t.Run("a statement carries our name", func(t *testing.T) {
		if got := one(t, open(t, c.Credential, nil), "SELECT INFO FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()"); !strings.HasPrefix(got, "/* kagu */ SELECT") {
			t.Errorf("the process list shows %q", got)
		}
	})

	t.Run("a table has its columns by name, and no NULL", func(t *testing.T) {
		got, err := open(t, c.Credential, nil).Table(t.Context(), "SELECT 1 AS A, NULL AS B, 'x' AS c UNION ALL SELECT 2, '', NULL")
		if diff := cmp.Diff([]map[string]string{{"a": "1", "c": "x"}, {"a": "2", "b": ""}}, got); diff != "" || err != nil {
			t.Errorf("%v; want -, got +:\n%s", err, diff)
		}
	})

	t.Run("an answer of another shape is an error, and the connection stays good", func(t *testing.T) {
		db := open(t, c.Credential, nil)
		if _, err := db.Pairs(t.Context(), "SELECT 1, 2, 3"); err == nil {
			t.Error("three columns were taken for two")
		}
		if got := one(t, db, "SELECT 7"); got != "7" || db.Opened() != 1 {
			t.Errorf("got %s over connection %d", got, db.Opened())
		}
	})

	for _, row := range []struct {
		name, query string
		cred        inventory.Credential
		want        error
	}{
		{"a wrong password", "SELECT 1", inventory.Credential{User: c.Credential.User, Password: inventory.NewSecret(secret)}, sqlconn.ErrDenied},
		{"an account that is not there", "SELECT 1", inventory.Credential{User: "nobody", Password: inventory.NewSecret(secret)}, sqlconn.ErrDenied},
		{"a missing grant", "SELECT * FROM mysql.global_priv", c.Credential, sqlconn.ErrGrant},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := open(t, row.cred, nil).Strings(t.Context(), row.query)
			if !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("shows the password: %v", err)
			}
		})
	}

	t.Run("TLS preferred is content with a server that has none, verify is not", func(t *testing.T) {
		if got := one(t, open(t, c.Credential, &inventory.TLS{Mode: inventory.TLSPreferred}), "SELECT 1"); got != "1" {
			t.Errorf("got %s", got)
		}
		if _, err := open(t, c.Credential, &inventory.TLS{Mode: inventory.TLSVerify}).Strings(t.Context(), "SELECT 1"); err == nil {
			t.Error("verify spoke in the clear")
		}
	})

	for _, row := range []struct {
		name, most string // max_allowed_packet
		widened    bool
	}{
		{"a long answer has the server send large pieces, which it is made to by a long statement", "16777216", true},
		{"a server that takes no long statement is spared it", "65536", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			set := func(most string) {
				t.Helper()
				if err := l.SQL(context.WithoutCancel(t.Context()), node.Name, "SET GLOBAL max_allowed_packet="+most); err != nil {
					t.Fatal(err)
				}
			}
			defer set(one(t, open(t, c.Credential, nil), "SELECT @@GLOBAL.max_allowed_packet"))
			set(row.most)
			s, err := sqlconn.Connect(t.Context(), node.SQL, c.Credential, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			for range 2 { // once is enough for both
				rows := 0
				ok, err := s.Packets(t.Context(), "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT a.i FROM n AS a, n AS b", func([]byte) error { rows++; return nil })
				if !ok || err != nil || rows != 90_000 {
					t.Fatalf("%d rows, %v, %v", rows, ok, err)
				}
			}
			got, err := s.Texts(t.Context(), "SHOW SESSION STATUS LIKE 'Bytes_received'")
			if err != nil {
				t.Fatal(err)
			}
			received, err := strconv.Atoi(got[0][1])
			if err != nil {
				t.Fatal(err)
			}
			if long := received > 128<<10 && received < 256<<10; long != row.widened {
				t.Errorf("the session's statements have %d bytes", received)
			}
		})
	}

	t.Run("a frozen server costs the deadline, and is spoken to again once it thaws", func(t *testing.T) {
		db := open(t, c.Credential, nil)
		one(t, db, "SELECT 1")
		if err := l.Freeze(t.Context(), node.Name); err != nil {
			t.Fatal(err)
		}
		ask := func() error { // a frozen server would never answer: what ends it is the deadline
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := db.Strings(ctx, "SELECT 1")
			return err
		}
		// The signal reaches the server's threads one after the other: some answers may still come.
		err := ask()
		for giveUp := time.Now().Add(patient); err == nil && time.Now().Before(giveUp); {
			err = ask()
		}
		for range 2 {
			if !errors.Is(err, sqlconn.ErrTimeout) {
				t.Errorf("got %v", err)
			}
			err = ask()
		}
		if err := l.Thaw(t.Context(), node.Name); err != nil {
			t.Fatal(err)
		}
		if got := one(t, db, "SELECT 1"); got != "1" {
			t.Errorf("got %s", got)
		}
	})
}
