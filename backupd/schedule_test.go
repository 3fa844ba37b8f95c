package backupd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/internal/inventory"
)

// remembered is a Memory without a disk.
type remembered struct {
	mu   sync.Mutex
	at   map[string]time.Time
	fail error
}

func (m *remembered) Fired(_ context.Context, cluster, job string) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at[cluster+"/"+job], m.fail
}

func (m *remembered) SetFired(_ context.Context, cluster, job string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.at[cluster+"/"+job] = at
	}
	return m.fail
}

// A stage is a scheduler in a bubble of time, whose clock on the wall can be stepped.
type stage struct {
	mu     sync.Mutex // of what the test changes while the scheduler looks
	t      *testing.T
	s      *Scheduler
	memory *remembered
	skew   time.Duration // of the wall to the bubble
	zone   *time.Location
	around Around
	busy   error // what Begin says
	begun  []string
	missed []string
	stop   func()
}

func newStage(t *testing.T, start, zone string, jobs ...inventory.BackupJob) *stage {
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	g := &stage{t: t, memory: &remembered{at: map[string]time.Time{}}, zone: z}
	g.skew = time.Until(at(t, start))
	fleet := &inventory.Fleet{Clusters: []inventory.Cluster{{Name: "backoffice", Backup: &inventory.Backup{Zone: z, Jobs: jobs}}}}
	g.s = &Scheduler{
		Fleet: func() *inventory.Fleet { return fleet }, Memory: g.memory, Log: promslog.NewNopLogger(),
		Now: func() time.Time {
			g.mu.Lock()
			defer g.mu.Unlock()
			return time.Now().Add(g.skew)
		},
		Around: func(context.Context, Slot) Around {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.around
		},
		Begin: func(_ context.Context, s Slot) error {
			now := g.s.now()
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.busy == nil {
				g.begun = append(g.begun, s.Job+" "+now.In(z).Format("Mon 15:04 MST"))
			}
			return g.busy
		},
		Missed: func(s Slot, due time.Time, why string) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.missed = append(g.missed, fmt.Sprintf("%s %s: %s", s.Job, due.In(z).Format("Mon 15:04"), why))
		},
	}
	g.start()
	return g
}

func (g *stage) start() {
	ctx, cancel := context.WithCancel(g.t.Context())
	done := make(chan error)
	go func() { done <- g.s.Run(ctx) }()
	g.stop = func() {
		cancel()
		if err := <-done; err != nil {
			g.t.Error(err)
		}
	}
	synctest.Wait()
}

// pass lets time pass, in which the scheduler looks.
func (g *stage) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// change changes what the scheduler finds at its next look.
func (g *stage) change(do func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.memory.mu.Lock()
	defer g.memory.mu.Unlock()
	do()
}

func (g *stage) want(what string, got []string, want ...string) {
	g.t.Helper()
	if !slices.Equal(got, want) {
		g.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func nightly(window time.Duration) inventory.BackupJob {
	return inventory.BackupJob{Name: "full", Schedule: "15 2 * * *", Window: window}
}

func TestTheClocksChangeInTheWindow(t *testing.T) {
	for _, c := range []struct {
		name, zone, start, schedule string
		want                        []string
	}{
		{"Paris, forward", "Europe/Paris", "2026-03-28T00:00:00+01:00", "15 2 * * *", []string{"full Sat 02:15 CET", "full Sun 03:00 CEST", "full Mon 02:15 CEST"}},
		{"Paris, back", "Europe/Paris", "2026-10-24T00:00:00+02:00", "15 2 * * *", []string{"full Sat 02:15 CEST", "full Sun 02:15 CEST", "full Mon 02:15 CET"}},
		{"Auckland, forward", "Pacific/Auckland", "2026-09-26T00:00:00+12:00", "15 2 * * *", []string{"full Sat 02:15 NZST", "full Sun 03:00 NZDT", "full Mon 02:15 NZDT"}},
		{"Auckland, back", "Pacific/Auckland", "2026-04-04T00:00:00+13:00", "15 2 * * *", []string{"full Sat 02:15 NZDT", "full Sun 02:15 NZDT", "full Mon 02:15 NZST"}},
		{"New York, forward", "America/New_York", "2026-03-07T00:00:00-05:00", "15 2 * * *", []string{"full Sat 02:15 EST", "full Sun 03:00 EDT", "full Mon 02:15 EDT"}},
		{"New York, back", "America/New_York", "2026-10-31T00:00:00-04:00", "15 1 * * *", []string{"full Sat 01:15 EDT", "full Sun 01:15 EDT", "full Mon 01:15 EST"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newStage(t, c.start, c.zone, inventory.BackupJob{Name: "full", Schedule: c.schedule, Window: 4 * time.Hour})
				g.pass(3*24*time.Hour - time.Hour)
				g.stop()
				g.want("begun", g.begun, c.want...)
				g.want("missed", g.missed)
			})
		})
	}
}

func TestAfterADowntimeItIsCaughtUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newStage(t, "2026-03-02T00:00:00Z", "UTC", nightly(4*time.Hour))
		g.pass(3 * time.Hour)
		g.stop()
		g.want("begun", g.begun, "full Mon 02:15 UTC")
		time.Sleep(72 * time.Hour) // nobody looks until Thursday 03:00
		g.start()
		g.pass(20 * time.Hour)
		g.want("begun", g.begun, "full Mon 02:15 UTC", "full Thu 03:00 UTC")
		g.stop()
		time.Sleep(10 * time.Hour) // Friday 09:00: too late
		g.start()
		g.pass(time.Hour)
		g.stop()
		g.want("begun", g.begun, "full Mon 02:15 UTC", "full Thu 03:00 UTC")
		g.want("missed", g.missed, "full Fri 02:15: backupd did not run")
		if p := g.s.Planned(); len(p) != 1 || p[0].Missed != "backupd did not run" || p[0].Next.Format(time.RFC3339) != "2026-03-07T02:15:00Z" {
			t.Errorf("%+v", p)
		}
	})
}

func TestAClockThatIsSteppedNeitherDoublesNorLoses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newStage(t, "2026-03-02T00:00:00Z", "UTC", nightly(time.Hour))
		g.pass(2*time.Hour + 20*time.Minute)
		g.change(func() { g.skew -= time.Hour }) // it is 01:20 again
		g.pass(2 * time.Hour)
		g.want("put back", g.begun, "full Mon 02:15 UTC")
		g.change(func() { g.skew += 27 * time.Hour }) // Tuesday 06:20: it jumps over the begin, and over its window
		g.pass(time.Minute)
		g.want("put forward", g.begun[1:], "full Tue 06:20 UTC")
		g.change(func() { g.skew -= 5 * time.Hour }) // and back before it
		g.pass(3 * time.Hour)
		g.stop()
		g.want("all", g.begun, "full Mon 02:15 UTC", "full Tue 06:20 UTC")
		g.want("missed", g.missed)
	})
}

func TestAJobWaitsWithAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newStage(t, "2026-03-02T00:00:00Z", "UTC", nightly(time.Hour))
		g.change(func() { g.around = Around{Transfer: "db3 receives from db1"} })
		g.pass(2*time.Hour + 30*time.Minute)
		if p := g.s.Planned(); p[0].Waiting != "the cluster is not at rest: db3 receives from db1" {
			t.Errorf("%+v", p)
		}
		g.change(func() { g.around = Around{Unknown: []string{"the remediator does not answer"}} })
		g.change(func() { g.busy = fmt.Errorf("%w: take full", ErrBusy) })
		g.pass(10 * time.Minute)
		g.want("begun", g.begun)
		g.change(func() { g.busy = nil })
		g.pass(time.Minute)
		g.want("begun", g.begun, "full Mon 02:40 UTC")
		g.change(func() { g.around = Around{Maintenance: "new disk, by ana"} })
		g.pass(25 * time.Hour)
		g.stop()
		g.want("begun", g.begun, "full Mon 02:40 UTC")
		g.want("missed", g.missed, "full Tue 02:15: the cluster is in maintenance: new disk, by ana")
	})
}

func TestNothingBeginsThatCannotBeWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newStage(t, "2026-03-02T00:00:00Z", "UTC", nightly(time.Hour))
		g.change(func() { g.memory.fail = errors.New("disk full") })
		g.pass(2*time.Hour + 30*time.Minute)
		g.want("begun", g.begun)
		g.change(func() { g.memory.fail = nil })
		g.pass(time.Minute)
		g.stop()
		g.want("begun", g.begun, "full Mon 02:30 UTC")
	})
}

func TestHold(t *testing.T) {
	running := &Run{What: Taking, Job: "full", Begun: at(t, "2026-03-02T00:00:00Z")}
	for _, c := range []struct {
		name string
		what What
		a    Around
		want string
	}{
		{"nothing is in the way", Taking, Around{}, ""},
		{"another job runs", Pruning, Around{Running: running}, "another job of the cluster runs: take full, since 2026-03-02T00:00:00Z"},
		{"maintenance", Taking, Around{Maintenance: "new disk"}, "the cluster is in maintenance: new disk"},
		{"a transfer", Taking, Around{Transfer: "db3 joins"}, "the cluster is not at rest: db3 joins"},
		{"what does not touch the cluster goes on", Proving, Around{Maintenance: "new disk", Transfer: "db3 joins"}, ""},
		{"what is unknown holds nothing back", Taking, Around{Unknown: []string{"the remediator"}}, ""},
	} {
		if got := Hold(c.what, c.a); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAScheduledProofTakesTurns(t *testing.T) {
	r := newRigWith(t, t.TempDir(), twoStores(), allKeys(t), func(e *Engine) {
		b := e.Fleet().Clusters[0].Backup
		b.Jobs = append(b.Jobs, inventory.BackupJob{Name: "dump", Method: "logical"})
	})
	r.take("full")
	r.take("changes")
	r.take("dump")
	var proven []string
	for range 3 {
		if err := r.engine.Begin(t.Context(), Slot{Cluster: "backoffice", What: Proving}); err != nil {
			t.Fatal(err)
		}
		run := <-r.ended
		_, method, _ := strings.Cut(run.Backup, "-")
		method, _, _ = strings.Cut(method, "-")
		proven = append(proven, method+run.Error)
	}
	if want := []string{"incremental", "logical", "incremental"}; !slices.Equal(proven, want) {
		t.Errorf("%q, want %q", proven, want)
	}
}
