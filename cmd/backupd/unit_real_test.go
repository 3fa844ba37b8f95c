package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/systemdtest"
)

// TestBackupdIsShutIn runs backupd as deploy/systemd/backupd.service has it, by a real systemd: as an account
// without rights, with all that the unit takes from it. The servers of proofs run in there too. What
// differs is where files lie, and the account's name.
func TestBackupdIsShutIn(t *testing.T) {
	if os.Geteuid() != 0 {
		needs.Missing(t, errors.New("a mount namespace: run as root"))
	}
	r := newRig(t, lab.Options{Nodes: 2, BinLog: true})
	r.sql("n1", "CREATE TABLE kagu_lab.rows (id INT PRIMARY KEY, body VARCHAR(100))", "INSERT INTO kagu_lab.rows SELECT seq, uuid() FROM kagu_lab.seq_1_to_5000")
	if err := r.lab.KillService(string(lab.Backupd)); err != nil {
		t.Fatal(err)
	}
	account, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	r.give(account, "kagu.yaml", "known_hosts", "ssh_key", "backup-keys", "store", "scratch", "backupd", "kagu_backup.pass", "kagu_monitor.pass")
	m := systemdtest.Start(t, map[string]string{"backupd.service": r.unit(account)})
	ctl := func(args ...string) string {
		t.Helper()
		out, err := m.Run("", append([]string{"systemctl", "--user"}, args...)...)
		if err != nil {
			t.Fatalf("systemctl %v: %v\n%s", args, err, r.log())
		}
		return strings.TrimSpace(string(out))
	}
	ctl("start", "backupd")
	answers := func() bool { _, err := r.kagu("schedule"); return err == nil }
	r.until("backupd answers", answers)
	pid, err := strconv.Atoi(ctl("show", "--value", "--property=MainPID", "backupd"))
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`Uid:\t[1-9]`, `CapBnd:\t0+\n`, `NoNewPrivs:\t1\n`, `Seccomp:\t2\n`} {
		if !regexp.MustCompile(want).Match(status) {
			t.Errorf("it is not shut in: want %s in\n%s", want, status)
		}
	}

	for _, job := range []string{"full", "changes", "dump"} {
		r.must("run", "lab", job)
		r.must("verify", "lab")
	}
	if got := r.proven(); !slices.Equal(slices.Sorted(slices.Values(got)), []backupd.Method{backupd.Incremental, backupd.Logical, backupd.Physical}) {
		t.Errorf("proven: %v", got)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.until("systemd has started it again", func() bool { return ctl("show", "--value", "--property=NRestarts", "backupd") == "1" && answers() })
	r.must("run", "lab", "dump")
	ctl("stop", "backupd")
	if got := ctl("show", "--value", "--property=Result", "backupd"); got != "success" {
		t.Errorf("it ended with %s", got)
	}
}

// give makes files of the lab an account's, as /etc/kagu and the state directories are on a real host.
func (r rig) give(account *user.User, names ...string) {
	r.t.Helper()
	uid, _ := strconv.Atoi(account.Uid) // numbers on every system that has a systemd
	gid, _ := strconv.Atoi(account.Gid)
	for _, dir := range []string{r.lab.Dir, r.lab.Bin} {
		if err := os.Chmod(dir, 0o711); err != nil {
			r.t.Fatal(err)
		}
	}
	for _, name := range names {
		err := filepath.WalkDir(filepath.Join(r.lab.Dir, name), func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, uid, gid)
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// unit is the unit as it is shipped, for the lab's files.
func (r rig) unit(account *user.User) string {
	r.t.Helper()
	text, err := os.ReadFile("../../deploy/systemd/backupd.service")
	if err != nil {
		r.t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(r.lab.Dir, name) }
	program := filepath.Join(r.lab.Bin, "backupd") + " --config.file=" + r.lab.Config() + " "
	unit := string(text)
	for _, change := range [][2]string{
		{"User=kagu-backupd\nGroup=kagu-secrets\n", "User=" + account.Username + "\nGroup=" + account.Gid + "\n"},
		// The lab is in /tmp, of which the unit has one of its own.
		{"StateDirectory=kagu/backupd kagu/scratch\nStateDirectoryMode=0700\n", "BindReadOnlyPaths=" + r.lab.Dir + " " + r.lab.Bin + "\n"},
		{"ReadWritePaths=-/srv/backup -/srv/scratch\n", "ReadWritePaths=" + strings.Join([]string{in("backupd"), in("scratch"), in("store")}, " ") + "\n"},
		{"ExecStartPre=/usr/bin/backupd --config.file=/etc/kagu/kagu.yaml ", "ExecStartPre=" + program},
		{"ExecStart=/usr/bin/backupd --config.file=/etc/kagu/kagu.yaml --storage.path=/var/lib/kagu/backupd", "ExecStart=" + program +
			"--storage.path=" + in("backupd") + " --web.listen-address=" + r.lab.Addresses[lab.Backupd]},
	} {
		if !strings.Contains(unit, change[0]) {
			r.t.Fatalf("the unit has no %q: this test must say what stands for it", change[0])
		}
		unit = strings.Replace(unit, change[0], change[1], 1)
	}
	return unit
}
