package backupd

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// How often a line is tried that was not delivered, and how long between.
const (
	tellTries = 5
	tellAgain = 30 * time.Second
)

// A Teller brings to people what they want to know of backups: each proof, and each failure. A
// backup that went well is no news; the board and the alerts watch that it comes.
type Teller struct {
	Say func(ctx context.Context, text string) error
	Log *slog.Logger

	lines chan string
}

// NewTeller returns a Teller.
func NewTeller(say func(ctx context.Context, text string) error, log *slog.Logger) *Teller {
	return &Teller{Say: say, Log: log, lines: make(chan string, 100)}
}

// Ended takes up how a run ended. It never waits.
func (t *Teller) Ended(r Run, o Outcome) {
	line := Line(r, o)
	if line == "" {
		return
	}
	select {
	case t.lines <- line:
	default:
		t.Log.Warn("nobody was told, too much waits to be told", "line", line)
	}
}

// Run delivers what is to be told until the context ends.
func (t *Teller) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-t.lines:
			t.deliver(ctx, line)
		}
	}
}

func (t *Teller) deliver(ctx context.Context, line string) {
	for try := 1; ; try++ {
		err := t.Say(ctx, line)
		if err == nil || ctx.Err() != nil {
			return
		}
		if try == tellTries {
			t.Log.ErrorContext(ctx, "nobody was told", "line", line, "err", err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(tellAgain):
		}
	}
}

// Line says in one line how a run ended; "" if that is no news.
func Line(r Run, o Outcome) string {
	where := r.Cluster
	if r.Job != "" {
		where += "/" + r.Job
	}
	took := r.Ended.Sub(r.Begun).Round(time.Second)
	switch {
	case r.Error != "" && r.What == Proving:
		return cluster.Printable(fmt.Sprintf("❌ %s: backup %s is NOT proven: %s", where, r.Backup, r.Error))
	case r.Error != "":
		return cluster.Printable(fmt.Sprintf("❌ %s: %s failed at %s after %s: %s", where, r.What, r.Stage, took, r.Error))
	case r.What == Proving && len(o.Records) > 0:
		return cluster.Printable(fmt.Sprintf("✅ %s: backup %s was restored and looked at: %s", where, r.Backup, o.Records[0].Said))
	}
	return ""
}
