package backupd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// fakeKind takes a database that is one text, and proves that the text is still what it was.
type fakeKind struct {
	text    string
	take    func(Take) error // is called in the middle of a stream
	settled []Debt
	mu      sync.Mutex
	lsn     uint64
}

func (k *fakeKind) Take(ctx context.Context, t Take) (Facts, error) {
	settled, err := t.Owe(ctx, Debt{Cluster: t.Cluster.Name, Node: "db2", What: "desync"})
	if err != nil {
		return Facts{}, err
	}
	w, err := t.Sink.Stream(ctx, "data")
	if err != nil {
		return Facts{}, err
	}
	if _, err := io.WriteString(w, k.text); err != nil {
		return Facts{}, err
	}
	if k.take != nil {
		if err := k.take(t); err != nil {
			return Facts{}, err
		}
	}
	if err := w.Close(); err != nil {
		return Facts{}, err
	}
	settled()
	f := Facts{Origin: Origin{Nodes: []string{"db2"}, Server: "10.11"}}
	if t.Base != nil {
		f.Position.FromLSN = t.Base.Position.ToLSN
	}
	k.lsn += 100
	f.Position.ToLSN = k.lsn
	return f, nil
}

func (k *fakeKind) Prove(ctx context.Context, p Proof) (Evidence, error) {
	var all strings.Builder
	for _, l := range p.Links {
		r, err := l.Source.Open(ctx, "data")
		if err != nil {
			return Evidence{}, err
		}
		_, err = io.Copy(&all, r)
		if err := errors.Join(err, r.Close()); err != nil {
			return Evidence{}, err
		}
	}
	good := all.String() == strings.Repeat(k.text, len(p.Links))
	return Evidence{Server: "10.11", Checks: []Check{{Name: "text", Good: good, Said: all.String()}}}, nil
}

func (k *fakeKind) Plan(context.Context, Restore) (Plan, error) { return Plan{}, nil }
func (k *fakeKind) Do(context.Context, Restore, Step) error     { return nil }

func (k *fakeKind) Settle(_ context.Context, _ inventory.Cluster, d Debt) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.settled = append(k.settled, d)
	return nil
}

// A rig is an engine over memory, with a fake database.
type rig struct {
	t      *testing.T
	engine *Engine
	keys   atomic.Pointer[Keys] // the engine's; it looks at them from its first moment on
	kind   *fakeKind
	stores map[string]*memory
	ended  chan Run
	last   Outcome
	stop   func()
}

func newRig(t *testing.T, dir string, stores map[string]*memory, keys Keys) *rig {
	t.Helper()
	return newRigWith(t, dir, stores, keys, func(*Engine) {})
}

func newRigWith(t *testing.T, dir string, stores map[string]*memory, keys Keys, change func(*Engine)) *rig {
	t.Helper()
	c, err := OpenCatalogue(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, kind: &fakeKind{text: "the database"}, stores: stores, ended: make(chan Run, 100)}
	r.keys.Store(&keys)
	fleet := &inventory.Fleet{
		Backup: inventory.Backupd{Scratch: inventory.Scratch{Dir: t.TempDir(), OnDatabase: true}},
		Clusters: []inventory.Cluster{{Name: "backoffice", Kind: cluster.KindGalera, Backup: &inventory.Backup{
			Store: inventory.BackupStore{Name: "main"}, Copies: []inventory.BackupStore{{Name: "offsite"}}, Zone: time.UTC,
			Jobs: []inventory.BackupJob{{Name: "full", Method: "physical"}, {Name: "changes", Method: "incremental"}, {Name: "log", Method: "binlog"}},
		}}, {Name: "bare", Kind: cluster.KindGalera}},
	}
	r.engine = &Engine{
		Fleet: func() *inventory.Fleet { return fleet }, Keys: func() Keys { return *r.keys.Load() }, Kinds: map[cluster.Kind]Kind{cluster.KindGalera: r.kind},
		Catalogue: c, Log: promslog.NewNopLogger(), Version: "test",
		OpenStore: func(s inventory.BackupStore) (store.Store, error) { return stores[s.Name], nil },
		Ended:     func(run Run, o Outcome) { r.last = o; r.ended <- run },
	}
	change(r.engine)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.engine.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-done, c.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	for r.engine.Ready() != nil {
		time.Sleep(time.Millisecond)
	}
	return r
}

func twoStores() map[string]*memory {
	return map[string]*memory{"main": newMemory(), "offsite": newMemory()}
}

func allKeys(t *testing.T) Keys {
	id := identity(t)
	s, trust := signer(t)
	return Keys{Recipients: []age.Recipient{id.Recipient()}, Identities: []age.Identity{id}, Signer: &s, Trust: trust}
}

func (r *rig) take(job string) Run {
	r.t.Helper()
	run, err := r.engine.Take(r.t.Context(), "backoffice", job, "a test")
	if err != nil {
		r.t.Fatal(err)
	}
	return r.wait(run)
}

func (r *rig) prove(id string) Run {
	r.t.Helper()
	run, err := r.engine.Prove(r.t.Context(), "backoffice", id, "a test")
	if err != nil {
		r.t.Fatal(err)
	}
	return r.wait(run)
}

func (r *rig) wait(run Run) Run {
	r.t.Helper()
	for ended := range r.ended {
		if ended.ID == run.ID {
			return ended
		}
	}
	panic("unreachable")
}

func (r *rig) entries() []Entry {
	r.t.Helper()
	all, err := r.engine.Catalogue.Entries(r.t.Context(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func TestAnEngineThatIsEndedWhileItStarts(t *testing.T) {
	e := &Engine{Fleet: func() *inventory.Fleet { return &inventory.Fleet{} }, Catalogue: openCatalogue(t, t.TempDir()), Log: promslog.NewNopLogger()}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Run(ctx); err != nil {
		t.Errorf("it was to end, and says %v", err)
	}
}

func TestABackupIsTakenCheckedCopiedAndProven(t *testing.T) {
	stores := twoStores()
	r := newRig(t, t.TempDir(), stores, allKeys(t))
	if run := r.take("full"); run.Error != "" {
		t.Fatal(run.Error)
	}
	e := r.entries()
	if len(e) != 1 || !slices.Equal(e[0].Stores, []string{"main", "offsite"}) || e[0].Manifest.Base != "" || e[0].Manifest.Plain() != 12 {
		t.Fatalf("the catalogue has %+v", e)
	}
	if look, found := e[0].Newest(Opened); !found || !look.Good || look.By != "after the upload" {
		t.Errorf("it was not read back: %+v", e[0].Records)
	}
	if _, proven := e[0].ProvenAt(); proven {
		t.Error("it is proven before a restore")
	}
	if run := r.prove(""); run.Error != "" || run.Backup != e[0].Manifest.ID {
		t.Fatalf("%+v", run)
	}
	if _, proven := r.entries()[0].ProvenAt(); !proven {
		t.Errorf("it is not proven after a restore: %+v", r.entries()[0].Records)
	}
	for name, st := range stores {
		v := Vault{Store: st, Keys: r.engine.Keys()}
		if list, err := v.List(t.Context(), ""); err != nil || len(list) != 1 || list[0].Err != nil {
			t.Errorf("store %s lists %+v, %v", name, list, err)
		}
	}
}

func TestAnIncrementalBuildsOnWhatIsGood(t *testing.T) {
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	r.take("changes") // there is nothing to build on
	r.take("changes")
	r.take("changes")
	e := r.entries()
	if m := e[0].Manifest; m.Method != Physical || len(m.Notes) != 1 || !strings.Contains(m.Notes[0], "no full backup yet") {
		t.Fatalf("the first is %+v", m)
	}
	chain, err := Chain(e, e[2].Manifest.ID)
	if err != nil || len(chain) != 3 || e[2].Manifest.Method != Incremental {
		t.Fatalf("chain of %d, %v", len(chain), err)
	}
	if run := r.prove(e[2].Manifest.ID); run.Error != "" || len(r.last.Records[0].Chain) != 3 {
		t.Errorf("%+v %+v", run, r.last)
	}
	// The middle one is damaged: the next incremental does not build on what cannot be restored.
	m := e[1].Manifest
	for name := range r.stores["main"].objects {
		if strings.HasPrefix(name, partsOf(m.Cluster, m.ID)) {
			delete(r.stores["main"].objects, name)
		}
	}
	if run := r.prove(e[2].Manifest.ID); !strings.Contains(run.Error, "damaged") {
		t.Errorf("the proof said %q", run.Error)
	}
	if why, bad := r.entries()[2].Bad(); !bad {
		t.Errorf("the chain passes for good: %q", why)
	}
	if why, bad := r.entries()[1].Bad(); !bad {
		t.Errorf("the damaged one passes for good: %q", why)
	}
	if why, bad := r.entries()[0].Bad(); bad {
		t.Errorf("the full one, which is good, is blamed: %q", why)
	}
	r.take("changes")
	if m := r.last.Manifest; m.Method != Physical {
		t.Errorf("the next one builds on %s", m.Base)
	}
}

func TestAFailedBackupIsNoBackup(t *testing.T) {
	broken := errors.New("mariadb-backup was killed")
	for _, c := range []struct {
		name string
		hurt func(r *rig)
		says string
	}{
		{"the database fails", func(r *rig) { r.kind.take = func(Take) error { return broken } }, "mariadb-backup was killed"},
		{"a part is refused", func(r *rig) { r.stores["main"].put = refuse("parts/") }, "no space"},
		{"the manifest is refused", func(r *rig) { r.stores["main"].put = refuse("manifests/") }, "no space"},
		{"there is no key to sign with", func(r *rig) { r.keys.Store(&Keys{}) }, "kagu backup keys"},
		{"it is cancelled", func(r *rig) {
			r.kind.take = func(Take) error { r.engine.Cancel("backoffice", "alice"); return nil }
		}, "cancelled by alice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
			c.hurt(r)
			if run := r.take("full"); !strings.Contains(run.Error, c.says) {
				t.Errorf("the run says %q", run.Error)
			}
			if e := r.entries(); len(e) != 0 {
				t.Errorf("it is listed: %+v", e)
			}
			for _, st := range r.stores {
				if list, err := (Vault{Store: st, Keys: r.engine.Keys()}).List(t.Context(), ""); err != nil || len(list) > 0 {
					t.Errorf("a store lists it: %+v %v", list, err)
				}
			}
			if c.name != "the manifest is refused" && len(r.stores["main"].objects) > 0 {
				t.Errorf("%d objects are left", len(r.stores["main"].objects))
			}
		})
	}
}

func refuse(prefix string) func(string) error {
	return func(name string) error {
		if strings.HasPrefix(name, prefix) {
			return errors.New("no space left")
		}
		return nil
	}
}

func TestOneHeavyJobOfAClusterAtATime(t *testing.T) {
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	inside, leave := make(chan struct{}), make(chan struct{})
	r.kind.take = func(Take) error { close(inside); <-leave; return nil }
	run, err := r.engine.Take(t.Context(), "backoffice", "full", "a test")
	if err != nil {
		t.Fatal(err)
	}
	<-inside
	if _, err := r.engine.Take(t.Context(), "backoffice", "full", "another"); !errors.Is(err, ErrBusy) {
		t.Errorf("a second one: %v", err)
	}
	if now := r.engine.Running(); len(now) != 1 || now[0].ID != run.ID {
		t.Errorf("running: %+v", now)
	}
	close(leave)
	if ended := r.wait(run); ended.Error != "" {
		t.Error(ended.Error)
	}
}

func TestWhatIsAskedForMustBeThere(t *testing.T) {
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	for _, c := range []struct{ cluster, job, says string }{
		{"nowhere", "full", "no cluster"}, {"bare", "full", "no backup section"}, {"backoffice", "no", "no job"}, {"backoffice", "log", "without end"},
	} {
		if _, err := r.engine.Take(t.Context(), c.cluster, c.job, "a test"); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s/%s: %v", c.cluster, c.job, err)
		}
	}
	if _, err := r.engine.Prove(t.Context(), "backoffice", "", "a test"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("prove nothing: %v", err)
	}
}

// A backupd that is killed leaves a run without an end, parts without a manifest, and a debt.
func TestABackupdThatWasKilledIsClearedUpAfter(t *testing.T) {
	dir, stores, keys := t.TempDir(), twoStores(), allKeys(t)
	r := newRig(t, dir, stores, keys)
	r.stop()
	c, err := OpenCatalogue(dir)
	if err != nil {
		t.Fatal(err)
	}
	id := NewID(Physical, time.Now())
	if _, err := c.BeginRun(t.Context(), Run{Cluster: "backoffice", What: Taking, Backup: id, Begun: time.Now(), Stage: "take"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Owe(t.Context(), Debt{Cluster: "backoffice", Node: "db2", What: "desync", Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	stores["main"].objects[partOf("backoffice", id, "data", 0)] = []byte("half a backup")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	r = newRig(t, dir, stores, keys)
	if run := <-r.ended; !strings.Contains(run.Error, "ended while it was at take") || run.Backup != id {
		t.Errorf("the old run: %+v", run)
	}
	for len(owed(t, r)) > 0 {
		time.Sleep(time.Millisecond)
	}
	if len(r.kind.settled) != 1 || r.kind.settled[0].Node != "db2" {
		t.Errorf("settled: %+v", r.kind.settled)
	}
	if len(stores["main"].objects) != 0 {
		t.Errorf("left: %d objects", len(stores["main"].objects))
	}
}

func owed(t *testing.T, r *rig) map[int64]Debt {
	t.Helper()
	debts, err := r.engine.Catalogue.Debts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return debts
}

func TestTheCatalogueIsMadeAgainFromTheStores(t *testing.T) {
	r := newRig(t, t.TempDir(), twoStores(), allKeys(t))
	r.take("full")
	r.take("changes")
	r.prove("")
	want := r.entries()
	damaged := NewID(Physical, time.Now())
	r.stores["main"].objects[manifestOf("backoffice", damaged)] = []byte("not a manifest")

	c, err := OpenCatalogue(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	vaults := map[string]Vault{}
	for name, st := range r.stores {
		vaults[name] = Vault{Store: st, Keys: r.engine.Keys()}
	}
	found, err := c.Rebuild(t.Context(), vaults)
	if err != nil || len(found.Damaged) != 1 || !strings.Contains(found.Damaged[0], damaged) {
		t.Errorf("%+v %v", found, err)
	}
	got, err := c.Entries(t.Context(), "")
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
}

func TestAChainOfOtherLSNsIsBroken(t *testing.T) {
	full, next := NewID(Physical, time.Now()), NewID(Incremental, time.Now())
	entries := []Entry{
		{Manifest: Manifest{ID: full, Method: Physical, Facts: Facts{Position: Position{ToLSN: 100}}}},
		{Manifest: Manifest{ID: next, Method: Incremental, Base: full, Facts: Facts{Position: Position{FromLSN: 90, ToLSN: 200}}}},
	}
	if _, err := Chain(entries, next); !errors.Is(err, ErrBroken) {
		t.Errorf("got %v", err)
	}
	if _, err := Chain(entries[1:], next); !errors.Is(err, ErrBroken) || !bytes.Contains([]byte(err.Error()), []byte(full)) {
		t.Errorf("without its base: %v", err)
	}
}
