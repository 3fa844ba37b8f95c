package galera_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/exporters/galera"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/sqlconn"
	"github.com/kagu-db/kagu/internal/tlstest"
)

// watched is a cluster of one that has on what the lab's servers have off: instruments, binary
// logs, TLS, semi-synchronous replication.
type watched struct {
	address string
	admin   *sql.DB
	fleet   inventory.Cluster
}

// theWatched starts it. It ends with the test.
func theWatched(t *testing.T) *watched {
	t.Helper()
	server := needs.Program(t, "mariadbd", "mariadb-server")
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if out, err := exec.Command("mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--force",
		"--skip-name-resolve", "--innodb-log-file-size=16M", "--datadir="+data, "--tmpdir="+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const host = "127.0.0.1"
	w := &watched{address: net.JoinHostPort(host, needs.Port(t, host))}
	_, port, _ := net.SplitHostPort(w.address)
	cert, key := tlstest.SelfSigned(t, dir, host, 10*24*time.Hour)
	args := []string{
		"--no-defaults", "--datadir=" + data, "--tmpdir=" + dir, "--socket=" + filepath.Join(dir, "s"), "--pid-file=" + filepath.Join(dir, "pid"), "--log-error=" + filepath.Join(dir, "log"),
		"--bind-address=" + host, "--port=" + port, "--skip-name-resolve", "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=16M",
		"--server-id=77", "--log-bin=changes", "--binlog-format=ROW", "--expire-logs-days=2", "--rpl-semi-sync-master-enabled=ON",
		"--performance-schema=ON", "--plugin-maturity=unknown", "--plugin-load-add=metadata_lock_info", "--plugin-load-add=query_response_time", "--query-response-time-stats=ON",
		"--ssl-cert=" + cert, "--ssl-key=" + key,
		"--wsrep-on=ON", "--wsrep-provider=/usr/lib/galera/libgalera_smm.so", "--wsrep-cluster-name=watched", "--wsrep-cluster-address=gcomm://",
		"--wsrep-node-address=" + host, "--innodb-autoinc-lock-mode=2",
		fmt.Sprintf("--wsrep-provider-options=gcache.size=16M;gmcast.listen_addr=tcp://%s:%s;ist.recv_addr=%s:%s", host, needs.Port(t, host), host, needs.Port(t, host)),
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	cmd := exec.Command(server, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and that is what it says
	})
	w.admin = openSQL(t, &mysql.Config{User: "root", Net: "unix", Addr: filepath.Join(dir, "s")})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(2 * time.Minute); ; <-tick.C {
		var ready string
		if err := w.admin.QueryRow("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_ready'").Scan(&ready); err == nil && ready == "ON" {
			break
		} else if time.Now().After(until) {
			text, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("the server does not come up: %v\n%s", err, text)
		}
	}
	w.fleet = inventory.Cluster{
		Name: "watched", TLS: &inventory.TLS{Mode: inventory.TLSVerify, CAFile: cert},
		Nodes: []inventory.Node{{Name: "w1", SQL: w.address}},
	}
	return w
}

// openSQL connects as this says. It ends with the test.
func openSQL(t *testing.T, c *mysql.Config) *sql.DB {
	t.Helper()
	full := mysql.NewConfig()
	full.User, full.Net, full.Addr, full.Logger = c.User, c.Net, c.Addr, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(full)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// run carries out statements with all rights.
func (w *watched) run(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := w.admin.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// account makes an account as `kagu grants` prints it, and returns it.
func (w *watched) account(t *testing.T, user string, sources []galera.Source) inventory.Credential {
	t.Helper()
	statements, err := sqlconn.Account{User: user, Host: "127.%", Connections: 3}.SQL(galera.Grants(sources))
	if err != nil {
		t.Fatal(err)
	}
	password := rand.Text()
	statements[0] = strings.Replace(statements[0], sqlconn.Placeholder, password, 1)
	w.run(t, statements...)
	return inventory.Credential{User: user, Password: inventory.NewSecret(password)}
}

// trouble makes the states that leave series, until the test ends: a transaction that holds a row
// for which two wait, one of them through the other; a session that reads a table which another
// one wants to change; and tables that replicate badly. It returns the two blockers' threads.
func (w *watched) trouble(t *testing.T) (row, metadata string) {
	t.Helper()
	w.run(t, "CREATE DATABASE shop",
		"CREATE TABLE shop.parent (id INT PRIMARY KEY, v INT) ENGINE=InnoDB",
		"CREATE TABLE shop.child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES shop.parent (id) ON DELETE CASCADE) ENGINE=InnoDB",
		"CREATE TABLE shop.plain (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES shop.parent (id)) ENGINE=InnoDB",
		"CREATE TABLE shop.read_by_all (id INT PRIMARY KEY) ENGINE=InnoDB",
		"CREATE TABLE shop.keyless (a INT) ENGINE=InnoDB", "CREATE TABLE shop.old (a INT) ENGINE=MyISAM",
		"INSERT INTO shop.parent VALUES (1, 1), (2, 2)", "INSERT INTO shop.read_by_all VALUES (1)",
		"CREATE USER replica IDENTIFIED BY 'x'", "GRANT REPLICATION SLAVE ON *.* TO replica")

	ctx, stop := context.WithCancel(context.Background())
	var ended []chan struct{}
	session := func(statements ...string) *sql.Conn {
		c, err := w.admin.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			if _, err := c.ExecContext(ctx, s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
		return c
	}
	later := func(c *sql.Conn, statement string) {
		end := make(chan struct{})
		ended = append(ended, end)
		go func() {
			defer close(end)
			_, _ = c.ExecContext(ctx, statement) // its end is ours
		}()
	}
	await := func(query string) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for until := time.Now().Add(2 * time.Minute); ; <-tick.C {
			var n int
			if err := w.admin.QueryRow(query).Scan(&n); err == nil && n > 0 {
				return
			} else if time.Now().After(until) {
				t.Fatalf("%s: %d, %v", query, n, err)
			}
		}
	}
	id := func(c *sql.Conn) (id string) {
		if err := c.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	const patient = "SET SESSION innodb_lock_wait_timeout = 300, lock_wait_timeout = 300"
	const waiters = "SELECT VARIABLE_VALUE >= %d FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'innodb_row_lock_current_waits'" // INNODB_TRX is not renewed while it is read more often than each 0.1 s
	holder := session("BEGIN", "UPDATE shop.parent SET v = v + 1 WHERE id = 1")
	second := session(patient, "BEGIN", "UPDATE shop.parent SET v = v + 1 WHERE id = 2")
	later(second, "UPDATE shop.parent SET v = v + 1 WHERE id = 1")
	await(fmt.Sprintf(waiters, 1))
	later(session(patient, "BEGIN"), "UPDATE shop.parent SET v = v + 1 WHERE id = 2")
	await(fmt.Sprintf(waiters, 2))

	reader := session("BEGIN", "SELECT * FROM shop.read_by_all")
	later(session(patient, "SET SESSION wsrep_on = OFF"), "ALTER TABLE shop.read_by_all ADD COLUMN b INT") // else Galera would end the reader
	await("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'Waiting for table metadata lock'")
	row, metadata = id(holder), id(reader)
	t.Cleanup(func() {
		stop()
		for _, end := range ended {
			<-end
		}
	})
	return row, metadata
}

// onDisk counts the temporary tables that the server has made on disk.
func (w *watched) onDisk(t *testing.T) (n int) {
	t.Helper()
	var name string
	if err := w.admin.QueryRow("SHOW GLOBAL STATUS LIKE 'Created_tmp_disk_tables'").Scan(&name, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
