package backupd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

// copyEvery is how often backups are looked for that a further store lacks: pieces of binary logs,
// and what could not be copied when it was taken.
const copyEvery = time.Minute

// copyUntil brings to the further stores what they lack, until the context ends.
func (e *Engine) copyUntil(ctx context.Context) {
	tick := time.NewTicker(copyEvery)
	defer tick.Stop()
	for {
		for _, c := range e.Fleet().Clusters {
			if c.Backup == nil || len(c.Backup.Copies) == 0 || e.goesOn(c.Name) {
				continue
			}
			if err := e.copyMissing(ctx, c); err != nil && ctx.Err() == nil {
				e.Log.WarnContext(ctx, "backups are not copied yet, tried again soon", "cluster", c.Name, "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Engine) copyMissing(ctx context.Context, c inventory.Cluster) error {
	entries, err := e.Catalogue.Entries(ctx, c.Name)
	if err != nil {
		return err
	}
	from, err := e.signingVault(c.Backup.Store)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if _, bad := entry.Bad(); bad || !slices.Contains(entry.Stores, c.Backup.Store.Name) {
			continue
		}
		for _, to := range c.Backup.Copies {
			if slices.Contains(entry.Stores, to.Name) {
				continue
			}
			if err := e.copyOne(ctx, from, to, c.Name, entry.Manifest.ID); err != nil {
				return err
			}
		}
	}
	for _, to := range c.Backup.Copies {
		pieces, err := e.Catalogue.Lacking(ctx, c.Name, c.Backup.Store.Name, to.Name)
		if err != nil {
			return err
		}
		for _, p := range pieces {
			if p.Bad != "" {
				continue
			}
			if err := e.copyOne(ctx, from, to, c.Name, p.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) copyOne(ctx context.Context, from Vault, to inventory.BackupStore, cluster, id string) error {
	m, err := from.Load(ctx, cluster, id)
	if err == nil {
		err = e.copy(ctx, from, to, m)
	}
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", id, to.Name, err)
	}
	return nil
}

// copy brings a backup to another store: its parts, then its manifest, then what was found of it.
func (e *Engine) copy(ctx context.Context, from Vault, to inventory.BackupStore, m Manifest) error {
	v, err := e.Vault(to)
	if err != nil {
		return err
	}
	copying := store.Copy{From: from.Store, To: v.Store, Want: m.sums()}
	if err := copying.Run(ctx, partsOf(m.Cluster, m.ID)); err != nil {
		return err
	}
	if err := v.Save(ctx, m); err != nil {
		return err
	}
	if err := e.Catalogue.Add(ctx, m, to.Name); err != nil {
		return err
	}
	copying.Want = nil
	return copying.Run(ctx, proofsOf(m.Cluster, m.ID))
}
