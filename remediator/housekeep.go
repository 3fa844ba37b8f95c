package remediator

import (
	"context"
	"log/slog"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// A Housekeeper keeps the gauges that nobody's act changes up to date, and the journal small.
type Housekeeper struct {
	Fleet      func() *inventory.Fleet
	Journal    *journal.Journal
	KillSwitch KillSwitch
	Metrics    *Metrics
	Log        *slog.Logger
	Keep       time.Duration // how long the story of closed incidents is kept
}

// Run keeps house until the context ends.
func (h Housekeeper) Run(ctx context.Context) error {
	var pruned time.Time
	for {
		h.Metrics.killSwitch.WithLabelValues().Set(number(check(ctx, h.KillSwitch, Case{}) != nil))
		if err := h.maintenance(ctx); err != nil && ctx.Err() == nil {
			h.Metrics.journalErrors.WithLabelValues().Inc()
			h.Log.ErrorContext(ctx, "journal not read", "err", err)
		}
		if now := time.Now(); now.Sub(pruned) >= time.Hour {
			pruned = now
			if err := h.Journal.Prune(ctx, now, h.Keep); err != nil && ctx.Err() == nil {
				h.Metrics.journalErrors.WithLabelValues().Inc()
				h.Log.ErrorContext(ctx, "journal not pruned", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(5 * time.Second):
		}
	}
}

func (h Housekeeper) maintenance(ctx context.Context) error {
	list, err := h.Journal.Maintenances(ctx, time.Now())
	if err != nil {
		return err
	}
	on := map[string]bool{}
	for _, m := range list {
		on[m.Cluster] = true
	}
	for _, c := range h.Fleet().Clusters {
		h.Metrics.maintenance.WithLabelValues(c.Name).Set(number(on[c.Name]))
	}
	return nil
}
