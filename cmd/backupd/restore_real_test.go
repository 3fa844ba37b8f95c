package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// programs builds ours with failpoints, once. kagu-node, which sshd starts with an environment of its
// own, learns its failpoint from a file.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := lab.Scratch("failpoint")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-tags", "failpoint", "-o", dir+"/", ".", "../kagu", "../kagu-node")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does, under go test -race too
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the programs: %w: %s", err, out)
	}
	program := filepath.Join(dir, "kagu-node")
	script := fmt.Sprintf("#!/bin/sh\nKAGU_FAILPOINT=$(cat '%s/failpoint' 2>/dev/null)\nexport KAGU_FAILPOINT\nexec '%s.program' \"$@\"\n", dir, program)
	return dir, errors.Join(os.Rename(program, program+".program"), os.WriteFile(program, []byte(script), 0o700))
})

// killedAt runs kagu and has it killed at a point.
func (r rig) killedAt(point string, args ...string) {
	r.t.Helper()
	_, err := r.kaguAt(point, args...)
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		r.t.Fatalf("%s was not reached: %v", point, err)
	}
}

// nodeKilledAt runs kagu and has kagu-node killed at a point.
func (r rig) nodeKilledAt(point string, args ...string) {
	r.t.Helper()
	file := filepath.Join(r.lab.Bin, "failpoint")
	if err := os.WriteFile(file, []byte(point), 0o600); err != nil {
		r.t.Fatal(err)
	}
	_, err := r.kagu(args...)
	if err := os.Remove(file); err != nil {
		r.t.Fatal(err)
	}
	if err == nil {
		r.t.Fatalf("kagu-node was killed at %s, and the restore is called done", point)
	}
}

// ask returns the only value of a query, from a socket.
func (r rig) ask(socket, user, query string) string {
	r.t.Helper()
	sql, err := sqlconn.Connect(r.t.Context(), socket, inventory.Credential{User: user}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer sql.Close()
	rows, err := sql.Texts(r.t.Context(), query)
	if err != nil || len(rows) != 1 {
		r.t.Fatalf("%s: %v %v", query, rows, err)
	}
	return rows[0][0]
}

func (r rig) node(name string) lab.Node {
	r.t.Helper()
	n, err := r.lab.Node(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// rows says what a member holds: how many rows, and the newest.
func (r rig) rows(node string) string {
	r.t.Helper()
	return r.ask(r.node(node).Socket(), r.lab.Account, rowsThere)
}

const (
	rowsThere   = "SELECT CONCAT(COUNT(*), ' rows, the last one is ', (SELECT body FROM kagu_lab.rows ORDER BY id DESC LIMIT 1)) FROM kagu_lab.rows"
	scratchUser = "kagu_scratch"
)

// point writes a row and returns its transaction, once it is archived; another row follows it.
func (r rig) point(body string) (gtid, rows string) {
	r.t.Helper()
	r.sql("n1", "INSERT INTO kagu_lab.rows (body) VALUES ('"+body+"')")
	rows = r.rows("n1")
	for _, one := range strings.Split(r.ask(r.node("n1").Socket(), r.lab.Account, "SELECT @@gtid_binlog_pos"), ",") {
		if strings.HasPrefix(one, "1-") { // the cluster's domain
			gtid = one
		}
	}
	r.sql("n1", "INSERT INTO kagu_lab.rows (body) VALUES ('after "+body+"')")
	r.until("the archive has "+gtid, func() bool {
		_, err := r.kagu("restore", "lab", "--dir="+r.t.TempDir(), "--gtid="+gtid, "--plan")
		return err == nil
	})
	return gtid, rows
}

// look is a folder for a scratch server, which ends with the test.
func (r rig) look(name string) (dir, socket string) {
	dir = filepath.Join(r.lab.Dir, "scratch", name)
	r.t.Cleanup(func() {
		if pid := r.scratchPID(dir); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	})
	return dir, filepath.Join(dir, "server", "sql.sock")
}

func (r rig) scratchPID(dir string) (pid int) {
	text, err := os.ReadFile(filepath.Join(dir, "server", "pid"))
	if err == nil {
		_, _ = fmt.Sscan(string(text), &pid)
	}
	return pid
}

// killedOnTheWayToAPoint kills kagu, and the scratch server, at each step of a restore to a scratch
// server. The same command always goes on, and what comes out in the end is right.
func (r rig) killedOnTheWayToAPoint() {
	gtid, rows := r.point("the point")
	dir, socket := r.look("look")
	command := []string{"restore", "lab", "--dir=" + dir, "--gtid=" + gtid, "--yes"}
	for _, point := range []string{"restore-fetched", "restore-prepared", "restore-starting", "restore-prepare-done", "restore-replaying"} {
		r.killedAt(point, command...)
	}
	// In the middle of the replay: it waits for a lock of ours.
	for _, victim := range []string{"kagu", "the scratch server"} {
		r.killedAt("restore-collected", command...)
		r.killedWhileItReplays(victim, dir, socket, command)
	}
	r.killedAt("restore-replay-done", command...)
	r.must(command...)
	if got := r.ask(socket, scratchUser, rowsThere); got != rows {
		r.t.Errorf("restored %s, want %s", got, rows)
	}
	pid := r.scratchPID(dir)
	if r.must(command...); r.scratchPID(dir) != pid {
		r.t.Error("the same command once more has disturbed the scratch server")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		r.t.Fatal(err)
	}
	r.must(command...)
	if got := r.ask(socket, scratchUser, rowsThere); got != rows {
		r.t.Errorf("killed when all was done, it has %s, want %s", got, rows)
	}
}

func (r rig) killedWhileItReplays(victim, dir, socket string, command []string) {
	lock, err := sqlconn.Connect(r.t.Context(), socket, inventory.Credential{User: scratchUser}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer lock.Close()
	if err := lock.Exec(r.t.Context(), "LOCK TABLE kagu_lab.rows WRITE"); err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(r.lab.Bin, "kagu"), append([]string{"--config.file=" + r.lab.Config(), "backup"}, command...)...)
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.until("the replay waits for the lock", func() bool {
		return r.ask(socket, scratchUser, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%lock'") == "1"
	})
	pid := cmd.Process.Pid
	if victim != "kagu" {
		pid = r.scratchPID(dir)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		r.t.Errorf("%s was killed in the middle, and the restore is called done", victim)
	}
}

// killedOnTheWayToAMember kills kagu and kagu-node at each step of the restore of a member.
func (r rig) killedOnTheWayToAMember() {
	if err := r.lab.Kill(r.t.Context(), "n2"); err != nil {
		r.t.Fatal(err)
	}
	dir := r.node("n2").DataDir()
	mark := "what-was-there-before"
	if err := os.WriteFile(filepath.Join(dir, mark), nil, 0o600); err != nil {
		r.t.Fatal(err)
	}
	there := func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, mark))
		return err == nil
	}
	asideBefore := r.aside(dir)
	cleared := func() {
		r.t.Helper()
		r.until("kagu-node has cleared up", func() bool {
			_, err := os.Stat(dir + ".kagu-restore")
			return errors.Is(err, os.ErrNotExist)
		})
	}
	command := []string{"restore", "lab", "--node=n2", "--yes", "--consent=lab/n2"}

	r.killedAt("restore-part-2", command...)
	cleared()
	if !there(dir) {
		r.t.Error("kagu was killed while it sent, and the data directory was touched")
	}

	r.nodeKilledAt("restore-aside", command...) // between the two renames
	kept := slices.DeleteFunc(r.aside(dir), func(path string) bool { return slices.Contains(asideBefore, path) })
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) || len(kept) != 1 || !there(kept[0]) {
		r.t.Fatalf("killed between the renames: %v, put aside %v", err, kept)
	}
	if out, err := r.start("n2"); err == nil || !strings.Contains(out, "data directory is not there") {
		r.t.Errorf("half a restore was started: %v %s", err, out)
	}

	r.nodeKilledAt("restore-placed", command...) // all is done, and nobody says so
	r.killedAt("restore-restore-done", command...)
	r.killedAt("restore-start-done", command...)
	r.killedAt("restore-joining", command...)
	if out := r.must(command...); !strings.Contains(out, "by IST") {
		r.t.Error("it did not join by IST")
	}
	if got, want := r.rows("n2"), r.rows("n1"); got != want {
		r.t.Errorf("n2 has %s, n1 %s", got, want)
	}
	if now := r.aside(dir); len(now) != len(asideBefore)+1 || !there(kept[0]) {
		r.t.Errorf("put aside: %v, there was %v; the old data is in %v", now, asideBefore, kept)
	}
}

// aside lists what restores put aside of a data directory.
func (r rig) aside(dir string) []string {
	all, err := filepath.Glob(dir + ".before-restore-*")
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r rig) start(node string) (string, error) {
	out, err := exec.Command(filepath.Join(r.lab.Bin, "kagu"), "--config.file="+r.lab.Config(), "start", "lab/"+node, "--why=test").CombinedOutput()
	return string(out), err
}

// lost takes every member and all their disks, and does what kagu prints.
func (r rig) lost() {
	r.must("run", "lab", "changes")
	rows, uuid := r.rows("n1"), r.uuid("n1")
	r.sql("n1", "INSERT INTO kagu_lab.rows (body) VALUES ('after the last backup')")
	if err := r.lab.Kill(r.t.Context(), "all"); err != nil {
		r.t.Fatal(err)
	}
	for _, n := range r.lab.Nodes {
		if err := errors.Join(os.RemoveAll(n.DataDir()), r.mkdir(n, n.DataDir())); err != nil {
			r.t.Fatal(err)
		}
	}
	r.byHand(r.must("restore", "lab", "--cluster", "--yes", "--consent=lab/n1"))
	if err := r.lab.AwaitSynced(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	for _, n := range r.lab.Nodes {
		if got := r.rows(n.Name); got != rows {
			r.t.Errorf("%s has %s, the backup had %s", n.Name, got, rows)
		}
		if r.uuid(n.Name) == uuid {
			r.t.Errorf("%s has the identity of the old cluster", n.Name)
		}
	}
}

// mkdir makes a folder that is the server's.
func (r rig) mkdir(n lab.Node, dir string) error {
	info, err := os.Stat(n.Dir)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, int(owner.Uid), int(owner.Gid)))
}

func (r rig) uuid(node string) string {
	r.t.Helper()
	status, err := r.lab.Wsrep(r.t.Context(), node)
	if err != nil {
		r.t.Fatal(err)
	}
	return status["wsrep_cluster_state_uuid"]
}

var (
	printed = regexp.MustCompile(`(?m)^ +by hand +\$ (.*)$`)
	starts  = regexp.MustCompile(`/(n[0-9]+)/start --wsrep-new-cluster|kagu start lab/(n[0-9]+)`)
)

// byHand does what is printed for a human, who waits for each member. There is no remediator to be
// kept away.
func (r rig) byHand(text string) {
	r.t.Helper()
	commands := printed.FindAllStringSubmatch(text, -1)
	if len(commands) == 0 {
		r.t.Fatal("nothing is printed for a human to do")
	}
	for _, c := range commands {
		if strings.HasPrefix(c[1], "kagu maintenance") {
			continue
		}
		r.shell(c[1])
		if s := starts.FindStringSubmatch(c[1]); s != nil {
			if err := r.lab.AwaitStatus(r.t.Context(), s[1]+s[2], "wsrep_local_state_comment", "Synced"); err != nil {
				r.t.Fatal(err)
			}
		}
	}
}

// shell runs a command as a human does. A server that it starts belongs to the lab.
func (r rig) shell(command string) {
	r.t.Helper()
	said, err := os.CreateTemp(r.t.TempDir(), "said") // a pipe would be held open by a server
	if err != nil {
		r.t.Fatal(err)
	}
	defer said.Close()
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Env = append(os.Environ(), "PATH="+r.lab.Bin+":"+os.Getenv("PATH"), "KAGU_CONFIG="+r.lab.Config(), "KAGU_LAB="+r.lab.ID)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Run()
	text, _ := os.ReadFile(said.Name())
	r.t.Logf("$ %s\n%s", command, text)
	if err != nil && !strings.HasPrefix(command, "kagu status") { // which fails while the cluster is down
		r.t.Fatal(err)
	}
}

// founded brings a whole cluster to a point, by the files of a scratch server. A member that still
// has what came later joins it.
func (r rig) founded() {
	ctx := r.t.Context()
	gtid, rows := r.point("the point of the cluster")
	dir, socket := r.look("whole")
	r.must("restore", "lab", "--dir="+dir, "--gtid="+gtid, "--yes")
	if err := r.lab.Kill(ctx, "all"); err != nil {
		r.t.Fatal(err)
	}
	within := filepath.Join(r.node("n2").DataDir(), "put-aside")
	if err := r.mkdir(r.node("n2"), within); err != nil {
		r.t.Fatal(err)
	}
	first := r.node("n1")
	r.shell("mariadb --user=kagu_scratch --socket=" + socket + " -e 'DROP USER kagu_scratch@localhost; SHUTDOWN'")
	r.until("the scratch server has ended", func() bool { return r.scratchPID(dir) == 0 })
	r.shell(fmt.Sprintf("mv %[1]s %[1]s.before-new-cluster && cp -a %[2]s %[1]s && %[3]s --wsrep-new-cluster &", first.DataDir(), filepath.Join(dir, "server", "data"), filepath.Join(first.Dir, "start")))
	if err := r.lab.AwaitStatus(ctx, "n1", "wsrep_local_state_comment", "Synced"); err != nil {
		r.t.Fatal(err)
	}
	if out, err := r.start("n2"); err != nil {
		r.t.Fatalf("%v %s", err, out)
	}
	if err := r.lab.AwaitStatus(ctx, "n2", "wsrep_local_state_comment", "Synced"); err != nil {
		r.t.Fatal(err)
	}
	for _, node := range []string{"n1", "n2"} {
		if got := r.rows(node); got != rows {
			r.t.Errorf("%s has %s, want %s", node, got, rows)
		}
	}
	if _, err := os.Stat(within); !errors.Is(err, os.ErrNotExist) { // why kagu-node puts nothing aside there
		r.t.Errorf("a full state transfer leaves what is in a data directory: %v", err)
	}
}
