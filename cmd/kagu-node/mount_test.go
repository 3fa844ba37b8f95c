package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/needs"
	"github.com/kagu-db/kagu/internal/node"
)

// killable builds kagu-node with failpoints. sshd starts it with an environment of its own, so it learns its failpoint
// from a file.
func killable(t *testing.T) (bin string) {
	t.Helper()
	bin = t.TempDir()
	for _, dir := range []string{bin, filepath.Dir(bin)} { // sshd's account must come in
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(bin, "kagu-node")
	cmd := exec.Command("go", "build", "-tags", "failpoint", "-o", program+".program", ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build kagu-node: %v %s", err, out)
	}
	script := fmt.Sprintf("#!/bin/sh\nKAGU_FAILPOINT=$(cat '%s/failpoint' 2>/dev/null)\nexport KAGU_FAILPOINT\nexec '%s.program' \"$@\"\n", bin, program)
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return bin
}

// A file system of its own is what the data directory of most hosts is. A restore goes into it if it is empty, and one that is
// killed at any step leaves nothing that a server takes for a whole data directory, and nothing in the way of the next.
func TestAMemberIsRebuiltOnAMountPoint(t *testing.T) {
	if os.Geteuid() != 0 {
		needs.Missing(t, errors.New("a file system to mount: run as root"))
	}
	needs.Servers(t)
	bin := killable(t)
	r := newRig(t, lab.Options{Nodes: 3, Bin: bin})
	ctx := t.Context()
	if err := r.SQL(ctx, "n1", "CREATE TABLE kagu_lab.rows_ (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(100))", "INSERT INTO kagu_lab.rows_ (text) SELECT seq FROM kagu_lab.seq_1_to_700"); err != nil {
		t.Fatal(err)
	}
	full, stream := r.backup(r.request(node.Backup, "n2"))
	if err := errors.Join(full.Err(), r.Kill(ctx, "n3")); err != nil {
		t.Fatal(err)
	}
	dir := r.node("n3").DataDir()
	var was unix.Stat_t
	if err := errors.Join(unix.Stat(dir, &was), os.Rename(dir, dir+".lost"), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=600m,mode=0751,uid=%d,gid=%d", was.Uid, was.Gid)); err != nil {
		needs.Missing(t, fmt.Errorf("a tmpfs: %w", err))
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }) // it is gone with the lab's folder anyway
	foreign := filepath.Join(dir, "somebody's")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "lost+found"), 0o700), os.WriteFile(foreign, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	try := func() error {
		for {
			reply, err := r.restore("n3", false, partOf(stream))
			err = errors.Join(err, reply.Err())
			// The machine is too busy to look, which forbids, or has not cleared up after a kill.
			again := err != nil && (strings.Contains(err.Error(), "no answer within") || strings.Contains(err.Error(), "another backup or restore") || strings.Contains(err.Error(), "another verb"))
			if !again || ctx.Err() != nil {
				return err
			}
		}
	}
	// restored asks until it is told what is wanted; a busy machine does not tell all at once.
	restored := func(want bool) *node.Restored {
		t.Helper()
		for ctx.Err() == nil {
			reply, err := r.client.Do(ctx, r.host("n3"), r.request(node.Report, "n3"))
			if err == nil && reply.State != nil && (reply.State.Restored != nil || !want) {
				return reply.State.Restored
			}
		}
		t.Fatal("its host does not tell")
		return nil
	}
	refused := func(when string) {
		t.Helper()
		if err := try(); err == nil || !strings.Contains(err.Error(), "is a mount point, which cannot be put aside by renaming, and holds") {
			t.Fatalf("%s: %v", when, err)
		}
	}
	refused("something is in it")
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}

	point := filepath.Join(bin, "failpoint")
	killed := func(at string) (left []string) {
		t.Helper()
		if err := os.WriteFile(point, []byte(at), 0o644); err != nil {
			t.Fatal(err)
		}
		err := try()
		if err := os.Remove(point); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			t.Fatalf("killed at %s, and the restore is called done", at)
		}
		return names(t, dir)
	}
	for _, at := range []string{"restore-placing", "restore-half-placed", "restore-state-waits", "restore-all-placed"} {
		left := killed(at)
		if slices.Contains(left, "grastate.dat") || len(left) < 2 {
			t.Errorf("killed at %s: %v", at, left)
		}
		if got := restored(false); got != nil {
			t.Errorf("killed at %s it is told as restored: %+v", at, got)
		}
	}
	// What a server has written to since is not ours to clear away.
	file, err := os.OpenFile(filepath.Join(dir, "ibdata1"), os.O_RDWR, 0)
	if err == nil {
		_, err = file.WriteAt([]byte("\x00"), 1<<20)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	refused("a file was written to")
	for _, name := range names(t, dir) {
		if name != "lost+found" {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}

	killed("restore-placed") // all is there: whoever asks learns it, and sends nothing again
	if got := restored(true); got.Seqno != full.Stream.Seqno {
		t.Errorf("told as restored: %+v", got)
	}
	refused("it is restored")
	if err := os.Remove(filepath.Join(dir, "grastate.dat")); err != nil { // as if killed before that
		t.Fatal(err)
	}
	if err := try(); err != nil {
		t.Fatal(err)
	}
	all := names(t, dir)
	if slices.ContainsFunc(all, func(name string) bool { return strings.Contains(name, "kagu") && name != "kagu_lab" }) || !slices.Contains(all, "lost+found") || !slices.Contains(all, "grastate.dat") {
		t.Errorf("in the data directory: %v", all)
	}
	var now unix.Stat_t
	if err := unix.Stat(dir, &now); err != nil || now.Uid != was.Uid || now.Gid != was.Gid || now.Mode&0o777 != 0o751 {
		t.Errorf("the mount point is %d:%d's with mode %o now, %v", now.Uid, now.Gid, now.Mode, err)
	}
	if err := errors.Join(r.Start(ctx, "n3"), r.AwaitSynced(ctx)); err != nil {
		t.Fatal(err)
	}
	if n := r.count("n3"); n != 700 {
		t.Errorf("%d rows, want 700", n)
	}
}
