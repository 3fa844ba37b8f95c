package remediator

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/journal"
)

type listener struct {
	mu    sync.Mutex
	heard []string
	deaf  bool
}

func (l *listener) Tell(_ context.Context, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deaf {
		return errors.New("no route to Slack")
	}
	l.heard = append(l.heard, text)
	return nil
}

func (l *listener) hears(deaf bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf = deaf
	return slices.Clone(l.heard)
}

// Bubbles of synctest begin at midnight UTC, Saturday 2000-01-01.
func TestMessagesWaitForABrokenWayAndComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, err := journal.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		inc, _, err := j.OpenIncident(t.Context(), "i", "backoffice", "p", "n2", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"one", "two"} {
			inc.Updated = time.Now()
			if err := j.SetIncident(t.Context(), inc, text); err != nil {
				t.Fatal(err)
			}
		}
		l := &listener{deaf: true}
		n := &Notifier{Journal: j, Teller: l, Metrics: NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler), Every: time.Second}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		if heard := l.hears(false); len(heard) != 0 {
			t.Fatalf("heard %q", heard)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"[of Sat 00:00:00 UTC] one", "[of Sat 00:00:00 UTC] two"}, l.hears(false)); diff != "" {
			t.Error(diff)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
