package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/needs"
)

// another starts a backupd of the lab's kagu.yaml beside the lab's own, and returns it with its URL
// and its log.
func (r rig) another(storage string) (cmd *exec.Cmd, url, log string) {
	r.t.Helper()
	address := "127.0.0.1:" + needs.Port(r.t, "127.0.0.1")
	log = filepath.Join(r.t.TempDir(), "log")
	out, err := os.Create(log)
	if err != nil {
		r.t.Fatal(err)
	}
	defer out.Close()
	cmd = exec.Command(filepath.Join(r.lab.Bin, "backupd"), "--config.file="+r.lab.Config(), "--storage.path="+storage, "--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill() // it may have ended by itself
			_ = cmd.Wait()
		}
	})
	return cmd, "http://" + address, log
}

// second starts a backupd on the folder of the one that runs.
func (r rig) second() {
	cmd, _, log := r.another(filepath.Join(r.lab.Dir, "backupd"))
	err := cmd.Wait()
	said, _ := os.ReadFile(log)
	if err == nil || !strings.Contains(string(said), "in use by another process: end that one first") {
		r.t.Errorf("%v: %s", err, said)
	}
	r.must("schedule") // the first one is none the worse for it
}

// beside lets the lab's backupd and one with a folder of its own take a backup at the same moment. A
// member is read by one of them: the other one takes another member, or is refused by the host.
func (r rig) beside() {
	before := r.list()
	other, url, log := r.another(r.t.TempDir())
	said := func() string { text, _ := os.ReadFile(log); return string(text) }
	r.until("the other one is ready", func() bool { _, err := r.kagu("schedule", "--backupd.url="+url); return err == nil })
	r.must("run", "lab", "full", "--no-wait", "--backupd.url="+url)
	out, err := r.kagu("run", "lab", "full")
	r.until("the other one has ended, too", func() bool { return strings.Contains(said(), `msg="backup run `) })

	l, good := r.list(), 0
	if err == nil {
		good++
	} else if !strings.Contains(out, "another backup or restore is going on on this host") {
		r.t.Errorf("refused for another reason: %s", out)
	}
	if got := len(l.Backups) - len(before.Backups); got != good {
		r.t.Errorf("the lab's own lists %d backups more, and %d went well", got, good)
	}
	if strings.Contains(said(), `msg="backup run ended"`) {
		good++
	} else if !strings.Contains(said(), "another backup or restore is going on on this host") {
		r.t.Errorf("the other one failed for another reason: %s", said())
	}
	if good == 0 {
		r.t.Error("none of the two went well")
	}
	// The store is the truth: it has those that went well, none of them of the writer.
	stored := r.listed("--store=main")
	members := map[string]bool{}
	for _, b := range stored.Backups[len(before.Backups):] {
		if members[b.Manifest.Origin.Nodes[0]] = true; !b.Good() {
			r.t.Errorf("%+v", b)
		}
	}
	if n := len(stored.Backups) - len(before.Backups); n != good || members["n1"] {
		r.t.Errorf("%d went well, and the store has %d of %v; n1 is the writer", good, n, members)
	}
	if r.parts() {
		r.t.Error("parts are left of one that failed")
	}
	r.until("no member is desynced", r.noneDesynced)
	if err := other.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	if err := other.Wait(); err != nil {
		r.t.Errorf("the other one ends: %v: %s", err, said())
	}
	r.must("run", "lab", "full")
}

func (r rig) noneDesynced() bool {
	for _, n := range r.lab.Nodes {
		status, err := r.lab.Wsrep(r.t.Context(), n.Name)
		if err != nil || status["wsrep_local_state_comment"] != "Synced" {
			return false
		}
	}
	return true
}

// scratchServer finds a program that runs in the lab's scratch folder, 0 if none does.
func (r rig) scratchServer(program string) int {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // there is no bad pattern in it
	for _, dir := range dirs {
		where, err := os.Readlink(dir + "/cwd")
		if err != nil || !strings.HasPrefix(where, filepath.Join(r.lab.Dir, "scratch")+"/") {
			continue // it has ended, or is none of ours
		}
		name, err := os.ReadFile(dir + "/comm")
		pid, errPID := strconv.Atoi(filepath.Base(dir))
		if err == nil && errPID == nil && strings.TrimSpace(string(name)) == program {
			return pid
		}
	}
	return 0
}

// proofKilled ends a program of a proof the hard way, in the stage that is named: the proof says so
// and says nothing of the backup, and nothing of it is left.
func (r rig) proofKilled(program, stage string) {
	var before backupd.Listing
	killed, said := false, ""
	for tries := 0; !killed; tries++ { // on a busy machine a stage may be over before it is seen
		if tries == 10 {
			r.t.Fatalf("%s was not seen at %s in %d proofs", program, stage, tries)
		}
		before = r.list()
		killed, said = r.killInProof(program, stage)
	}
	if !strings.Contains(said, "signal: killed") || !strings.Contains(said, "nothing is said of the backup, prove it again") || !strings.Contains(said, `failed at "`+stage+`"`) {
		r.t.Errorf("%s was killed at %s, and that is said as %s", program, stage, said)
	}
	after := r.list()
	for i, b := range after.Backups {
		if len(b.Records) != len(before.Backups[i].Records) || !b.Good() || !b.Proven.Equal(before.Backups[i].Proven) {
			r.t.Errorf("%s is judged by a proof that was not carried out: %+v", b.Manifest.ID, b.Records)
		}
	}
	if left, err := filepath.Glob(filepath.Join(r.lab.Dir, "scratch", "*")); err != nil || len(left) > 0 {
		r.t.Errorf("left: %v %v", left, err)
	}
	for _, p := range []string{"mariadbd", "mariadb-backup", "ndbmtd", "ndb_mgmd", "mysqld", "ndb_restore"} {
		if pid := r.scratchServer(p); pid != 0 {
			r.t.Errorf("%s still runs in the scratch folder", p)
		}
	}
}

// killInProof lets a proof begin, kills the program when it is seen at the stage, and returns what
// the proof said in the end.
func (r rig) killInProof(program, stage string) (killed bool, said string) {
	ended := make(chan string, 1)
	go func() {
		out, _ := r.kagu("verify", "lab") // what it says is looked at
		ended <- out
	}()
	for {
		select {
		case said := <-ended:
			return killed, said
		case <-time.After(2 * time.Millisecond):
			if pid := r.scratchServer(program); pid != 0 && !killed && r.atStage(stage) {
				killed = syscall.Kill(pid, syscall.SIGKILL) == nil
			}
		}
	}
}

// atStage reports whether the newest stage in the log is that one.
func (r rig) atStage(stage string) bool {
	text := r.log()
	i := strings.LastIndex(text, " stage=")
	return i >= 0 && strings.HasPrefix(text[i:], " stage="+stage+" ")
}
