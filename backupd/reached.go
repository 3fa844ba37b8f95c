package backupd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

// Reached says that at a moment nothing was written that is not archived. The archive of an idle
// cluster has no newer piece that could show it. It is signed: who could forge one could make a
// restore stop early without a word.
type Reached struct {
	Format  int       `json:"format"`
	Cluster string    `json:"cluster"`
	Node    string    `json:"node"` // of kagu.yaml, whose binary log ends at Offset of File
	File    string    `json:"file"`
	Offset  uint64    `json:"offset"`
	At      time.Time `json:"at"` // before the look began
}

// reachedEvery is how often that is written down of a cluster that is idle. A restore may go up to
// the newest of these moments.
const reachedEvery = 5 * time.Minute

// Ends reports whether it is the end of that piece that was reached.
func (r *Reached) Ends(m Manifest) bool {
	return r != nil && r.Node == nodeOf(m) && r.File == m.Position.File && r.Offset == m.Position.Offset
}

// idle writes down at times that an archive is up to date; see Archive.Idle. What fails holds up no
// archive: it is tried again.
func (e *Engine) idle(c inventory.Cluster, log *slog.Logger) func(context.Context, func(context.Context) (Reached, bool, error)) {
	var last time.Time
	return func(ctx context.Context, look func(context.Context) (Reached, bool, error)) {
		if e.now().Sub(last).Abs() < reachedEvery { // a clock that was put back does not silence it
			return
		}
		last = e.now()
		r, known, err := look(ctx)
		if err == nil && known {
			r.Format, r.Cluster = Format, c.Name
			for _, st := range append([]inventory.BackupStore{c.Backup.Store}, c.Backup.Copies...) {
				var v Vault
				if v, err = e.signingVault(st); err == nil {
					err = v.saveReached(ctx, r)
				}
				if err != nil {
					break
				}
			}
		}
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "that the archive is up to date was not written down: a restore to this time would be refused", "cluster", c.Name, "err", err)
		}
	}
}

// saveReached keeps the newest and removes those before it.
func (v Vault) saveReached(ctx context.Context, r Reached) error {
	name := reachedOf(r.Cluster, r.At)
	if err := v.keep(ctx, name, r); err != nil {
		return err
	}
	all, err := v.listReached(ctx, r.Cluster)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other >= name {
			continue
		}
		err := v.Store.Delete(ctx, other)
		if err != nil && !errors.Is(err, store.ErrLocked) && !errors.Is(err, store.ErrDenied) { // a writer may remove nothing
			return fmt.Errorf("remove %s from %s: %w", other, v.Store, err)
		}
	}
	return nil
}

// reached returns the newest; nil if there is none. One that is damaged proves nothing.
func (v Vault) reached(ctx context.Context, cluster string) (*Reached, error) {
	all, err := v.listReached(ctx, cluster)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var r Reached
	name := all[len(all)-1]
	err = v.document(ctx, name, &r)
	if errors.Is(err, store.ErrNotFound) { // a newer one has just taken its place
		if all, err = v.listReached(ctx, cluster); err != nil || len(all) == 0 {
			return nil, err
		}
		name = all[len(all)-1]
		err = v.document(ctx, name, &r)
	}
	switch {
	case errors.Is(err, ErrDamaged):
		return nil, nil
	case err != nil:
		return nil, err
	case r.Format != Format || r.Cluster != cluster || reachedOf(r.Cluster, r.At) != name:
		return nil, nil
	}
	return &r, nil
}

// listReached lists what was written down of a cluster, the oldest first.
func (v Vault) listReached(ctx context.Context, cluster string) (names []string, err error) {
	folder := reachedFolder + cluster + "/"
	err = v.Store.List(ctx, folder, func(i store.Info) error {
		if stamp := strings.TrimPrefix(i.Name, folder); stampShape.MatchString(stamp) {
			names = append(names, i.Name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list how far the archive of %s has come in %s: %w", cluster, v.Store, err)
	}
	return names, nil
}
