package remediator

import (
	"context"
	"log/slog"
	"time"

	"github.com/kagu-db/kagu/internal/journal"
)

// A Teller delivers one line to humans.
type Teller interface {
	Tell(ctx context.Context, text string) error
}

// A Notifier empties the outbox: each message is tried until it was delivered, in order, so
// that a broken way to Slack delays messages and loses none.
type Notifier struct {
	Journal *journal.Journal
	Teller  Teller
	Metrics *Metrics
	Log     *slog.Logger
	Every   time.Duration // how often the outbox is looked into
}

// Run delivers messages until the context ends.
func (n *Notifier) Run(ctx context.Context) error {
	pause := n.Every
	for {
		if n.deliver(ctx) {
			pause = n.Every
		} else {
			pause = min(2*pause, time.Minute)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

func (n *Notifier) deliver(ctx context.Context) (ok bool) {
	list, err := n.Journal.Unsent(ctx)
	if err != nil {
		if ctx.Err() == nil {
			n.Metrics.journalErrors.WithLabelValues().Inc()
			n.Log.ErrorContext(ctx, "outbox not read", "err", err)
		}
		return false
	}
	for i, m := range list {
		n.Metrics.pending.WithLabelValues().Set(float64(len(list) - i))
		if err := n.Teller.Tell(ctx, dated(m, time.Now())); err != nil {
			if ctx.Err() == nil {
				n.Metrics.sent.WithLabelValues("failed").Inc()
				n.Log.WarnContext(ctx, "message not delivered, trying again", "err", err)
			}
			return false
		}
		n.Metrics.sent.WithLabelValues("sent").Inc()
		if err := n.Journal.Sent(context.WithoutCancel(ctx), m, time.Now()); err != nil {
			n.Metrics.journalErrors.WithLabelValues().Inc()
			n.Log.ErrorContext(ctx, "message delivered, but not written down: it may come twice", "err", err)
			return false
		}
	}
	n.Metrics.pending.WithLabelValues().Set(0)
	return true
}

// dated gives a message that waited long its time, so that nobody takes it for news.
func dated(m journal.Message, now time.Time) string {
	if now.Sub(m.At) < time.Minute {
		return m.Text
	}
	return m.At.Local().Format("[of Mon 15:04:05 MST] ") + m.Text
}
