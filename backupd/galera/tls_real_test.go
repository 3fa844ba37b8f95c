package galera

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/tlstest"
)

// TestAServerThatWantsTLS takes, archives and restores where nothing goes in the clear, by accounts
// that must show a certificate.
func TestAServerThatWantsTLS(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for _, c := range []struct{ name, certified string }{{"by its address", "127.0.0.1"}, {"by a name", "db.example.net"}} {
		t.Run(c.name, func(t *testing.T) {
			cert, key := tlstest.SelfSigned(t, dir, c.certified, time.Hour)
			stranger, _ := tlstest.SelfSigned(t, folder(t), "elsewhere.example.net", time.Hour)
			port := needs.Port(t, "127.0.0.1")
			from := server(t, "--log-bin=binlog", "--server-id=3", "--binlog-format=ROW", "--log-slave-updates", "--skip-networking=OFF", "--bind-address=127.0.0.1", "--port="+port,
				"--require-secure-transport=ON", "--ssl-ca="+cert, "--ssl-cert="+cert, "--ssl-key="+key)
			from.sql(t, "CREATE DATABASE shop", "CREATE TABLE shop.items (id INT PRIMARY KEY, d DOUBLE, b BLOB)", "INSERT INTO shop.items SELECT seq, seq / 3, UNHEX(SHA2(seq, 256)) FROM shop.seq_1_to_5000")
			for user, grants := range map[string][]sqlconn.Grant{"kagu_backup": Grants(true), "kagu_restore": RestoreGrants()} {
				from.sql(t, "CREATE USER "+user+"@'127.%' IDENTIFIED BY 'pass' REQUIRE X509")
				for _, g := range grants {
					from.sql(t, "GRANT "+g.Privilege+" ON "+g.On+" TO "+user+"@'127.%'")
				}
			}
			cluster := clusterOf(from, "logical", "binlog")
			cluster.Nodes[1].SQL = net.JoinHostPort("127.0.0.1", port)
			cluster.TLS = &inventory.TLS{Mode: inventory.TLSVerify, CAFile: cert, CertFile: cert, KeyFile: key}
			if c.certified != "127.0.0.1" {
				cluster.TLS.ServerName = c.certified
			}
			credential := func(user string) inventory.Credential {
				return inventory.Credential{Name: user, User: user, Password: inventory.NewSecret("pass")}
			}
			cluster.Backup.Credential, cluster.Backup.RestoreAs = credential("kagu_backup"), credential("kagu_restore")

			dump, err := take(t, kindOf(nil), cluster, backupd.Logical, nil)
			if err != nil {
				t.Fatal(err)
			}
			if e, err := prove(t, cluster, dump); err != nil || !e.Good() {
				t.Errorf("%v: %s", err, failing(e))
			}
			if c.certified == "127.0.0.1" { // the files are read on the host, whatever the name
				chainOf(t, from, cluster)
			}
			archive := &archiving{}
			ctx, end := context.WithCancel(t.Context())
			defer end()
			ended := make(chan error, 1)
			go func() {
				ended <- kindOf(nil).Archive(ctx, backupd.Archive{Cluster: cluster, Dir: folder(t), Every: 50 * time.Millisecond, Keep: archive.keep})
			}()
			archive.await(t, from)
			end()
			<-ended // it says that it was ended

			r := backupd.Restore{Cluster: cluster, Links: []backupd.Link{dump}, Goal: backupd.ToSchema, Schemas: []string{"shop"}, Dir: folder(t), Tell: func(stage, detail string) { t.Log(stage, detail) }}
			plan, err := Kind{}.Plan(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range plan.Steps {
				if err := (Kind{}).Do(t.Context(), r, s); err != nil {
					t.Fatal(err)
				}
			}
			sum := "SELECT COUNT(*), SUM(d), BIT_XOR(CRC32(b)) FROM %.items"
			if want, got := from.ask(t, strings.Replace(sum, "%", "shop", 1)), from.ask(t, strings.Replace(sum, "%", "shop_restored", 1)); want != got {
				t.Errorf("%s came back, want %s", got, want)
			}

			for _, wrong := range []struct {
				name string
				tls  inventory.TLS
			}{
				{"in the clear", inventory.TLS{Mode: inventory.TLSOff}},
				{"without a certificate of ours", inventory.TLS{Mode: inventory.TLSVerify, CAFile: cert, ServerName: cluster.TLS.ServerName}},
				{"by the authorities of the system", inventory.TLS{Mode: inventory.TLSVerify, CertFile: cert, KeyFile: key, ServerName: cluster.TLS.ServerName}},
				{"by another authority", inventory.TLS{Mode: inventory.TLSVerify, CAFile: stranger, CertFile: cert, KeyFile: key, ServerName: cluster.TLS.ServerName}},
				{"of another name", inventory.TLS{Mode: inventory.TLSVerify, CAFile: cert, CertFile: cert, KeyFile: key, ServerName: "other.example.net"}},
			} {
				bad := cluster
				bad.TLS = &wrong.tls
				if _, err := takeMoment(t.Context(), bad.Nodes[1].SQL, bad, nil, lanes); err == nil {
					t.Errorf("%s rows are read", wrong.name)
				}
				if sql, _, err := writable(t.Context(), bad); err == nil {
					_ = sql.Close() // it should not be there at all
					t.Errorf("%s it can be written to", wrong.name)
				}
				// The tool checks for itself: it connects anew.
				known := source{cluster: bad, node: bad.Nodes[1], tls: true}
				if wrong.name == "of another name" {
					continue // it cannot be told another name than the address, see login; our own session has checked it
				}
				if _, _, err := fetchLog(t.Context(), folder(t), known, "binlog.000001", 0); err == nil {
					t.Errorf("%s its binary log is read", wrong.name)
				} else {
					t.Logf("%s: %v", wrong.name, err)
				}
			}
		})
	}
}

// chainOf takes a chain of a server whose accounts must show a certificate. Its data directory, those
// accounts and all, comes up in a scratch server that has none.
func chainOf(t *testing.T, from *spare, c inventory.Cluster) {
	t.Helper()
	k := kindOf(fakeHosts{server: from})
	full, err := take(t, k, c, backupd.Physical, nil)
	if err != nil {
		t.Fatal(err)
	}
	from.sql(t, "INSERT INTO shop.items VALUES (5001, 1, 'x')")
	more, err := take(t, k, c, backupd.Incremental, &full.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	from.sql(t, "DELETE FROM shop.items WHERE id = 5001")
	more.Manifest.Base = full.Manifest.ID
	c.Backup = new(*c.Backup)
	c.Backup.Checks = []inventory.ContentCheck{
		{Query: "SELECT COUNT(*) FROM shop.items", Want: "5001"},
		{Query: "SELECT COUNT(*) FROM mysql.global_priv WHERE User = 'kagu_backup' AND JSON_VALUE(Priv, '$.ssl_type') > 0", Want: "1"},
	}
	if e, err := prove(t, c, full, more); err != nil || !e.Good() {
		t.Errorf("%v: %s", err, failing(e))
	}
}
