package lab_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/needs"
)

// TestUpAndDown starts the smallest lab that has something of everything that needs no
// database knowledge, and looks at what it leaves on the machine.
func TestUpAndDown(t *testing.T) {
	l := labtest.Up(t, lab.Options{Nodes: 2, Services: []lab.Service{lab.SSH, lab.HAProxy, lab.Slack}})

	t.Run("all nodes are Synced in one cluster", func(t *testing.T) {
		if err := l.AwaitSynced(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("kagu.yaml is what the loader wants, secrets included", func(t *testing.T) {
		fleet, err := inventory.Load(l.Config())
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := fleet.Cluster(lab.ClusterName); !ok || len(c.Nodes) != 2 || c.Nodes[0].SQL != l.Nodes[0].SQLAddress() {
			t.Errorf("the cluster reads %+v", c)
		}
	})
	t.Run("no password stands on a command line", func(t *testing.T) {
		var secrets []string
		for _, user := range []string{lab.MonitorUser, lab.WriterUser, lab.BackupUser} {
			text, err := os.ReadFile(filepath.Join(l.Dir, user+".pass"))
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, strings.TrimSpace(string(text)))
		}
		lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range lines {
			text, err := os.ReadFile(path)
			for _, s := range secrets {
				if err == nil && strings.Contains(string(text), s) {
					t.Errorf("%s holds a password", path)
				}
			}
		}
	})
	t.Run("no other account can read what is in the folder", func(t *testing.T) {
		err := filepath.WalkDir(l.Dir, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && path != l.Dir {
				return nil
			}
			if err != nil {
				return err
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) { // servers make files and remove them
				return nil
			}
			if err == nil && path == l.Dir && info.Mode().Perm()&0o067 != 0 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			if err == nil && strings.HasSuffix(path, ".pass") && info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("the monitor may see the cluster's members and change nothing", func(t *testing.T) {
		config, err := l.MonitorConfig(l.Nodes[1].SQLAddress())
		if err != nil {
			t.Fatal(err)
		}
		db := connect(t, config)
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM mysql.wsrep_cluster_members").Scan(&n); err != nil || n != 2 {
			t.Errorf("got %d members, error %v", n, err)
		}
		for _, forbidden := range []string{"CREATE DATABASE x", "SET GLOBAL wsrep_desync=ON", "SELECT 1 FROM mysql.user", "SHUTDOWN"} {
			if _, err := db.ExecContext(t.Context(), forbidden); err == nil {
				t.Errorf("%s is allowed", forbidden)
			}
		}
	})
	t.Run("a write through HAProxy reaches the other node", func(t *testing.T) {
		config, err := l.WriterConfig(l.Addresses[lab.HAProxy])
		if err != nil {
			t.Fatal(err)
		}
		config.DBName = lab.Schema
		db := connect(t, config)
		for _, s := range []string{"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (7)"} {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		if config, err = l.WriterConfig(l.Nodes[1].SQLAddress()); err != nil {
			t.Fatal(err)
		}
		config.DBName, config.Params = lab.Schema, map[string]string{"wsrep_sync_wait": "1"}
		var id int
		if err := connect(t, config).QueryRowContext(t.Context(), "SELECT id FROM t").Scan(&id); err != nil || id != 7 {
			t.Errorf("got %d, error %v", id, err)
		}
	})
	t.Run("down leaves no process and no folder", func(t *testing.T) {
		begun := time.Now()
		if err := l.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("down took %v", time.Since(begun))
		if left := marked(t, l.ID); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
		if _, err := os.Stat(l.Dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", l.Dir, err)
		}
	})
}

// TestOwnerKilled kills the process that owns a lab and wants the next Up to clear it away,
// and to leave alone a server that is not a lab's and a lab whose owner lives.
func TestOwnerKilled(t *testing.T) {
	needs.Servers(t)
	apart(t)
	living := labtest.Up(t, lab.Options{Nodes: 1})
	foreign := foreignServer(t)

	owner := exec.Command(os.Args[0], "-test.run=^TestHelperOwner$", "-test.v")
	owner.Env = append(os.Environ(), "KAGU_LAB_TEST_OWNER=1")
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	var id, dir string
	for id == "" {
		var word string
		if _, err := fmt.Fscan(out, &word); err != nil {
			t.Fatalf("the owner ended before its lab was up: %v", err)
		}
		if rest, ok := strings.CutPrefix(word, "lab:"); ok {
			id, dir, _ = strings.Cut(rest, ":")
		}
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	owner.Wait() // it was killed, and says so

	if left := marked(t, id); len(left) == 0 {
		t.Fatal("the orphaned lab has no process: there is nothing to clear away")
	}
	if err := lab.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := marked(t, id); len(left) > 0 {
		t.Errorf("processes of the orphaned lab are left: %v", left)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if err := living.AwaitSynced(t.Context()); err != nil {
		t.Errorf("the lab whose owner lives: %v", err)
	}
	if !foreign.Alive() {
		t.Error("the foreign server is gone")
	}
}

// apart keeps the ephemeral labs of a test away from those of other tests that run now: the next of
// theirs to start would clear away what this one leaves behind on purpose.
func apart(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "k") // short, for the sockets in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { // the servers' account goes through it
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
}

// TestHelperOwner is the process that TestOwnerKilled kills.
func TestHelperOwner(t *testing.T) {
	if os.Getenv("KAGU_LAB_TEST_OWNER") == "" {
		t.Skip("runs as a child of TestOwnerKilled")
	}
	l, err := lab.Up(t.Context(), lab.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\nlab:%s:%s\n", l.ID, l.Dir)
	select {} // until killed
}

// TestHalfStarted finds a lab in its folder whose start was cut short, and starts over; and
// refuses one that runs.
func TestHalfStarted(t *testing.T) {
	needs.Servers(t)
	dir, err := lab.Scratch("test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := lab.Options{Dir: dir, Nodes: 1, Progress: func(step string) {
		if strings.Contains(step, "accounts made") {
			cancel()
		}
	}}
	if _, err := lab.Up(ctx, o); err == nil {
		t.Fatal("a start that was cut short succeeded")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("what a failed start made is still there: %v", err)
	}

	o.Progress = nil
	l, err := lab.Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Down(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if _, err := lab.Up(t.Context(), o); err == nil || !strings.Contains(err.Error(), "a lab runs in "+dir) {
		t.Errorf("a second lab in the folder: %v", err)
	}

	// As if the program had been killed before it was done.
	path := filepath.Join(dir, "lab.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), `"ready": true`, `"ready": false`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := lab.Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if left := marked(t, l.ID); len(left) > 0 {
		t.Errorf("processes of the half-started lab are left: %v", left)
	}
	l = again
}

// TestOrdinaryUser runs the whole of it as an account without rights, if root runs the tests.
func TestOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this run is by an ordinary user already")
	}
	needs.Servers(t)
	program := filepath.Join(t.TempDir(), "lab.test")
	text, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(program); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/usr/bin/setpriv", "--reuid=games", "--regid=games", "--clear-groups", "--reset-env",
		program, "-test.run=^(TestHalfStarted|TestOwnerKilled|TestPortTaken)$", "-test.v")
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), "--- PASS: TestOwnerKilled") {
		t.Errorf("the tests fail for an ordinary user: %v", err)
	}
}

// foreignServer is a program that carries no mark and has a lab's program and arguments by
// name: what a clean-up by name would hit.
func foreignServer(t *testing.T) lab.Process {
	t.Helper()
	cmd := exec.Command("/bin/sleep", "600")
	cmd.Args = []string{"/usr/sbin/mariadbd", "600"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	p, err := lab.Running("mariadbd", cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// marked returns the processes that carry a lab's mark, read independently of the lab.
func marked(t *testing.T, id string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range all {
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), "KAGU_LAB="+id+"\x00") {
			found = append(found, path)
		}
	}
	return found
}

func connect(t *testing.T, config *mysql.Config) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

func ping(t *testing.T, config *mysql.Config) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	return connect(t, config).PingContext(ctx)
}

// TestPortTaken holds the usual ports of one node, as other servers of the machine may, and
// wants a cluster all the same.
func TestPortTaken(t *testing.T) {
	const net3 = "127.253.77"
	usual := []int{3306, 4567, 4568, 4444, 2222}
	for _, port := range usual {
		held, err := net.Listen("tcp", fmt.Sprintf("%s.2:%d", net3, port))
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
	}
	l := labtest.Up(t, lab.Options{Nodes: 2, Network: net3})
	if err := l.AwaitSynced(t.Context()); err != nil {
		t.Error(err)
	}
	for i, port := range []int{l.Nodes[1].SQL, l.Nodes[1].Group, l.Nodes[1].IST, l.Nodes[1].SST, l.Nodes[1].SSH} {
		if port == usual[i] {
			t.Errorf("the node is given port %d, which is taken", port)
		}
	}
	reached(t, l, l.Nodes[1].Name) // on the port that it has
}
