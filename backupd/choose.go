package backupd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrTooLate says that a backup holds a later state than the one that is wanted: an older backup
// may do.
var ErrTooLate = errors.New("the backup is of a later state than the one that is wanted")

// ErrUnfit says that a backup of this method does not lead to the goal: one of another method may.
var ErrUnfit = errors.New("the backup is of no use for this")

// ErrTarget says that what is restored into is not ready for it, whichever backup it is.
var ErrTarget = errors.New("nothing can be restored into it")

// A Choice is a restore that can be carried out, and what was passed over on the way to it.
type Choice struct {
	Restore Restore
	Plan    Plan
	Passed  []string // newer backups, and why each is not used
}

// Choose finds the backup for a restore and plans it: the one of that ID, or without one the newest
// that is good and not of a later state than r.Point. What is newer and cannot be used is told, with
// how much older the one is that can.
func Choose(ctx context.Context, kind Kind, v Vault, all []Entry, id string, r Restore) (Choice, error) {
	var c Choice
	entries, pieces := split(all)
	pieces = distinct(pieces)
	var newest time.Time
	for _, e := range slices.Backward(entries) {
		m := e.Manifest
		if id != "" && m.ID != id {
			continue
		}
		if newest.IsZero() {
			newest = m.Begun
		}
		plan, err := tryPlan(ctx, kind, v, entries, pieces, m, &r)
		if err == nil {
			c.Restore, c.Plan = r, plan
			if behind := newest.Sub(m.Begun); behind > 0 {
				c.Passed = append(c.Passed, fmt.Sprintf("%s is used in their place; it is %s older than the newest", m.ID, behind.Round(time.Second)))
			}
			return c, nil
		}
		if id == "" && errors.Is(err, ErrUnfit) {
			newest = time.Time{} // nothing is lost by it: there was never a use of that one
			continue
		}
		// To a point, another backup may lead where this one does not. Without one, what is wrong
		// with the wish is wrong with every backup.
		if id != "" || errors.Is(err, ErrTarget) || r.Point == (Point{}) && !errors.Is(err, ErrBroken) && !errors.Is(err, ErrDamaged) {
			return Choice{}, err
		}
		c.Passed = append(c.Passed, fmt.Sprintf("%s is not used: %v", m.ID, err))
	}
	if id != "" {
		return Choice{}, fmt.Errorf("there is no backup %.60q; kagu backup list %s shows what there is", id, r.Cluster.Name)
	}
	if len(c.Passed) == 0 {
		return Choice{}, fmt.Errorf("there is no backup of this cluster; kagu backup run %s takes one", r.Cluster.Name)
	}
	return Choice{}, fmt.Errorf("none of %d backups can be used; %s", len(c.Passed), c.Passed[0])
}

func tryPlan(ctx context.Context, kind Kind, v Vault, entries []Entry, pieces []Piece, m Manifest, r *Restore) (Plan, error) {
	if !r.Point.Time.IsZero() && m.Begun.After(r.Point.Time) {
		return Plan{}, fmt.Errorf("%w: it began at %s", ErrTooLate, m.Begun.Format(time.RFC3339))
	}
	links, err := v.Links(ctx, entries, m.ID)
	if err != nil {
		return Plan{}, err
	}
	r.Links, r.Proofs = links, proofs(entries)
	if r.Logs, err = v.logs(ctx, pieces, m, r.Point); err != nil {
		return Plan{}, err
	}
	if !r.Point.Time.IsZero() {
		if r.Reached, err = v.reached(ctx, r.Cluster.Name); err != nil {
			return Plan{}, err
		}
	}
	r.Begun = begunIn(r.Dir, m.ID, *r)
	return kind.Plan(ctx, *r)
}

// logs returns the archived binary logs that may be needed to go on from a backup to a point: whole
// files, since only the begin of a file tells how to read the rest of it.
func (v Vault) logs(ctx context.Context, pieces []Piece, m Manifest, to Point) ([]Link, error) {
	if to == (Point{}) {
		return nil, nil
	}
	var links []Link
	for _, p := range since(pieces, m) {
		full, err := v.Load(ctx, m.Cluster, p.ID)
		if err != nil {
			return nil, err
		}
		links = append(links, Link{Manifest: full, Source: v.Source(full)})
	}
	return links, nil
}

// since returns the archived pieces that may be needed to go on from a backup.
func since(all []Piece, m Manifest) []Piece {
	return logsAfter(all, m.Begun, func(p Piece) (string, string, time.Time) { return p.Node, p.To.File, p.Ended })
}

// logsAfter picks from pieces, which come the oldest first, those that may be needed to go on from a
// moment: of every file that was written to after it, and of the file before the first of those, since
// a backup may stand at its end. A file is needed whole: only its begin tells how to read the rest.
func logsAfter[T any](pieces []T, begun time.Time, about func(T) (node, file string, ended time.Time)) []T {
	type file struct{ node, name string }
	wanted, first := map[file]bool{}, map[string]bool{}
	var picked []T
	for _, l := range slices.Backward(pieces) {
		node, name, ended := about(l)
		f := file{node, name}
		if ended.Before(begun) && !wanted[f] {
			if first[node] { // the file before the first is here already
				continue
			}
			first[node] = true
		}
		wanted[f] = true
		picked = append(picked, l)
	}
	slices.Reverse(picked)
	return picked
}

func proofs(entries []Entry) []Record {
	var all []Record
	for _, e := range entries {
		if r, found := e.Newest(Proven); found && r.Good {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Record) int { return b.Ended.Compare(a.Ended) })
	return all
}
