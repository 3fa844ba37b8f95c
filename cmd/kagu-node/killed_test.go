package main_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/backupd/galera"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/node"
)

// A gate takes some bytes, and the rest only once it is opened: what sends to it stands still.
type gate struct {
	left    int
	reached chan struct{}
	opened  chan struct{}
	open    func()
}

func newGate() *gate {
	g := &gate{left: 1 << 20, reached: make(chan struct{}), opened: make(chan struct{})}
	g.open = sync.OnceFunc(func() { close(g.opened) })
	return g
}

func (g *gate) Write(p []byte) (int, error) {
	if g.left > 0 {
		if g.left -= len(p); g.left <= 0 {
			close(g.reached)
		}
	}
	if g.left <= 0 {
		<-g.opened
	}
	return len(p), nil
}

// process finds a process of a backup by a word of its command line.
func (r *rig) process(word string) int {
	r.Helper()
	for _, pid := range r.tools("kagu-node", "mariadb-backup", "desync-watchdog") {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(line, []byte(word)) {
			return pid
		}
	}
	r.Fatalf("no process %s", word)
	return 0
}

func (r *rig) killProcess(pid int) {
	r.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		r.Fatal(err)
	}
}

// sshd finds the sshd that serves a process.
func (r *rig) sshd(pid int) int {
	r.Helper()
	for pid > 1 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			r.Fatal(err)
		}
		if bytes.Contains(stat, []byte("(sshd")) {
			return pid
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		_, _ = fmt.Sscan(fields[1], &pid)
	}
	r.Fatal("no sshd")
	return 0
}

// desynced asks the server whether wsrep_desync is on.
func (r *rig) desynced(name string) bool {
	r.Helper()
	status, err := r.Wsrep(r.Context(), name)
	if err != nil {
		r.Fatal(err)
	}
	return status["wsrep_desync_count"] != "0"
}

const (
	theirNode  = "--state.dir" // only kagu-node has that flag
	theirTool  = "--galera-info"
	theirWatch = "desync-watchdog"
)

func TestWhateverIsKilledNoMemberStaysDesynced(t *testing.T) {
	r := newRig(t, lab.Options{Nodes: 3})
	ctx := t.Context()
	t.Run("nothing is killed", r.takesBackups)
	// during lets a backup come to its middle, does something, and returns how it ended.
	during := func(t *testing.T, stop context.Context, act func()) (node.Reply, error) {
		t.Helper()
		g := newGate()
		defer g.open()
		request := r.request(node.Backup, "n2")
		request.Desync = true
		type end struct {
			reply node.Reply
			err   error
		}
		ended := make(chan end, 1)
		go func() {
			reply, err := r.client.Stream(stop, r.host("n2"), request, g)
			ended <- end{reply, err}
		}()
		select {
		case <-g.reached:
		case e := <-ended:
			t.Fatalf("it ended early: %v %+v", e.err, e.reply)
		}
		if !r.desynced("n2") {
			t.Error("it is not desynced")
		}
		act()
		g.open()
		e := <-ended
		return e.reply, e.err
	}
	for _, tc := range []struct {
		name string
		act  func()
	}{
		{"kagu-node", func() { r.killProcess(r.process(theirNode)) }},
		{"mariadb-backup", func() { r.killProcess(r.process(theirTool)) }},
		{"the watchdog", func() { r.killProcess(r.process(theirWatch)) }},
		{"the SSH session", func() { r.killProcess(r.sshd(r.process(theirNode))) }},
		{"the server", func() {
			if err := r.Kill(ctx, "n2"); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			began := time.Now()
			reply, err := during(t, ctx, tc.act)
			if err == nil && reply.Done {
				t.Errorf("the backup is called whole: %+v", reply)
			}
			t.Logf("after %v: %v %s", time.Since(began).Round(time.Millisecond), err, reply.Error)
			if tc.name == "the server" {
				if err := r.Start(ctx, "n2"); err != nil {
					t.Fatal(err)
				}
				if err := r.AwaitSynced(ctx); err != nil {
					t.Fatal(err)
				}
			}
			r.undisturbed("n2")
		})
	}
	t.Run("the client goes away", func(t *testing.T) {
		stop, cancel := context.WithCancel(ctx)
		_, err := during(t, stop, cancel)
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		r.undisturbed("n2")
	})
	t.Run("kagu-node and its watchdog at once: report tells, resync ends it", func(t *testing.T) {
		_, err := during(t, ctx, func() {
			watch := r.process(theirWatch)
			r.killProcess(watch)
			r.killProcess(r.process(theirNode))
		})
		if err == nil {
			t.Error("the backup is called whole")
		}
		for len(r.tools(theirTool)) > 0 { // the kernel ends it
			time.Sleep(10 * time.Millisecond)
		}
		reply, err := r.client.Do(ctx, r.host("n2"), r.request(node.Report, "n2"))
		if err != nil || reply.State.Desynced == nil || reply.State.Desynced.Alive || reply.State.Desynced.By != "backupd" {
			if r.desynced("n2") { // kagu-node may have been quick enough to undo it
				t.Errorf("report: %v %+v", err, reply.State)
			}
		}
		reply, err = r.client.Do(ctx, r.host("n2"), r.request(node.Resync, "n2"))
		if err == nil {
			err = reply.Err()
		}
		if err != nil {
			t.Error(err)
		}
		r.undisturbed("n2")
	})
	t.Run("a second backup beside it is refused", func(t *testing.T) {
		reply, err := during(t, ctx, func() {
			reply, err := r.client.Stream(ctx, r.host("n2"), r.request(node.Backup, "n2"), io.Discard)
			if err != nil || !strings.Contains(reply.Refused, "another backup") {
				t.Errorf("%v %+v", err, reply)
			}
			state, err := r.client.Do(ctx, r.host("n2"), r.request(node.Report, "n2"))
			if err != nil || state.State.Desynced == nil || !state.State.Desynced.Alive {
				t.Errorf("report beside it: %v %+v", err, state)
			}
		})
		if err != nil || !reply.Done {
			t.Errorf("the first one: %v %+v", err, reply)
		}
		r.undisturbed("n2")
	})
	t.Run("what a human desynced stays so", func(t *testing.T) {
		if err := r.SQL(ctx, "n2", "SET GLOBAL wsrep_desync=ON"); err != nil {
			t.Fatal(err)
		}
		reply, err := during(t, ctx, func() {})
		if err != nil || !reply.Done || reply.Stream.Desynced {
			t.Errorf("%v %+v", err, reply)
		}
		if !r.desynced("n2") {
			t.Error("it was ended")
		}
		if err := r.SQL(ctx, "n2", "SET GLOBAL wsrep_desync=OFF"); err != nil {
			t.Fatal(err)
		}
		r.undisturbed("n2")
	})
	t.Run("without a grant it says which", func(t *testing.T) {
		const of = "'" + lab.BackupUser + "'@'127.%'"
		on := func(statement string) {
			t.Helper()
			if err := r.SQL(ctx, "n2", statement); err != nil {
				t.Fatal(err)
			}
		}
		for _, g := range galera.Grants(true) {
			taken := g.Privilege
			if taken == "BINLOG MONITOR" {
				taken += ", SUPER" // which includes it: an account that may not desync has only the one
			}
			on("REVOKE " + taken + " ON " + g.On + " FROM " + of)
			says := r.withoutGrant(g.Privilege)
			on("GRANT " + taken + " ON " + g.On + " TO " + of)
			if !strings.Contains(says, g.Privilege) {
				t.Errorf("without %s: %q", g.Privilege, says)
			}
			t.Logf("without %s: %s", g.Privilege, says)
		}
		r.undisturbed("n2")
	})
	t.Run("a member that is not fit for it is refused", func(t *testing.T) {
		refused := func(says string, request node.Request) {
			t.Helper()
			reply, err := r.client.Stream(ctx, r.host("n2"), request, io.Discard)
			if err != nil || !strings.Contains(reply.Refused, says) {
				t.Errorf("want a refusal that says %q, got %v %+v", says, err, reply)
			}
		}
		request := r.request(node.Backup, "n2")
		request.Since, request.Lineage = 1<<60, "0123456789abcdef"
		refused("is not the server of the backup before", request)
		request = r.request(node.Backup, "n2")
		request.Since, request.Lineage = 1, "0123456789abcdef"
		refused("made anew", request)

		pass := r.Dir + "/" + lab.BackupUser + ".pass"
		if err := os.Chmod(pass, 0o644); err != nil {
			t.Fatal(err)
		}
		refused("chmod 600", r.request(node.Backup, "n2"))
		if err := errors.Join(os.Chmod(pass, 0o600), os.Rename(pass, pass+".away")); err != nil {
			t.Fatal(err)
		}
		refused("does not exist", r.request(node.Backup, "n2"))
		if err := os.Rename(pass+".away", pass); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"n1", "n3"} {
			if err := r.Stop(ctx, name); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.AwaitStatus(ctx, "n2", "wsrep_cluster_size", "1"); err != nil {
			t.Fatal(err)
		}
		refused("only member that holds data", r.request(node.Backup, "n2"))
		if err := r.Stop(ctx, "n2"); err != nil {
			t.Fatal(err)
		}
		refused("does not answer", r.request(node.Backup, "n2"))
	})
	r.noSecrets()
}

// withoutGrant does what needs a grant that the account does not have, and returns what is said:
// a backup by kagu-node, or a statement of what backupd does by itself.
func (r *rig) withoutGrant(privilege string) string {
	r.Helper()
	statement := map[string]string{
		"SELECT":    "SELECT COUNT(*) FROM kagu_lab.rows_",
		"SHOW VIEW": "SHOW CREATE VIEW kagu_lab.view_",
		"TRIGGER":   "SHOW CREATE TRIGGER kagu_lab.trigger_",
		"EVENT":     "SHOW CREATE EVENT kagu_lab.event_",
	}[privilege]
	if statement != "" {
		if err := r.SQL(r.Context(), "n2",
			"CREATE OR REPLACE VIEW kagu_lab.view_ AS SELECT 1", "CREATE OR REPLACE EVENT kagu_lab.event_ ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT 1",
			"CREATE OR REPLACE TRIGGER kagu_lab.trigger_ BEFORE INSERT ON kagu_lab.rows_ FOR EACH ROW SET NEW.text = NEW.text"); err != nil {
			r.Fatal(err)
		}
	}
	config, err := r.BackupConfig(r.node("n2").SQLAddress())
	if err != nil {
		r.Fatal(err)
	}
	switch {
	case statement != "":
		return privilege + ": " + r.denied(config, statement)
	case privilege == "REPLICATION SLAVE":
		return r.binlogDenied(config)
	}
	request := r.request(node.Backup, "n2")
	request.Desync = privilege == "SUPER"
	reply, err := r.client.Stream(r.Context(), r.host("n2"), request, io.Discard)
	if err != nil {
		r.Fatal(err)
	}
	return reply.Error + reply.Refused
}

// binlogDenied asks for a binary log as a replica would.
func (r *rig) binlogDenied(config *mysql.Config) string {
	r.Helper()
	host, port, err := net.SplitHostPort(config.Addr)
	if err != nil {
		r.Fatal(err)
	}
	login := filepath.Join(r.TempDir(), "login")
	text := fmt.Sprintf("[client]\nhost=%s\nport=%s\nuser=%s\npassword=%s\n", host, port, config.User, config.Passwd)
	if err := os.WriteFile(login, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
	program := needs.Program(r.T, "mariadb-binlog", "mariadb-client")
	out, err := exec.CommandContext(r.Context(), program, "--defaults-file="+login, "--read-from-remote-server", "binlog.000001").CombinedOutput()
	if err == nil {
		r.Error("a binary log is shown")
	}
	return string(out)
}

// denied returns the error of a statement that must not be allowed.
func (r *rig) denied(config *mysql.Config, statement string) string {
	r.Helper()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		r.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	rows, err := db.QueryContext(r.Context(), statement)
	if err == nil {
		if err = rows.Err(); err == nil && !rows.Next() {
			err = errors.New("nothing is shown")
		}
		rows.Close()
	}
	if err == nil {
		r.Errorf("%s is allowed", statement)
		return ""
	}
	return err.Error()
}

// noSecrets looks for the password of the account in what a host keeps.
func (r *rig) noSecrets() {
	r.Helper()
	config, err := r.BackupConfig("127.0.0.1:1")
	if err != nil {
		r.Fatal(err)
	}
	for _, n := range r.Nodes {
		err := walk(r.Dir+"/ssh-"+n.Name, func(path string, text []byte) {
			if bytes.Contains(text, []byte(config.Passwd)) {
				r.Errorf("%s holds the password", path)
			}
		})
		if err != nil {
			r.Error(err)
		}
	}
}
