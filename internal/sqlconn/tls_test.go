package sqlconn_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/tlstest"
)

func TestTLS(t *testing.T) {
	needs.Servers(t)
	dir := t.TempDir()
	ca, key := tlstest.SelfSigned(t, dir, "127.0.0.1", time.Hour)
	address := serveTLS(t, dir, ca, key)
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		tls       *inventory.TLS
		encrypted bool
		err       bool
	}{
		{name: "nil is in the clear"},
		{name: "off is in the clear", tls: &inventory.TLS{Mode: inventory.TLSOff}},
		{name: "preferred encrypts and believes anybody", tls: &inventory.TLS{Mode: inventory.TLSPreferred}, encrypted: true},
		{name: "no mode is preferred", tls: &inventory.TLS{}, encrypted: true},
		{name: "verify with the authority", tls: &inventory.TLS{Mode: inventory.TLSVerify, CAFile: ca}, encrypted: true},
		{name: "verify without it", tls: &inventory.TLS{Mode: inventory.TLSVerify}, err: true},
		{name: "verify another name", tls: &inventory.TLS{Mode: inventory.TLSVerify, CAFile: ca, ServerName: "db.example.net"}, err: true},
		{name: "an authority file without one", tls: &inventory.TLS{Mode: inventory.TLSVerify, CAFile: empty}, err: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := sqlconn.Open(address, account, c.tls)
			defer db.Close()
			ctx, cancel := context.WithTimeout(t.Context(), patient)
			defer cancel()
			pairs, err := db.Pairs(ctx, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
			if (err != nil) != c.err {
				t.Fatalf("got %v", err)
			}
			if err == nil && (pairs["ssl_cipher"] != "") != c.encrypted {
				t.Errorf("the cipher is %q", pairs["ssl_cipher"])
			}
			at, shown := db.CertificateExpiry()
			if shown != c.encrypted || shown && (time.Until(at) < 55*time.Minute || time.Until(at) > time.Hour) {
				t.Errorf("the certificate ends at %v, %v", at, shown)
			}
		})
	}
}

// serveTLS starts a plain MariaDB that has the certificate and believes any account.
func serveTLS(t *testing.T, dir, cert, key string) (address string) {
	t.Helper()
	server := needs.Program(t, "mariadbd", "mariadb-server")
	data := filepath.Join(dir, "data")
	if out, err := exec.Command("mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--force",
		"--datadir="+data, "--tmpdir="+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	port := needs.Port(t, "127.0.0.1")
	address = net.JoinHostPort("127.0.0.1", port)
	args := []string{
		"--no-defaults", "--datadir=" + data, "--tmpdir=" + dir, "--socket=" + filepath.Join(dir, "s"), "--pid-file=" + filepath.Join(dir, "pid"),
		"--bind-address=127.0.0.1", "--port=" + port, "--skip-grant-tables", "--innodb-buffer-pool-size=16M",
		"--ssl-cert=" + cert, "--ssl-key=" + key, "--ssl-ca=" + cert,
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	cmd := exec.Command(server, args...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and that is what it says
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(patient); time.Now().Before(until); <-tick.C {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return address
		}
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("the server does not come up: %s", text)
	return ""
}
