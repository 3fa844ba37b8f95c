package backupd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kagu-db/kagu/backupd/store"
)

// Pruned is what a run of pruning did in one store.
type Pruned struct {
	Plan    PrunePlan `json:"plan"`
	Removed []string  `json:"removed"`        // IDs, orphans included
	Freed   int64     `json:"freed"`          // bytes
	Left    []string  `json:"left,omitempty"` // what could not be removed, and why
}

// Prune begins to remove what the retention of a cluster gives up, and returns at once.
func (e *Engine) Prune(ctx context.Context, cluster, by string) (Run, error) {
	c, _, err := e.find(cluster)
	if err != nil {
		return Run{}, err
	}
	return e.begin(ctx, c, Run{Cluster: cluster, What: Pruning, By: by}, e.prune)
}

// prune decides afresh: what was shown before may have changed.
func (e *Engine) prune(ctx context.Context, j *job) (Outcome, error) {
	j.tell(ctx, "decide", "")
	plans, err := e.prunePlans(ctx, j.cluster)
	o, errs := Outcome{}, []error{err}
	for _, p := range plans {
		j.tell(ctx, "remove", p.Store)
		done, err := e.carryOut(ctx, j, p)
		o.Pruned = append(o.Pruned, done)
		errs = append(errs, err)
	}
	return o, errors.Join(errs...)
}

// carryOut removes what a plan gives up, in one store: of a chain the newest first, so that what is
// left of it at any moment can be restored.
func (e *Engine) carryOut(ctx context.Context, j *job, p PrunePlan) (Pruned, error) {
	done := Pruned{Plan: p, Removed: []string{}}
	v, err := e.Vault(p.store)
	if err != nil {
		return done, err
	}
	for _, id := range p.vanished {
		if err := e.Catalogue.Forget(ctx, p.Cluster, id, p.Store); err != nil {
			return done, err
		}
	}
	held := make([]Held, 0, len(p.Decisions))
	for _, d := range p.Decisions {
		held = append(held, d.Held)
	}
	roots := rootsOf(held)
	stuck := map[string]bool{} // chains of which something could not be removed
	var errs []error
	for _, d := range slices.Backward(p.Decisions) {
		if d.Keep || d.Method == Binlog || stuck[roots[d.ID]] {
			continue
		}
		err := e.remove(ctx, v, p, d.ID)
		if errors.Is(err, errRestoreBegun) {
			done.Left = append(done.Left, err.Error())
			return done, errors.Join(errs...)
		}
		if err != nil {
			stuck[roots[d.ID]] = true
		}
		errs = append(errs, done.note(ctx, e, d.ID, d.Stored, d.Why, err))
	}
	err = e.removePieces(ctx, v, &done)
	if errors.Is(err, errRestoreBegun) {
		return done, errors.Join(errs...)
	}
	errs = append(errs, err)
	for _, name := range p.holds.lapsed {
		errs = append(errs, v.dropHold(ctx, name))
	}
	for _, o := range p.Orphans {
		if o.Remove {
			errs = append(errs, done.note(ctx, e, o.ID, o.Size, o.Why, v.Sweep(ctx, p.Cluster, o.ID)))
		}
	}
	return done, errors.Join(errs...)
}

// remove removes one backup from a store.
func (e *Engine) remove(ctx context.Context, v Vault, p PrunePlan, id string) error {
	err := e.restoreBegun(ctx, v, p)
	if err == nil {
		err = v.removeManifest(ctx, p.Cluster, id)
	}
	if err == nil {
		err = e.Catalogue.Forget(ctx, p.Cluster, id, p.Store)
	}
	if err == nil {
		err = v.Sweep(ctx, p.Cluster, id)
	}
	return err
}

// removePieces removes what is given up of binary logs: thousands a day, none of which another one
// builds on, so several at once.
func (e *Engine) removePieces(ctx context.Context, v Vault, done *Pruned) error {
	var mu sync.Mutex
	var failed error
	var g errgroup.Group
	g.SetLimit(8)
	before := len(done.Removed)
	for _, d := range done.Plan.Decisions {
		if d.Keep || d.Method != Binlog {
			continue
		}
		g.Go(func() error {
			mu.Lock()
			over := failed != nil // the others would meet the same
			mu.Unlock()
			if over {
				return nil
			}
			err := e.remove(ctx, v, done.Plan, d.ID)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, done.note(ctx, e, d.ID, d.Stored, "", err))
			return nil
		})
	}
	_ = g.Wait() // each has noted how it went
	if n := len(done.Removed) - before; n > 0 {
		e.Log.InfoContext(ctx, "pieces of binary logs removed", "cluster", done.Plan.Cluster, "store", done.Plan.Store, "pieces", n)
	}
	return failed
}

// errRestoreBegun says that what may be removed must be decided anew, by the next prune.
var errRestoreBegun = errors.New("a restore has begun meanwhile: the rest is left to the next prune")

// restoreBegun looks again for holds, right before something is removed.
func (e *Engine) restoreBegun(ctx context.Context, v Vault, p PrunePlan) error {
	now, err := v.holds(ctx, p.Cluster, e.now())
	if err != nil {
		return err
	}
	for id := range now.pins {
		if _, known := p.holds.pins[id]; !known {
			return fmt.Errorf("%w (of %s)", errRestoreBegun, id)
		}
	}
	return nil
}

// note writes down what became of a removal. Without a reason to tell, no line of the log is made.
// What the store holds under lock is no failure: it is removed when the lock ends.
func (p *Pruned) note(ctx context.Context, e *Engine, id string, size int64, why string, err error) error {
	if err == nil {
		p.Removed = append(p.Removed, id)
		p.Freed += size
		if why != "" {
			e.Log.InfoContext(ctx, "backup removed", "cluster", p.Plan.Cluster, "store", p.Plan.Store, "backup", id, "why", why)
		}
		return nil
	}
	p.Left = append(p.Left, id+": "+err.Error())
	if errors.Is(err, errRestoreBegun) {
		return err
	}
	if errors.Is(err, store.ErrLocked) {
		e.Log.InfoContext(ctx, "backup stays until its lock ends", "cluster", p.Plan.Cluster, "store", p.Plan.Store, "backup", id)
		return nil
	}
	return fmt.Errorf("remove %s from %s: %w", id, p.Plan.Store, err)
}

// removeManifest is the moment from which a backup no longer exists.
func (v Vault) removeManifest(ctx context.Context, cluster, id string) error {
	if !nameShape.MatchString(cluster) || !idShape.MatchString(id) {
		return fmt.Errorf("%+.60q of %+.60q is no backup", id, cluster)
	}
	return v.Store.Delete(ctx, manifestOf(cluster, id))
}

// Sweep removes the parts and the proofs of a backup that has no manifest; one that has is refused.
// Interrupted, it leaves orphans, which the next pruning finds.
func (v Vault) Sweep(ctx context.Context, cluster, id string) error {
	if _, err := v.Store.Stat(ctx, manifestOf(cluster, id)); !errors.Is(err, store.ErrNotFound) {
		if err == nil {
			err = errors.New("it has a manifest")
		}
		return fmt.Errorf("remove the parts of %s: %w", id, err)
	}
	for _, prefix := range []string{partsOf(cluster, id), proofsOf(cluster, id)} {
		if !strings.HasSuffix(prefix, "/"+id+"/") {
			return fmt.Errorf("%q is not the folder of one backup", prefix)
		}
		var names []string
		err := v.Store.List(ctx, prefix, func(i store.Info) error {
			names = append(names, i.Name)
			return nil
		})
		if err != nil {
			return err
		}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(8)
		for _, name := range names {
			g.Go(func() error { return v.Store.Delete(ctx, name) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}
