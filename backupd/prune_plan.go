package backupd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/internal/inventory"
)

// orphanAge is how old parts without a manifest must be before they are taken for left behind: no
// backup takes that long.
const orphanAge = 48 * time.Hour

// PrunePlan says what pruning the backups of one cluster in one store would remove, and why not the
// others.
type PrunePlan struct {
	Cluster   string     `json:"cluster"`
	Store     string     `json:"store"` // of kagu.yaml
	Decisions []Decision `json:"decisions"`
	Orphans   []Orphan   `json:"orphans,omitempty"`
	Free      int64      `json:"free"` // bytes that it frees

	store    inventory.BackupStore
	vanished []string // what the catalogue knows and the store no longer has
}

// An Orphan is what lies in a store of a backup that has no manifest: one that was never finished,
// or whose removal was interrupted.
type Orphan struct {
	ID      string    `json:"id"`
	Newest  time.Time `json:"newest"` // of its objects
	Objects int       `json:"objects"`
	Size    int64     `json:"size"`
	Remove  bool      `json:"remove"`
	Why     string    `json:"why"`
}

// PrunePlans decides what to prune of a cluster, in every store of it. It removes nothing.
func (e *Engine) PrunePlans(ctx context.Context, cluster string) ([]PrunePlan, error) {
	c, _, err := e.find(cluster)
	if err != nil {
		return nil, err
	}
	return e.prunePlans(ctx, c)
}

func (e *Engine) prunePlans(ctx context.Context, c inventory.Cluster) ([]PrunePlan, error) {
	entries, err := e.Catalogue.Entries(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	var plans []PrunePlan
	var errs []error
	for _, st := range append([]inventory.BackupStore{c.Backup.Store}, c.Backup.Copies...) {
		plan, err := e.prunePlan(ctx, c, st, entries)
		if err != nil { // the other stores can be pruned all the same
			errs = append(errs, err)
			continue
		}
		plans = append(plans, plan)
	}
	return plans, errors.Join(errs...)
}

func (e *Engine) prunePlan(ctx context.Context, c inventory.Cluster, st inventory.BackupStore, entries []Entry) (PrunePlan, error) {
	p := PrunePlan{Cluster: c.Name, Store: st.Name, store: st}
	v, err := e.Vault(st)
	if err != nil {
		return p, err
	}
	orphans, err := v.leftBehind(ctx, c.Name) // before the manifests: what is finished meanwhile is no orphan
	if err != nil {
		return p, err
	}
	known := make(map[string]Entry, len(entries))
	for _, k := range entries {
		known[k.Manifest.ID] = k
	}
	listed, err := v.listKnown(ctx, c.Name, st.Name, known)
	if err != nil {
		return p, err
	}
	now, pins := e.now(), e.pins(c.Name)
	held := make([]Held, 0, len(listed))
	there := make(map[string]bool, len(listed))
	for _, l := range listed {
		held = append(held, hold(l, known[l.ID], st, pins))
		there[l.ID] = true
		delete(orphans, l.ID)
	}
	for _, k := range entries {
		if slices.Contains(k.Stores, st.Name) && !there[k.Manifest.ID] {
			p.vanished = append(p.vanished, k.Manifest.ID)
		}
	}
	p.Decisions = Retain(c.Backup.Retention, c.Backup.Zone, now, held)
	for _, d := range p.Decisions {
		if !d.Keep {
			p.Free += d.Stored
		}
	}
	refused := clockSaysNo(now, held)
	for _, id := range slices.Sorted(maps.Keys(orphans)) {
		o := orphans[id]
		o.Remove, o.Why = o.judge(now, pins[id], refused)
		if o.Remove {
			p.Free += o.Size
		}
		p.Orphans = append(p.Orphans, o)
	}
	return p, nil
}

// pins says of each backup that something is being done with what that is.
func (e *Engine) pins(cluster string) map[string]string {
	pins := map[string]string{}
	for _, r := range e.Running() {
		if r.Cluster != cluster || r.Backup == "" {
			continue
		}
		if pins[r.Backup] = "is being proven"; r.What == Taking {
			pins[r.Backup] = "is being taken"
		}
	}
	return pins
}

// hold puts together what a store lists of a backup and what was found of it. The store is the
// truth about what there is: a backup that the catalogue does not know has not been proven.
func hold(l Listed, k Entry, st inventory.BackupStore, pins map[string]string) Held {
	h := Held{ID: l.ID, Pinned: pins[l.ID]}
	if l.Err != nil {
		h.Unreadable = l.Err.Error()
		return h
	}
	m := l.Manifest
	h.Base, h.Method, h.Begun, h.Ended, h.Stored = m.Base, m.Method, m.Begun, m.Ended, m.Stored()
	if st.S3 != nil && st.S3.Lock > 0 {
		h.Locked = m.Ended.Add(st.S3.Lock)
	}
	h.Bad, _ = k.Bad()
	h.Proven, _ = k.ProvenAt()
	return h
}

// listKnown lists what a store has. Manifests that were read before are not read again: an archive of
// binary logs has very many.
func (v Vault) listKnown(ctx context.Context, cluster, name string, known map[string]Entry) ([]Listed, error) {
	var all []Listed
	err := v.Store.List(ctx, manifestsFolder+cluster+"/", func(i store.Info) error {
		if _, id, rest, ok := belongs(manifestsFolder, i.Name); ok && rest == "" {
			all = append(all, Listed{Cluster: cluster, ID: id})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the backups in %s: %w", v.Store, err)
	}
	for i := range all {
		if k, found := known[all[i].ID]; found && slices.Contains(k.Stores, name) {
			all[i].Manifest = k.Manifest
			continue
		}
		all[i].Manifest, all[i].Err = v.Load(ctx, cluster, all[i].ID)
	}
	return all, nil
}

// leftBehind lists the parts and proofs of a cluster by the backup they belong to.
func (v Vault) leftBehind(ctx context.Context, cluster string) (map[string]Orphan, error) {
	all := map[string]Orphan{}
	for _, folder := range []string{partsFolder, proofsFolder} {
		err := v.Store.List(ctx, folder+cluster+"/", func(i store.Info) error {
			if _, id, _, ok := belongs(folder, i.Name); ok {
				o := all[id]
				o.ID, o.Objects, o.Size = id, o.Objects+1, o.Size+i.Size
				if i.Stored.After(o.Newest) {
					o.Newest = i.Stored
				}
				all[id] = o
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list what is in %s: %w", v.Store, err)
		}
	}
	return all, nil
}

// judge says whether an orphan is removed.
func (o Orphan) judge(now time.Time, pinned, refused string) (remove bool, why string) {
	stamp, _, _ := strings.Cut(o.ID, "-")
	begun, err := time.Parse("20060102T150405Z", stamp)
	youngest := begun
	if o.Newest.After(youngest) {
		youngest = o.Newest
	}
	switch {
	case refused != "":
		return false, refused
	case pinned != "":
		return false, pinned
	case err != nil || now.Sub(youngest) < orphanAge:
		return false, "younger than two days: a backup may be on its way"
	}
	return true, "no manifest names it, and nothing was added for two days"
}
