package ndb

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/tlstest"
)

// wantsTLS has the SQL node take nothing over the network in the clear, and an account that must show a certificate: a
// backup and the archive of the binary log come all the same.
func (b *bench) wantsTLS(t *testing.T) {
	address, _, err := net.SplitHostPort(b.cluster.SQL[0].SQL)
	if err != nil {
		t.Fatal(err)
	}
	server, key := tlstest.SelfSigned(t, t.TempDir(), address, 24*time.Hour)
	ours, ourKey := tlstest.SelfSigned(t, t.TempDir(), "kagu", 24*time.Hour)
	if err := os.Chmod(ourKey, 0o600); err != nil {
		t.Fatal(err)
	}
	b.sql(t, "SET GLOBAL ssl_cert = '"+server+"', GLOBAL ssl_key = '"+key+"', GLOBAL ssl_ca = '"+ours+"'", "ALTER INSTANCE RELOAD TLS",
		"SET GLOBAL require_secure_transport = ON", "ALTER USER 'kagu_test_backup'@'127.%' REQUIRE X509")
	defer b.sql(t, "ALTER USER 'kagu_test_backup'@'127.%' REQUIRE NONE", "SET GLOBAL require_secure_transport = OFF")

	plain := b.cluster
	defer func() { b.cluster = plain }()
	b.cluster.TLS = &inventory.TLS{Mode: inventory.TLSVerify, CAFile: server, CertFile: ours, KeyFile: ourKey}
	seat, err := sit(t.Context(), b.cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer seat.Close()
	logs, err := seat.binaryLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	newest := logs[len(logs)-1].Name
	k := &taking{}
	if facts, err := b.take(t, k); err != nil || facts.Position.File == "" {
		t.Errorf("a backup: %+v, %v", facts.Position, err)
	}
	path, _, err := (&Kind{}).fetchLog(t.Context(), b.cluster, t.TempDir(), seat, newest, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := afterFormat(path); err != nil {
		t.Errorf("what was fetched: %v", err)
	}

	stranger, strangersKey := tlstest.SelfSigned(t, t.TempDir(), "elsewhere", time.Hour)
	for _, wrong := range []struct {
		name string
		tls  inventory.TLS
	}{
		{"in the clear", inventory.TLS{Mode: inventory.TLSOff}},
		{"without a certificate of ours", inventory.TLS{Mode: inventory.TLSVerify, CAFile: server}},
		{"with a stranger's", inventory.TLS{Mode: inventory.TLSVerify, CAFile: server, CertFile: stranger, KeyFile: strangersKey}},
		{"by another authority", inventory.TLS{Mode: inventory.TLSVerify, CAFile: stranger, CertFile: ours, KeyFile: ourKey}},
	} {
		bad := b.cluster
		bad.TLS = &wrong.tls
		if s, err := sit(t.Context(), bad); err == nil {
			_ = s.Close() // it should not be there at all
			t.Errorf("%s the SQL node answers", wrong.name)
		}
		// mysqlbinlog checks for itself.
		if _, _, err := (&Kind{}).fetchLog(t.Context(), bad, t.TempDir(), seat, newest, 0); err == nil {
			t.Errorf("%s the binary log is read", wrong.name)
		} else {
			t.Logf("%s: %v", wrong.name, err)
		}
	}

	archived := 0
	a := backupd.Archive{
		Cluster: b.cluster, Dir: t.TempDir(), Tell: func(stage, detail string) { t.Log(stage+":", detail) },
		Keep: func(ctx context.Context, write func(context.Context, backupd.Sink) (backupd.Facts, error)) (backupd.Manifest, error) {
			archived++
			facts, err := write(ctx, &shelf{})
			return backupd.Manifest{Method: backupd.Binlog, Facts: facts}, err
		},
	}
	for l := lineOf(nil); archived == 0; {
		b.sql(t, "INSERT INTO shop.busy (note) VALUES ('in secret')")
		if err := (&Kind{}).archiveOnce(t.Context(), a, &l); err != nil {
			t.Fatal(err)
		}
	}
}
