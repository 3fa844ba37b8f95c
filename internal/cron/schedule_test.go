package cron_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kagu-db/kagu/internal/cron"
)

// Times with their offset say which of two moments of the same clock is meant.
func TestNextOnDaysWhenTheClocksChange(t *testing.T) {
	for _, c := range []struct {
		name, zone, schedule, after string
		want                        []string
	}{
		{
			"a moment that is skipped comes right after the gap", "Europe/Paris", "15 2 * * *", "2026-03-28T00:00:00+01:00",
			[]string{"2026-03-28T02:15:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:15:00+02:00"},
		},
		{
			"all that is skipped comes at once, and once", "Europe/Paris", "*/20 2-3 * * *", "2026-03-29T01:30:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00", "2026-03-29T03:40:00+02:00", "2026-03-30T02:00:00+02:00"},
		},
		{
			"a moment that is there twice comes the first time", "Europe/Paris", "30 2 * * *", "2026-10-24T03:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		{
			"every hour goes on in the hour that is there twice", "Europe/Paris", "0 * * * *", "2026-10-25T01:30:00+02:00",
			[]string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"},
		},
		{
			"every hour knows no gap", "Europe/Paris", "30 * * * *", "2026-03-29T01:00:00+01:00",
			[]string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"},
		},
		{
			"every hour at the very change", "Europe/Paris", "0 * * * *", "2026-03-29T01:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"},
		},
		{
			"south of the equator, forward", "Pacific/Auckland", "15 2 * * *", "2026-09-26T12:00:00+12:00",
			[]string{"2026-09-27T03:00:00+13:00", "2026-09-28T02:15:00+13:00"},
		},
		{
			"south of the equator, back", "Pacific/Auckland", "15 2 * * *", "2026-04-04T12:00:00+13:00",
			[]string{"2026-04-05T02:15:00+13:00", "2026-04-06T02:15:00+12:00"},
		},
		{
			"America, forward", "America/New_York", "30 2 * * 0", "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T03:00:00-04:00", "2026-03-15T02:30:00-04:00"},
		},
		{
			"America, back", "America/New_York", "30 1 * * *", "2026-10-31T12:00:00-04:00",
			[]string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"},
		},
		{
			"clocks that change by half an hour", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00+10:30",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"},
		},
		{
			"clocks that never change", "Pacific/Noumea", "15 2 * * *", "2026-03-28T12:00:00+11:00",
			[]string{"2026-03-29T02:15:00+11:00", "2026-03-30T02:15:00+11:00"},
		},
		{
			"either day is enough, as in crontab", "UTC", "0 4 13 * 5", "2026-02-10T00:00:00Z",
			[]string{"2026-02-13T04:00:00Z", "2026-02-20T04:00:00Z", "2026-02-27T04:00:00Z", "2026-03-06T04:00:00Z", "2026-03-13T04:00:00Z"},
		},
		{
			"29 February", "UTC", "0 4 29 2 *", "2026-02-10T00:00:00Z",
			[]string{"2028-02-29T04:00:00Z"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone, at := load(t, c.zone), when(t, c.after)
			s, err := cron.Parse(c.schedule)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				at = s.Next(at, zone)
				if got := at.Format(time.RFC3339); got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
		})
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"daily":                 "five fields",
		"":                      "five fields",
		"0 0 2 * * *":           "five fields",
		"60 2 * * *":            "60",
		"15 24 * * *":           "24",
		"a 2 * * *":             "a",
		"0 4 30 2 *":            "there is no such day",
		"TZ=Asia/Tokyo 1 2 3 *": "only numbers",
		"@every 1h 2 3 4":       "only numbers",
		"*/0 * * * *":           "0",
	} {
		if _, err := cron.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want something with %q", text, err, want)
		}
	}
}

// What comes next is after t, never skips what an even clock would not, and is the same from any
// moment before it.
func TestNextIsSteady(t *testing.T) {
	zones := []string{"Europe/Paris", "Pacific/Auckland", "America/New_York", "Australia/Lord_Howe", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := cron.Parse(rapid.SampledFrom([]string{"15 2 * * *", "0 * * * *", "*/15 * * * *", "30 1-3 * * *", "0 4 1 * *", "15 6-22/4 * * *"}).Draw(t, "schedule"))
		if err != nil {
			t.Fatal(err)
		}
		from := time.Unix(rapid.Int64Range(1735689600, 1893456000).Draw(t, "from"), 0)
		next := s.Next(from, zone)
		if !next.After(from) {
			t.Fatalf("%s comes not after %s", next, from)
		}
		between := from.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(from))-1).Draw(t, "between")))
		if again := s.Next(between, zone); !again.Equal(next) {
			t.Fatalf("from %s it is %s, from %s it is %s", from, next, between, again)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"15 2 * * *", "0 4 29 2 *", "*/5 6-22/4 1,15 jan-mar mon#2", "H H * * *", "0 0 L * *"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := cron.Parse(text)
		if err != nil {
			return
		}
		from := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
		if next := s.Next(from, time.UTC); !next.After(from) {
			t.Errorf("%q comes at %s, not after %s", text, next, from)
		}
	})
}

func load(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func when(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
