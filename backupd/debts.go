package backupd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// settleEvery is how often a debt is tried again that could not be settled.
const settleEvery = 15 * time.Second

// recover closes the runs that an earlier process was killed at, and removes the parts they left.
// Nothing of them was ever listed: a manifest comes last.
func (e *Engine) recover(ctx context.Context) error {
	left, err := e.Catalogue.Unfinished(ctx)
	if err != nil {
		return err
	}
	for _, r := range left {
		r.Ended, r.Error = e.now(), "backupd ended while it was at "+r.Stage
		if err := e.Catalogue.UpdateRun(ctx, r); err != nil {
			return err
		}
		e.Log.WarnContext(ctx, "an earlier backupd did not end this run", "cluster", r.Cluster, "run", r.ID, "what", r.What, "stage", r.Stage)
		if e.Ended != nil {
			e.Ended(r, Outcome{Err: errors.New(r.Error)})
		}
		if c, _, err := e.find(r.Cluster); err == nil && r.What == Taking && r.Backup != "" {
			e.sweep(ctx, c, r.Backup)
		}
	}
	return nil
}

// sweep removes the parts of a backup that was not brought to its end. It is no harm if it fails:
// what is left is found as orphans when backups are pruned.
func (e *Engine) sweep(ctx context.Context, c inventory.Cluster, id string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	v, err := e.Vault(c.Backup.Store)
	if err == nil {
		err = v.Sweep(ctx, c.Name, id)
	}
	if err != nil {
		e.Log.WarnContext(ctx, "parts of an unfinished backup stay in the store until the next prune", "cluster", c.Name, "backup", id, "err", err)
	}
}

// owe writes a debt down before it is made. The function that it returns strikes it.
func (e *Engine) owe(ctx context.Context, d Debt) (settled func(), err error) {
	if d.Since.IsZero() {
		d.Since = e.now()
	}
	id, err := e.Catalogue.Owe(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("nothing is begun that cannot be written down: %w", err)
	}
	return func() {
		if err := e.Catalogue.Settled(context.WithoutCancel(ctx), id); err != nil {
			e.Log.ErrorContext(ctx, "what was undone is still noted as owed; it will be undone once more, which does nothing", "cluster", d.Cluster, "what", d.What, "err", err)
		}
	}, nil
}

// settleUntil pays what is owed and not owed by a run that goes on, again and again.
func (e *Engine) settleUntil(ctx context.Context) {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		e.settle(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Engine) settle(ctx context.Context) {
	debts, err := e.Catalogue.Debts(ctx)
	if err != nil {
		if ctx.Err() == nil {
			e.Log.ErrorContext(ctx, "what is owed cannot be read", "err", err)
		}
		return
	}
	for id, d := range debts {
		c, kind, err := e.find(d.Cluster)
		if err == nil && e.goesOn(d.Cluster) {
			continue // who made it settles it
		}
		if err == nil {
			err = kind.Settle(ctx, c, d)
		}
		if err == nil {
			err = e.Catalogue.Settled(ctx, id)
		}
		if err != nil {
			e.Log.WarnContext(ctx, "not undone yet, tried again soon", "cluster", d.Cluster, "node", d.Node, "what", d.What, "since", d.Since, "err", err)
			continue
		}
		e.Log.InfoContext(ctx, "undone what an earlier run left", "cluster", d.Cluster, "node", d.Node, "what", d.What)
	}
}

func (e *Engine) goesOn(cluster string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, busy := e.running[cluster]
	return busy
}
