package backupd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// ErrBusy says that a heavy job of the cluster runs: there is one at a time.
var ErrBusy = errors.New("another job of this cluster is running")

// ErrNotByHand says that what was asked for is nothing that is begun and ends.
var ErrNotByHand = errors.New("it is not begun by hand")

var errNotRunning = errors.New("backupd is starting or ending: try again in a moment")

// An Engine takes and proves backups: one heavy job at a time for each cluster.
type Engine struct {
	Fleet         func() *inventory.Fleet
	Keys          func() Keys
	Kinds         map[cluster.Kind]Kind
	Catalogue     *Catalogue
	OpenStore     func(inventory.BackupStore) (store.Store, error)
	Ended         func(Run, Outcome)   // is told of each run that ended; nil: nobody is
	ArchiveFailed func(cluster string) // is told when an archive of binary logs stopped; nil: nobody is
	Kept          func(Manifest)       // is told of each piece of a binary log that was stored; nil: nobody is
	Dir           string               // for what is not stored yet
	Log           *slog.Logger
	Version       string           // of this program, for manifests
	Now           func() time.Time // nil: time.Now

	mu      sync.Mutex
	base    context.Context // of all runs; nil until Run
	closed  bool
	running map[string]*job // by cluster
	reload  chan struct{}   // see Reload
	jobs    sync.WaitGroup
}

// Outcome is what a run brought, as far as it came.
type Outcome struct {
	Manifest *Manifest // of a backup that was taken, or looked at
	Records  []Record  // what was found
	Pruned   []Pruned  // what was removed, by store
	Err      error
}

// A job is a run that goes on.
type job struct {
	engine  *Engine
	cluster inventory.Cluster
	cancel  context.CancelCauseFunc

	mu  sync.Mutex
	run Run
}

// Run settles what an earlier process left behind, then lets runs begin until the context ends, and
// waits for them.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.recover(ctx); err != nil {
		if ctx.Err() != nil { // it was to end while it was starting: the next start does that again
			return nil
		}
		return err
	}
	e.mu.Lock()
	e.base, e.running = ctx, map[string]*job{}
	e.mu.Unlock()
	for _, ever := range []func(context.Context){e.settleUntil, e.archive, e.copyUntil, e.mergeUntil} {
		e.jobs.Go(func() { ever(ctx) })
	}
	<-ctx.Done()
	e.close()
	e.jobs.Wait()
	return nil
}

// close lets nothing begin any more. What begins does so under the same lock, so all that runs is
// known when it returns.
func (e *Engine) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

// Ready says why nothing can be begun yet, or any more.
func (e *Engine) Ready() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.base == nil || e.closed {
		return errNotRunning
	}
	return nil
}

// find returns a cluster that has backups.
func (e *Engine) find(name string) (inventory.Cluster, Kind, error) {
	fleet := e.Fleet()
	c, found := fleet.Cluster(name)
	switch {
	case !found:
		return c, nil, fmt.Errorf("%w: %w", fleet.NoCluster(cluster.Printable(name), "kagu.yaml"), store.ErrNotFound)
	case c.Backup == nil:
		return c, nil, fmt.Errorf("cluster %s has no backup section in kagu.yaml: %w", name, store.ErrNotFound)
	}
	kind, known := e.Kinds[c.Kind]
	if !known {
		return c, nil, fmt.Errorf("backups of kind %s are not built into this program", c.Kind)
	}
	return c, kind, nil
}

// Vault opens a store of kagu.yaml.
func (e *Engine) Vault(s inventory.BackupStore) (Vault, error) {
	st, err := e.OpenStore(s)
	if err != nil {
		return Vault{}, fmt.Errorf("open the store %s: %w", s.Name, err)
	}
	return Vault{Store: st, Keys: e.Keys()}, nil
}

// begin starts a run, unless one of the cluster goes on. The run is on disk before it begins.
func (e *Engine) begin(ctx context.Context, c inventory.Cluster, r Run, do func(ctx context.Context, j *job) (Outcome, error)) (Run, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.base == nil || e.closed {
		return Run{}, errNotRunning
	}
	if other, busy := e.running[c.Name]; busy {
		o := other.now()
		return Run{}, fmt.Errorf("%w: %s %s, begun %s ago", ErrBusy, o.What, o.Job, e.now().Sub(o.Begun).Round(time.Second))
	}
	r.Begun, r.Stage = e.now(), "begin"
	var err error
	if r.ID, err = e.Catalogue.BeginRun(ctx, r); err != nil {
		return Run{}, err
	}
	j := &job{engine: e, cluster: c, run: r}
	var jobCtx context.Context
	jobCtx, j.cancel = context.WithCancelCause(e.base)
	e.running[c.Name] = j
	e.jobs.Go(func() {
		outcome, err := do(jobCtx, j)
		j.cancel(nil)
		j.end(outcome, err)
	})
	return r, nil
}

// Cancel ends the run that goes on for a cluster. It is false if there is none.
func (e *Engine) Cancel(cluster, by string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	j, busy := e.running[cluster]
	if busy {
		j.cancel(fmt.Errorf("cancelled by %s", by))
	}
	return busy
}

// Running returns what goes on now.
func (e *Engine) Running() []Run {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []Run
	for _, j := range e.running {
		all = append(all, j.now())
	}
	return all
}

func (j *job) now() Run {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.run
}

// tell notes the stage a run has come to. A stage is a constant word: it becomes a label.
func (j *job) tell(ctx context.Context, stage, detail string) {
	j.mu.Lock()
	changed := j.run.Stage != stage
	if changed {
		j.run.Progress = nil
	}
	j.run.Stage = stage
	r := j.run
	j.mu.Unlock()
	if changed {
		j.engine.Log.InfoContext(ctx, "backup stage", "cluster", r.Cluster, "run", r.ID, "what", r.What, "stage", stage, "detail", detail)
		if err := j.engine.Catalogue.UpdateRun(ctx, r); err != nil {
			j.engine.Log.WarnContext(ctx, "the stage of a run was not written down", "run", r.ID, "err", err)
		}
	}
}

// far notes how far the stage is.
func (j *job) far(done, of int64, unit string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.run.Progress = nil
	if of > 0 {
		j.run.Progress = &Progress{Done: min(done, of), Of: of, Unit: unit}
	}
}

// count adds to what was read and stored.
func (j *job) count(plain, stored int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.run.Plain += int64(plain)
	j.run.Stored += int64(stored)
}

// end writes down how a run ended and tells everybody. It is not held up by a context that ended.
func (j *job) end(o Outcome, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(j.engine.base), 30*time.Second)
	defer cancel()
	j.mu.Lock()
	j.run.Ended = j.engine.now()
	if err != nil {
		j.run.Error = err.Error()
	}
	r := j.run
	j.mu.Unlock()
	o.Err = err
	e := j.engine
	if werr := e.Catalogue.UpdateRun(ctx, r); werr != nil {
		e.Log.ErrorContext(ctx, "the end of a run was not written down", "run", r.ID, "err", werr)
	}
	if err != nil {
		e.Log.ErrorContext(ctx, "backup run failed", "cluster", r.Cluster, "run", r.ID, "what", r.What, "stage", r.Stage, "err", err)
	} else {
		e.Log.InfoContext(ctx, "backup run ended", "cluster", r.Cluster, "run", r.ID, "what", r.What, "backup", r.Backup, "took", r.Ended.Sub(r.Begun))
	}
	e.mu.Lock()
	delete(e.running, r.Cluster)
	e.mu.Unlock()
	if e.Ended != nil {
		e.Ended(r, o)
	}
}
