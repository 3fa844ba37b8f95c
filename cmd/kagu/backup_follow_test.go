package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// oneText is a database that is one text.
type oneText struct {
	backupd.Kind // of which a restore is not asked here
	fail         error
}

func (k *oneText) Take(ctx context.Context, t backupd.Take) (backupd.Facts, error) {
	if k.fail != nil {
		return backupd.Facts{}, k.fail
	}
	w, err := t.Sink.Stream(ctx, "data")
	if err != nil {
		return backupd.Facts{}, err
	}
	_, err = io.WriteString(w, strings.Repeat("the database ", 1000))
	t.Tell("copy", "")
	return backupd.Facts{Origin: backupd.Origin{Nodes: []string{"db2"}, Server: "10.11"}}, errors.Join(err, w.Close())
}

func (k *oneText) Prove(ctx context.Context, p backupd.Proof) (backupd.Evidence, error) {
	r, err := p.Links[0].Source.Open(ctx, "data")
	if err != nil {
		return backupd.Evidence{}, err
	}
	n, err := io.Copy(io.Discard, r)
	return backupd.Evidence{Server: "10.11", Seconds: map[string]float64{"fetch": 2}, Checks: []backupd.Check{{Name: "text", Good: n == 13_000, Said: "it is there"}}}, errors.Join(err, r.Close())
}

const backupFleet = `site: noumea
credentials:
  monitor: {user: kagu_monitor, password_file: monitor.pass}
  backup: {user: kagu_backup, password_file: monitor.pass}
backup:
  recipients: [RECIPIENT]
  identity_files: [age.key]
  signing_key_file: sign.key
  stores:
    main: {path: STORE}
  scratch: {dir: SCRATCH, on_database_host: true}
hosts:
  db1: {address: 10.0.0.11}
  db2: {address: 10.0.0.12}
clusters:
  backoffice:
    kind: galera
    nodes:
      - {name: db1, host: db1, sql: "10.0.0.11:3306", service: mariadb.service}
      - {name: db2, host: db2, sql: "10.0.0.12:3306", service: mariadb.service}
    backup:
      credential: backup
      store: main
      timezone: Pacific/Noumea
      jobs:
        full: {method: physical, schedule: "0 2 * * *"}
`

// A desk is a backupd in this process over a folder, and kagu's commands against it.
type desk struct {
	t      *testing.T
	kind   *oneText
	server *httptest.Server
	config string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	identity, recipient, err := backupd.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	private, _, err := backupd.NewSigningKey("kagu")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, kind: &oneText{}, config: filepath.Join(dir, "kagu.yaml")}
	text := strings.NewReplacer("RECIPIENT", recipient, "STORE", dir+"/store", "SCRATCH", dir+"/scratch").Replace(backupFleet)
	for name, text := range map[string]string{"kagu.yaml": text, "monitor.pass": "hunter2\n", "age.key": identity + "\n", "sign.key": private + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(dir+"/store", 0o700), os.WriteFile(filepath.Join(dir, "store", store.Marker), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	fleet, err := inventory.LoadFor(d.config, inventory.Backups)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := backupd.NewKeys(fleet.Backup)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := backupd.OpenCatalogue(dir + "/state")
	if err != nil {
		t.Fatal(err)
	}
	engine := &backupd.Engine{
		Fleet: func() *inventory.Fleet { return fleet }, Keys: func() backupd.Keys { return keys }, Kinds: map[cluster.Kind]backupd.Kind{cluster.KindGalera: d.kind},
		Catalogue: catalogue, OpenStore: store.Open, Dir: dir + "/work", Log: promslog.NewNopLogger(), Version: "test",
	}
	mux := http.NewServeMux()
	(&backupd.API{Desk: backupd.EngineDesk{Engine: engine, Schedule: &backupd.Scheduler{}}, Log: engine.Log}).Register(mux)
	d.server = httptest.NewServer(mux)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if err := engine.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		d.server.Close()
		cancel()
		all.Wait()
		if err := catalogue.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// kagu types a command.
func (d *desk) kagu(typed string) (out, errOut string, err error) {
	d.t.Helper()
	var o, e bytes.Buffer
	s := &session{ctx: d.t.Context(), out: &o, errOut: &e, config: d.config}
	app := kingpin.New("kagu", "").Terminate(nil)
	addBackup(app, s)
	args := append([]string{"backup"}, strings.Fields(typed)...)
	_, err = app.Parse(append(args, "--backupd.url="+d.server.URL))
	return o.String(), e.String(), err
}

func (d *desk) want(typed, says string) string {
	d.t.Helper()
	out, errOut, err := d.kagu(typed)
	if err != nil || !strings.Contains(out, says) {
		d.t.Errorf("kagu backup %s: want %q, said\n%s%s%v", typed, says, out, errOut, err)
	}
	return out
}

func (d *desk) wantError(typed, says string) {
	d.t.Helper()
	if out, _, err := d.kagu(typed); err == nil || !strings.Contains(err.Error(), says) {
		d.t.Errorf("kagu backup %s: want the error %q, said %v\n%s", typed, says, err, out)
	}
}

func TestBackupsByCommand(t *testing.T) {
	d := newDesk(t)
	for deadline := time.Now().Add(time.Minute); ; { // the engine is starting
		_, _, err := d.kagu("run backoffice")
		if err == nil {
			break
		}
		if !strings.Contains(err.Error(), "starting") || time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.want("list", "no restore tried")
	out, errOut, err := d.kagu("run backoffice full")
	if err != nil || !strings.Contains(out, "done in") || !strings.Contains(errOut, "a backup is taken") {
		t.Errorf("%s%s%v", out, errOut, err)
	}
	var run backupd.Run
	if err := json.Unmarshal([]byte(d.want("verify backoffice --json", `"what": "prove"`)), &run); err != nil || run.Ended.IsZero() || run.Backup == "" {
		t.Errorf("%+v %v", run, err)
	}
	d.want("list backoffice", "restored ")
	d.want("list --json", `"chain": [`)
	d.want("show backoffice "+run.Backup, "✓ text: it is there")
	d.want("show backoffice "+run.Backup+" --json", `"look": "proven"`)
	d.want("runs", "prove")
	d.want("schedule", "nothing is on a schedule")
	d.want("prune backoffice", "Nothing was removed")
	d.want("prune backoffice --json", `"decisions"`)
	d.want("prune backoffice --remove", "done in")

	d.wantError("run billing", `no cluster "billing"`)
	d.wantError("run backoffice weekly", "has no job")
	d.wantError("show backoffice nope", "kagu backup list backoffice")
	d.wantError("list billing", `no cluster "billing"`)
	d.wantError("cancel backoffice", "nothing is running")
	d.kind.fail = errors.New("mariadb-backup was killed")
	d.wantError("run backoffice", "mariadb-backup was killed")
	d.want("list", "the last attempt FAILED")
	d.want("run backoffice --no-wait", "has begun")

	// The store has it all, with backupd and without.
	d.want("list --store=main", "restored ")
	d.server.Close()
	out, errOut, err = d.kagu("list")
	if err != nil || !strings.Contains(out, run.Backup) || !strings.Contains(errOut, "no backupd answers") {
		t.Errorf("without backupd: %v\n%s%s", err, out, errOut)
	}
	d.want("show backoffice "+run.Backup, "✓ text: it is there")
	d.wantError("show backoffice nope", "has no backup")
	d.wantError("list --store=nope", `no store is named "nope"`)
	d.wantError("list billing", `no cluster "billing"`)
	d.wantError("run backoffice", "no backupd answers")
}

// What lies in the store and proves nothing is told, and is no backup.
func TestADamagedManifestIsTold(t *testing.T) {
	d := newDesk(t)
	d.server.Close()
	folder := filepath.Join(filepath.Dir(d.config), "store", "manifests", "backoffice")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	name := backupd.NewID(backupd.Physical, time.Now())
	if err := os.WriteFile(filepath.Join(folder, name), []byte("not a manifest"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.want("list", "damaged: ")
	d.want("list", "CANNOT BE RESTORED")
}

func TestProgress(t *testing.T) {
	var out strings.Builder
	r := backupd.Run{What: backupd.Taking, Begun: at(2, 9, 17), Stage: "copy", Plain: 600_000_000, By: "ana"}
	l := progress(&out, 1_200_000_000)
	l.show(r, morning)
	l.show(r, morning.Add(time.Second)) // nothing new
	r.Stage = "manifest"
	l.show(r, morning.Add(2*time.Second))
	l.end()
	same(t, `
09:20:00  a backup is taken, for 3 min, at "copy", 600.0 MB so far (asked for by ana)
09:20:02  a backup is taken, for 3 min, at "manifest", 600.0 MB so far (asked for by ana)
`, out.String())

	out.Reset()
	b := &bar{w: &out, total: 1_200_000_000}
	b.show(r, morning)
	b.end()
	if want := "\r\x1b[K[███████████████···············]  50 % of the last one's size  manifest   3 min  600.0 MB  3.3 MB/s\r\x1b[K"; out.String() != want {
		t.Errorf("drew %q", out.String())
	}

	// A proof is drawn as far as somebody knows how far it is.
	r = backupd.Run{What: backupd.Proving, Begun: at(2, 9, 17), Stage: "fetch", By: "ana"}
	for _, c := range []struct {
		stage    string
		progress *backupd.Progress
		bar      string
		line     string
	}{
		{"fetch", &backupd.Progress{Done: 300_000_000, Of: 1_200_000_000, Unit: "bytes"}, "[███████·······················]  25 % of 1.2 GB  fetch      3 min", ", 25 % of 1.2 GB"},
		{"prepare", nil, "prepare    3 min", ""},
		{"check", &backupd.Progress{Done: 214, Of: 214, Unit: "tables"}, "[██████████████████████████████] 100 % of 214 tables  check      3 min", ", 100 % of 214 tables"},
	} {
		out.Reset()
		r.Stage, r.Progress = c.stage, c.progress
		b.show(r, morning)
		if want := "\r\x1b[K" + c.bar; out.String() != want {
			t.Errorf("%s: drew %q, want %q", c.stage, out.String(), want)
		}
		if got, want := runningLine(morning, r), fmt.Sprintf("a restore is tried, for 3 min, at %q%s (asked for by ana)", c.stage, c.line); got != want {
			t.Errorf("%s: said %q, want %q", c.stage, got, want)
		}
	}
}
