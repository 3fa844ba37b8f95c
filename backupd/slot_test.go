package backupd

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kagu-db/kagu/internal/inventory"
)

// slot makes the slot of one job.
func slot(t testing.TB, schedule, zone string, jitter, window time.Duration) Slot {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	all := Slots(&inventory.Fleet{Clusters: []inventory.Cluster{{Name: "backoffice", Backup: &inventory.Backup{
		Zone: z, Jobs: []inventory.BackupJob{{Name: "full", Schedule: schedule, Jitter: jitter, Window: window}},
	}}}})
	if len(all) != 1 {
		t.Fatalf("%d slots", len(all))
	}
	return all[0]
}

func TestDue(t *testing.T) {
	const day = "2026-03-10T"
	for _, c := range []struct {
		name, schedule string
		last, now      string
		slack          time.Duration
		want           string // when it was due, "missed" before it if it is too late; "" nothing
	}{
		{name: "not yet", last: "2026-03-09T02:15:00Z", now: day + "02:14:59Z"},
		{name: "now", last: "2026-03-09T02:15:00Z", now: day + "02:15:00Z", want: day + "02:15:00Z"},
		{name: "dealt with", last: day + "02:15:00Z", now: day + "02:15:01Z"},
		{name: "late, within the window", last: "2026-03-09T02:15:00Z", now: day + "06:00:00Z", want: day + "02:15:00Z"},
		{name: "too late", last: "2026-03-09T02:15:00Z", now: day + "06:15:01Z", want: "missed " + day + "02:15:00Z"},
		{name: "too late by a clock that jumped over it", last: "2026-03-09T02:15:00Z", now: day + "09:15:00Z", slack: 8 * time.Hour, want: day + "02:15:00Z"},
		{name: "after days of downtime the newest only", last: "2026-03-01T02:15:00Z", now: day + "03:00:00Z", want: day + "02:15:00Z"},
		{name: "after a year of downtime", last: "2025-03-01T02:15:00Z", now: day + "03:00:00Z", want: day + "02:15:00Z"},
		{name: "a clock that was put back does not bring it again", last: day + "02:15:00Z", now: day + "01:20:00Z"},
		{name: "nor when it gets there", last: day + "02:15:00Z", now: day + "02:15:30Z"},
		{name: "but the next one", last: day + "02:15:00Z", now: "2026-03-11T02:15:30Z", want: "2026-03-11T02:15:00Z"},
		{name: "a begin in the far future holds nothing up", last: "2036-03-10T02:15:00Z", now: day + "02:15:30Z"},
		{name: "a week ago, too late", schedule: "0 4 * * 0", last: "2026-03-01T04:00:00Z", now: day + "12:00:00Z", want: "missed 2026-03-08T04:00:00Z"},
		{name: "every hour, the newest", schedule: "0 * * * *", last: "2026-03-08T01:00:00Z", now: day + "12:30:00Z", want: day + "12:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.schedule == "" {
				c.schedule = "15 2 * * *"
			}
			d := slot(t, c.schedule, "UTC", 0, 4*time.Hour).Due(at(t, c.last), at(t, c.now), c.slack)
			got := ""
			if !d.At.IsZero() {
				got = d.At.UTC().Format(time.RFC3339)
			}
			if d.Missed {
				got = "missed " + got
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestJitterIsSteadyAndOfTheName(t *testing.T) {
	a := slot(t, "15 2 * * *", "UTC", 10*time.Minute, time.Hour)
	if b := slot(t, "15 2 * * *", "UTC", 10*time.Minute, time.Hour); a.Delay != b.Delay || a.Delay < 0 || a.Delay >= 10*time.Minute {
		t.Errorf("%s and %s", a.Delay, b.Delay)
	}
	seen := map[time.Duration]bool{}
	for _, name := range []string{"a/full", "b/full", "c/full", "d/full"} {
		seen[share(name, 10*time.Minute)] = true
	}
	if len(seen) < 3 {
		t.Errorf("four names share %d delays", len(seen))
	}
	if next := a.Next(at(t, "2026-03-10T00:00:00Z")); next.Sub(at(t, "2026-03-10T02:15:00Z")) != a.Delay {
		t.Errorf("it begins at %s", next)
	}
}

// However often and at whatever moments one looks, and however the clock is stepped meanwhile, a
// begin is dealt with once, and none that the clock came to within its window is left out.
func TestDueNeverDoublesAndNeverLoses(t *testing.T) {
	s := slot(t, "15 2,14 * * *", "Europe/Paris", 7*time.Minute, 4*time.Hour)
	for range 20 {
		rapid.Check(t, func(rt *rapid.T) {
			now := time.Unix(rapid.Int64Range(1767225600, 1798761600).Draw(rt, "start"), 0)
			start, last, reached := now, now, now
			dealt := map[int64]int{}
			for range rapid.IntRange(1, 60).Draw(rt, "looks") {
				passed := time.Duration(rapid.IntRange(1, 3600).Draw(rt, "passed")) * time.Second
				step := time.Duration(0)
				if rapid.IntRange(0, 9).Draw(rt, "stepped") == 0 {
					step = time.Duration(rapid.IntRange(-10*3600, 10*3600).Draw(rt, "step")) * time.Second
				}
				now = now.Add(passed + step)
				if d := s.Due(last, now, max(0, step)); !d.At.IsZero() {
					if d.Missed {
						rt.Fatalf("%s is missed at %s, although somebody always looked", d.At, now)
					}
					dealt[d.At.Unix()]++
					last = d.At
				}
				if now.After(reached) {
					reached = now
				}
			}
			for at := s.Next(start); !at.After(reached); at = s.Next(at) {
				skipped := s.Next(at).Compare(reached) <= 0 // one look may find two: the newer is dealt with
				if n := dealt[at.Unix()]; n > 1 || n == 0 && !skipped {
					rt.Fatalf("%s was dealt with %d times", at, n)
				}
			}
		})
	}
}
