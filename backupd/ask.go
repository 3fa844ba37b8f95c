package backupd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// What hints may bring about at most: one run of a cluster in an hour, and nothing for a hint that
// could not be heeded for a day.
const (
	hintEvery = time.Hour
	hintStale = 24 * time.Hour
)

// An Asker looks after what alerts ask for. What it begins is chosen by rule from kagu.yaml and the
// catalogue: an alert says which cluster, and no more.
type Asker struct {
	Engine *Engine
	Log    *slog.Logger
	Every  time.Duration // how often it looks by itself; 0: 15 s

	wake chan struct{}
}

// NewAsker returns an Asker of an engine.
func NewAsker(e *Engine) *Asker { return &Asker{Engine: e, Log: e.Log, wake: make(chan struct{}, 1)} }

// Wake makes it look soon.
func (a *Asker) Wake() {
	select {
	case a.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Run looks after hints until the context ends.
func (a *Asker) Run(ctx context.Context) error {
	every := a.Every
	if every == 0 {
		every = 15 * time.Second
	}
	for {
		if err := a.look(ctx); err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "what alerts ask for is not looked after, trying again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.wake:
		case <-time.After(every):
		}
	}
}

func (a *Asker) look(ctx context.Context) error {
	pending, err := a.Engine.Catalogue.PendingHints(ctx)
	seen := map[string]bool{} // one a cluster: the others wait for their hour
	for _, h := range pending {
		if seen[h.Cluster] || err != nil {
			continue
		}
		seen[h.Cluster] = true
		err = a.heed(ctx, h)
	}
	return err
}

func (a *Asker) heed(ctx context.Context, h Hint) error {
	e := a.Engine
	now := e.now()
	last, err := e.Catalogue.Heeded(ctx, h.Cluster)
	if err != nil {
		return err
	}
	if now.Sub(h.Last) > hintStale {
		return a.done(ctx, h, 0, "not heeded within a day")
	}
	if since := now.Sub(last); since >= 0 && since < hintEvery {
		return nil
	}
	if why := Hold(h.Wants, e.Around(ctx, Slot{Cluster: h.Cluster, What: h.Wants})); why != "" {
		return nil // later: an alert may do no more than the schedule
	}
	run, err := a.begin(ctx, h)
	switch {
	case errors.Is(err, ErrBusy), errors.Is(err, errNotRunning):
		return nil // later
	case err != nil:
		return a.done(ctx, h, 0, err.Error())
	}
	return a.done(ctx, h, run.ID, "begun")
}

func (a *Asker) begin(ctx context.Context, h Hint) (Run, error) {
	e, by := a.Engine, "alert "+h.Alert
	c, _, err := e.find(h.Cluster)
	if err != nil {
		return Run{}, err
	}
	if h.Wants == Taking {
		job, err := FullJob(c)
		if err != nil {
			return Run{}, err
		}
		return e.Take(ctx, h.Cluster, job, by)
	}
	entries, err := e.Catalogue.Entries(ctx, h.Cluster)
	if err != nil {
		return Run{}, err
	}
	id, err := backupForHint(entries)
	if err != nil {
		return Run{}, err
	}
	return e.Prove(ctx, h.Cluster, id, by)
}

func (a *Asker) done(ctx context.Context, h Hint, run int64, said string) error {
	a.Log.InfoContext(ctx, "an alert asked", "cluster", h.Cluster, "wants", h.Wants, "alert", h.Alert, "received", h.Count, "run", run, "said", said)
	return a.Engine.Catalogue.DoneHints(context.WithoutCancel(ctx), h.Cluster, h.Wants, a.Engine.now(), run, said)
}

// FullJob is the first job of a cluster that takes a full backup.
func FullJob(c inventory.Cluster) (string, error) {
	for _, j := range c.Backup.Jobs {
		if m := Method(j.Method); m == Physical || m == Native {
			return j.Name, nil
		}
	}
	return "", fmt.Errorf("cluster %s has no job that takes a full backup", c.Name)
}

// backupForHint is the newest backup that could be restored, if it is not proven yet.
func backupForHint(entries []Entry) (string, error) {
	id, err := newestWhole(entries)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Manifest.ID == id })
	if _, proven := entries[i].ProvenAt(); proven {
		return "", fmt.Errorf("the newest backup %s is proven already", id)
	}
	return id, nil
}
