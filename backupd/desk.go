package backupd

import (
	"context"
	"fmt"
	"slices"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/statefile"
)

// A Desk is what the API asks of backupd.
type Desk interface {
	List(ctx context.Context, cluster string) ([]Listing, error) // "": all clusters that have backups
	Show(ctx context.Context, cluster, id string) (Shown, error)
	Runs(ctx context.Context, cluster string, limit int) ([]Run, error)
	FindRun(ctx context.Context, id int64) (Run, error)
	Take(ctx context.Context, cluster, job, by string) (Run, error)
	Prove(ctx context.Context, cluster, id, by string) (Run, error)
	Cancel(cluster, by string) bool
	PrunePlans(ctx context.Context, cluster string) ([]PrunePlan, error)
	Prune(ctx context.Context, cluster, by string) (Run, error)
	Planned() []Planned
}

// An EngineDesk is the desk of a running backupd: what changes something is the engine's own.
type EngineDesk struct {
	*Engine
	Schedule *Scheduler
}

// List tells what there is of each cluster.
func (d EngineDesk) List(ctx context.Context, name string) ([]Listing, error) {
	all := []Listing{}
	if name != "" {
		if _, _, err := d.find(name); err != nil {
			return nil, err
		}
	}
	for _, c := range d.Fleet().Clusters {
		if c.Backup == nil || name != "" && c.Name != name {
			continue
		}
		entries, err := d.Catalogue.Entries(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		pieces, err := d.Catalogue.Pieces(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		l := list(c, entries, pieces).Brief()
		if l.Failed, err = d.Catalogue.failed(ctx, c.Name); err != nil {
			return nil, err
		}
		for _, r := range d.Running() {
			if r.Cluster == c.Name {
				l.Running = append(l.Running, r)
			}
		}
		all = append(all, l)
	}
	return all, nil
}

// Show tells all of one backup.
func (d EngineDesk) Show(ctx context.Context, name, id string) (Shown, error) {
	c, _, err := d.find(name)
	if err != nil {
		return Shown{}, err
	}
	if methodOf(id) == Binlog {
		return d.showPiece(ctx, c, id)
	}
	entries, err := d.Catalogue.Entries(ctx, name)
	if err != nil {
		return Shown{}, err
	}
	return Show(entries, name, id)
}

// showPiece reads a piece of a binary log from the store: the catalogue keeps little of it.
func (d EngineDesk) showPiece(ctx context.Context, c inventory.Cluster, id string) (Shown, error) {
	v, err := d.Vault(c.Backup.Store)
	if err != nil {
		return Shown{}, err
	}
	m, err := v.Load(ctx, c.Name, id)
	if err != nil {
		return Shown{}, err
	}
	e := Entry{Manifest: m, Stores: []string{c.Backup.Store.Name}}
	if m.Looked() {
		if e.Records, err = v.Records(ctx, c.Name, id); err != nil {
			return Shown{}, err
		}
	}
	return show([]Entry{e}, e), nil
}

// Show finds a backup among those of its cluster and tells all of it.
func Show(entries []Entry, name, id string) (Shown, error) {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Manifest.ID == id })
	if i < 0 {
		return Shown{}, fmt.Errorf("cluster %s has no backup %q; kagu backup list %s shows those it has: %w", name, cluster.Printable(id), name, store.ErrNotFound)
	}
	return show(entries, entries[i]), nil
}

// Runs returns the newest runs; those that go on come with how far they are.
func (d EngineDesk) Runs(ctx context.Context, name string, limit int) ([]Run, error) {
	runs, err := d.Catalogue.Runs(ctx, name, limit)
	for _, now := range d.Running() {
		if i := slices.IndexFunc(runs, func(r Run) bool { return r.ID == now.ID && r.Ended.IsZero() }); i >= 0 {
			runs[i] = now
		}
	}
	return runs, err
}

// FindRun returns one run, with how far it is.
func (d EngineDesk) FindRun(ctx context.Context, id int64) (Run, error) {
	for _, r := range d.Running() {
		if r.ID == id {
			return r, nil
		}
	}
	runs, err := d.Catalogue.runs(ctx, `WHERE id = ?`, id)
	if err == nil && len(runs) == 0 {
		err = fmt.Errorf("run %d: %w", id, statefile.ErrNotFound)
	}
	if err != nil {
		return Run{}, err
	}
	return runs[0], nil
}

// Planned returns the schedule as it was looked at last.
func (d EngineDesk) Planned() []Planned { return d.Schedule.Planned() }

// failed returns the newest run that took a backup and has ended, if it failed.
func (c *Catalogue) failed(ctx context.Context, name string) (*Run, error) {
	runs, err := c.runs(ctx, `WHERE cluster = ? AND what = ? AND ended IS NOT NULL ORDER BY id DESC LIMIT 1`, name, Taking)
	if err != nil || len(runs) == 0 || runs[0].Error == "" {
		return nil, err
	}
	return &runs[0], nil
}
