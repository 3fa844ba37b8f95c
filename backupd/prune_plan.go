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
	holds    holds    // of restores, when it was decided
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
	known, err := e.known(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	var plans []PrunePlan
	var errs []error
	for _, st := range append([]inventory.BackupStore{c.Backup.Store}, c.Backup.Copies...) {
		plan, err := e.prunePlan(ctx, c, st, known)
		if err != nil { // the other stores can be pruned all the same
			errs = append(errs, err)
			continue
		}
		plans = append(plans, plan)
	}
	return plans, errors.Join(errs...)
}

func (e *Engine) prunePlan(ctx context.Context, c inventory.Cluster, st inventory.BackupStore, k known) (PrunePlan, error) {
	p := PrunePlan{Cluster: c.Name, Store: st.Name, store: st}
	v, err := e.Vault(st)
	if err != nil {
		return p, err
	}
	orphans, err := v.leftBehind(ctx, c.Name) // before the manifests: what is finished meanwhile is no orphan
	if err != nil {
		return p, err
	}
	now, pins := e.now(), e.pins(c.Name)
	if p.holds, err = v.holds(ctx, c.Name, now); err != nil {
		return p, err
	}
	maps.Copy(pins, p.holds.pins)
	held, err := v.held(ctx, c.Name, st, k, pins)
	if err != nil {
		return p, err
	}
	there := make(map[string]bool, len(held))
	for _, h := range held {
		there[h.ID] = true
		delete(orphans, h.ID)
	}
	p.vanished = k.vanished(st.Name, there)
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
	begun, err := time.Parse(toTheSecond, stamp)
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
