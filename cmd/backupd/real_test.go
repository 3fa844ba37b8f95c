package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/needs"
)

// The whole way with the real programs: kagu, backupd, sshd, kagu-node and the databases. What each
// part does on a bad day is tested where the part is.

type rig struct {
	t   testing.TB
	lab *lab.Lab
}

func newRig(t testing.TB, o lab.Options) rig {
	t.Helper()
	needs.Servers(t)
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	o.Services, o.Bin = []lab.Service{lab.SSH, lab.Backupd}, bin
	return rig{t, labtest.Up(t, o)}
}

// kagu runs the operator's command and returns what it said.
func (r rig) kagu(args ...string) (string, error) {
	r.t.Helper()
	return r.kaguAt("", args...)
}

// kaguAt runs it until a failpoint kills it.
func (r rig) kaguAt(failpoint string, args ...string) (string, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Minute) // a proof yields to whatever else runs
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(r.lab.Bin, "kagu"), append([]string{"--config.file=" + r.lab.Config(), "backup"}, args...)...)
	cmd.Env = append(os.Environ(), "KAGU_FAILPOINT="+failpoint)
	out, err := cmd.CombinedOutput()
	r.t.Logf("kagu backup %s %s\n%s", strings.Join(args, " "), failpoint, out)
	return string(out), err
}

func (r rig) must(args ...string) string {
	r.t.Helper()
	out, err := r.kagu(args...)
	if err != nil {
		r.t.Fatalf("kagu backup %v: %v", args, err)
	}
	return out
}

func (r rig) list() backupd.Listing { r.t.Helper(); return r.listed() }

func (r rig) listed(flags ...string) backupd.Listing {
	r.t.Helper()
	args := append([]string{"--config.file=" + r.lab.Config(), "backup", "list", "--json"}, flags...)
	out, err := exec.Command(filepath.Join(r.lab.Bin, "kagu"), args...).Output()
	var all []backupd.Listing
	if err == nil {
		err = json.Unmarshal(out, &all)
	}
	if err != nil || len(all) != 1 {
		r.t.Fatalf("kagu backup list: %v\n%s", err, out)
	}
	return all[0]
}

// proven returns the methods of the backups that a restore has proven.
func (r rig) proven() []backupd.Method {
	var methods []backupd.Method
	for _, e := range r.list().Backups {
		if _, good := (backupd.Entry{Manifest: e.Manifest, Records: e.Records}).ProvenAt(); good {
			methods = append(methods, e.Manifest.Method)
		}
	}
	return methods
}

func (r rig) sql(node string, statements ...string) {
	r.t.Helper()
	if err := r.lab.SQL(r.t.Context(), node, statements...); err != nil {
		r.t.Fatal(err)
	}
}

func TestGaleraIsBackedUpProvenAndRebuilt(t *testing.T) {
	r := newRig(t, lab.Options{BinLog: true})
	r.sql("n1", "CREATE TABLE kagu_lab.rows (id INT PRIMARY KEY AUTO_INCREMENT, body VARCHAR(100))", "INSERT INTO kagu_lab.rows (body) SELECT uuid() FROM kagu_lab.seq_1_to_5000")
	r.holdings()

	for _, job := range []string{"full", "changes", "dump"} {
		r.must("run", "lab", job)
		r.must("verify", "lab")
	}
	if got := r.proven(); !slices.Equal(slices.Sorted(slices.Values(got)), []backupd.Method{backupd.Incremental, backupd.Logical, backupd.Physical}) {
		t.Errorf("proven: %v", got)
	}
	if text := r.must("list"); !strings.Contains(text, "restored") || !strings.Contains(text, "changes since") {
		t.Error("the list does not say it in words")
	}

	t.Run("a second backupd on the same folder", func(t *testing.T) { rig{t, r.lab}.second() })
	t.Run("a second backupd with a folder of its own", func(t *testing.T) { rig{t, r.lab}.beside() })
	r.must("run", "lab", "full") // the proof of a dump starts other programs of the same name
	for _, at := range []struct{ program, stage string }{{"mariadb-backup", "prepare"}, {"mariadbd", "start"}, {"mariadbd", "check"}} {
		t.Run(at.program+" is killed while a proof is at "+at.stage, func(t *testing.T) { rig{t, r.lab}.proofKilled(at.program, at.stage) })
	}
	r.must("verify", "lab") // the next one goes well
	t.Run("backupd is killed while it takes one", func(t *testing.T) { rig{t, r.lab}.killed() })
	t.Run("a time at which nothing was written", func(t *testing.T) { rig{t, r.lab}.idle() })
	t.Run("a destroyed node", func(t *testing.T) { rig{t, r.lab}.destroyed() })
	t.Run("a schema, by its own account", func(t *testing.T) { rig{t, r.lab}.schema() })
	r.must("run", "lab", "changes") // so that a chain of two is restored from here on
	t.Run("a restore to a point is killed wherever it can be", func(t *testing.T) { rig{t, r.lab}.killedOnTheWayToAPoint() })
	t.Run("the restore of a member is killed wherever it can be", func(t *testing.T) { rig{t, r.lab}.killedOnTheWayToAMember() })
	t.Run("every member is lost", func(t *testing.T) { rig{t, r.lab}.lost() })
	t.Run("a new cluster as it was at a point", func(t *testing.T) { rig{t, r.lab}.founded() })
}

// killed ends backupd the hard way in the middle of a stream: nothing of that backup is listed or
// left, and no member stays desynced.
func (r rig) killed() {
	manifests := func() int {
		all, _ := filepath.Glob(filepath.Join(r.lab.Store(), "manifests", "lab", "*"))
		return len(all)
	}
	before, cutShort := 0, false
	for tries := 0; !cutShort; tries++ { // on a busy machine it may be over before it is seen or hit
		if tries == 10 {
			r.t.Fatalf("%d backups were over before they were cut short", tries)
		}
		before = len(r.list().Backups)
		whole := manifests()
		r.until("a backup begins", func() bool { _, err := r.kagu("run", "lab", "full", "--no-wait"); return err == nil })
		r.until("the stream is on its way", func() bool { return r.parts() || manifests() > whole })
		if err := r.lab.KillService(string(lab.Backupd)); err != nil {
			r.t.Fatal(err)
		}
		cutShort = manifests() == whole
		if err := r.lab.Restart(r.t.Context(), lab.Backupd); err != nil {
			r.t.Fatal(err)
		}
	}
	r.until("no member is desynced", r.noneDesynced)
	l := r.list()
	if len(l.Backups) != before {
		r.t.Errorf("%d backups are listed, there were %d", len(l.Backups), before)
	}
	if l.Failed == nil || !strings.Contains(l.Failed.Error, "backupd ended") {
		r.t.Errorf("the list does not tell of the run that was cut short: %+v", l.Failed)
	}
	r.must("run", "lab", "full") // and the next one goes well
}

// parts reports whether the store holds parts of a backup that has no manifest.
func (r rig) parts() bool {
	folders, _ := filepath.Glob(filepath.Join(r.lab.Store(), "parts", "lab", "*"))
	for _, f := range folders {
		if _, err := os.Stat(filepath.Join(r.lab.Store(), "manifests", "lab", filepath.Base(f))); err != nil {
			return true
		}
	}
	return false
}

func (r rig) log() string {
	text, err := os.ReadFile(filepath.Join(r.lab.Dir, "backupd.log"))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// destroyed empties the data directory of a node that was killed, and has it rebuilt.
func (r rig) destroyed() {
	ctx := r.t.Context()
	if err := r.lab.Kill(ctx, "n2"); err != nil {
		r.t.Fatal(err)
	}
	n2, err := r.lab.Node("n2")
	if err != nil {
		r.t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(n2.DataDir(), "*"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range files {
		if err := os.RemoveAll(f); err != nil {
			r.t.Fatal(err)
		}
	}
	r.sql("n1", "INSERT INTO kagu_lab.rows (body) VALUES ('after the backup')")
	if out, err := r.kagu("restore", "lab", "--node=n2", "--yes"); err == nil || !strings.Contains(out, `--consent="lab/n2"`) {
		r.t.Errorf("data was replaced without consent: %v", err)
	}
	if out := r.must("restore", "lab", "--node=n2", "--yes", "--consent=lab/n2"); !strings.Contains(out, "by IST") {
		r.t.Error("it did not join by IST")
	}
	r.sql("n2", "SELECT id FROM kagu_lab.rows WHERE body = 'after the backup'")
	if status, err := r.lab.Wsrep(ctx, "n2"); err != nil || status["wsrep_cluster_size"] != "3" {
		r.t.Errorf("%v %v", status["wsrep_cluster_size"], err)
	}
}

func (r rig) until(what string, is func() bool) {
	r.t.Helper()
	for end := time.Now().Add(5 * time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("never: %s", what)
		}
	}
}
