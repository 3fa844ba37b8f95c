package backupd

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/promslog"
)

func TestProofsAndFailuresAreToldAndNothingElse(t *testing.T) {
	begun := time.Date(2026, 11, 28, 2, 15, 0, 0, time.UTC)
	run := func(what What, failed string) Run {
		return Run{Cluster: "backoffice", Job: "full", What: what, Backup: "B", Begun: begun, Ended: begun.Add(90 * time.Second), Stage: "read", Error: failed}
	}
	for _, c := range []struct {
		name string
		run  Run
		o    Outcome
		want string
	}{
		{name: "a backup that went well", run: run(Taking, "")},
		{name: "a prune that went well", run: run(Pruning, "")},
		{name: "a backup that failed", run: run(Taking, "disk\nfull"), want: "❌ backoffice/full: take failed at read after 1m30s: disk·full"},
		{name: "a proof", run: run(Proving, ""), o: Outcome{Records: []Record{{Said: "all good"}}}, want: "✅ backoffice/full: backup B was restored and looked at: all good"},
		{name: "a proof that failed", run: run(Proving, "rows differ"), want: "❌ backoffice/full: backup B is NOT proven: rows differ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Line(c.run, c.o); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhatIsNotHeardIsSaidAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []string
		away := 3
		teller := NewTeller(func(_ context.Context, text string) error {
			if away--; away >= 0 {
				return errors.New("Slack is away")
			}
			heard = append(heard, text)
			return nil
		}, promslog.NewNopLogger())
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- teller.Run(ctx) }()
		teller.Ended(Run{Cluster: "c", What: Taking, Stage: "read", Error: "one"}, Outcome{})
		time.Sleep(time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]string{"❌ c: take failed at read after 0s: one"}, heard); diff != "" {
			t.Error(diff)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
