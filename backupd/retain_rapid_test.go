package backupd_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

// many checks a property on 2,500 histories.
func many(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	for range 25 {
		rapid.Check(t, property)
	}
}

// anyHistory draws the backups of a cluster over some months: chains, dumps and logs, some proven,
// bad, missing, unreadable, pinned or locked.
func anyHistory(t *rapid.T) (now time.Time, all []backupd.Held) {
	at := march(1)
	last := ""
	for i := range rapid.IntRange(0, 60).Draw(t, "backups") {
		at = at.Add(time.Duration(rapid.IntRange(1, 72*60).Draw(t, "minutes")) * time.Minute)
		h := backupd.Held{Begun: at, Ended: at.Add(time.Duration(rapid.IntRange(0, 59).Draw(t, "seconds")) * time.Second)}
		h.Method = rapid.SampledFrom([]backupd.Method{
			backupd.Physical, backupd.Incremental, backupd.Incremental, backupd.Logical, backupd.Binlog, backupd.Binlog,
		}).Draw(t, "method")
		if h.Method == backupd.Incremental && last == "" {
			h.Method = backupd.Physical
		}
		h.ID = fmt.Sprintf("%s-%s-aaaaaa%02d", at.Format("20060102T150405Z"), h.Method, i)
		if h.Method == backupd.Incremental {
			h.Base = last
		}
		if h.Method == backupd.Binlog {
			h.Log = fmt.Sprintf("db%d log.%06d", 1+i/30, i/rapid.IntRange(4, 5).Draw(t, "pieces"))
		}
		if h.Method == backupd.Physical || h.Method == backupd.Incremental {
			last = h.ID
		}
		switch rapid.IntRange(0, 19).Draw(t, "fate") {
		case 0, 1, 2, 3, 4, 5:
			if h.Method != backupd.Binlog {
				h.Proven = h.Ended.Add(time.Hour)
			}
		case 6:
			h.Bad = "damaged"
		case 7:
			h.Unreadable, h.Base = "damaged", ""
		case 8:
			h.Pinned = "is being read"
		case 9:
			h.Locked = h.Ended.Add(30 * 24 * time.Hour)
		case 10:
			continue // its manifest is gone
		}
		all = append(all, h)
	}
	return at.Add(time.Duration(rapid.IntRange(60, 40*24*60).Draw(t, "later")) * time.Minute), all
}

func anyPolicy(t *rapid.T) inventory.Retention {
	n := func(name string, least int) int { return rapid.IntRange(least, 8).Draw(t, name) }
	return inventory.Retention{
		Daily: n("daily", 0), Weekly: n("weekly", 0), Monthly: n("monthly", 0), Yearly: n("yearly", 0), Least: n("least", 1),
		Logs: time.Duration(rapid.SampledFrom([]int{0, 1, 7, 30}).Draw(t, "logs")) * 24 * time.Hour,
	}
}

func kept(all []backupd.Decision) []backupd.Held {
	var left []backupd.Held
	for _, d := range all {
		if d.Keep {
			left = append(left, d.Held)
		}
	}
	return left
}

func ids(all []backupd.Held) []string {
	names := make([]string, 0, len(all))
	for _, h := range all {
		names = append(names, h.ID)
	}
	return names
}

func TestRetainNeverGivesUpWhatIsNeeded(t *testing.T) {
	many(t, func(t *rapid.T) {
		now, all := anyHistory(t)
		policy := anyPolicy(t)
		got := backupd.Retain(policy, time.UTC, now, all)
		if len(got) != len(all) {
			t.Fatalf("%d decisions about %d backups", len(got), len(all))
		}
		left := kept(got)
		has := func(id string) bool { return slices.Contains(ids(left), id) }
		for _, h := range left { // a kept backup has what it builds on, if it was there
			if h.Base != "" && slices.Contains(ids(all), h.Base) && !has(h.Base) {
				t.Fatalf("%s is kept, %s that it builds on is not", h.ID, h.Base)
			}
		}
		for i, d := range got {
			if d.Why == "" {
				t.Fatalf("no reason is given for %s", d.ID)
			}
			if d.Keep {
				continue
			}
			switch {
			case d.Pinned != "" || d.Unreadable != "" || d.Locked.After(now):
				t.Fatalf("%s is given up, although it is read, unreadable or locked", d.ID)
			case d.Method == backupd.Binlog:
				mustNotNeed(t, policy, now, got[:i], d)
				for _, later := range got[i+1:] { // nothing is read of a file without its begin
					if later.Log == d.Log && later.Keep && later.Pinned == "" && !later.Locked.After(now) && later.Unreadable == "" {
						t.Fatalf("%s is given up, and %s of the same file is kept", d.ID, later.ID)
					}
				}
			default:
				mustBeFollowed(t, got[i+1:], d)
			}
		}
	})
}

// mustBeFollowed wants a younger chain of the same method that is proven and kept.
func mustBeFollowed(t *rapid.T, later []backupd.Decision, gone backupd.Decision) {
	group := func(m backupd.Method) backupd.Method {
		if m == backupd.Incremental {
			return backupd.Physical
		}
		return m
	}
	for _, d := range later {
		if d.Keep && group(d.Method) == group(gone.Method) && !d.Proven.IsZero() {
			return
		}
	}
	t.Fatalf("%s is given up, and nothing younger is kept that is proven", gone.ID)
}

// mustNotNeed wants no kept backup before a log that is given up, unless the log is beyond the
// limit and there is a backup between it and the limit.
func mustNotNeed(t *rapid.T, policy inventory.Retention, now time.Time, before []backupd.Decision, log backupd.Decision) {
	for _, d := range before {
		full := d.Base == "" && d.Method != backupd.Binlog && d.Method != backupd.Incremental
		if d.Keep && full && d.Bad == "" && d.Unreadable == "" && (policy.Logs == 0 || log.Ended.After(now.Add(-policy.Logs))) {
			t.Fatalf("%s is given up, and %s could be rolled forward over it", log.ID, d.ID)
		}
	}
}

func TestRetainGivesUpNothingMoreTheSecondTime(t *testing.T) {
	many(t, func(t *rapid.T) {
		now, all := anyHistory(t)
		policy := anyPolicy(t)
		once := kept(backupd.Retain(policy, time.UTC, now, all))
		if twice := kept(backupd.Retain(policy, time.UTC, now, once)); !slices.Equal(ids(once), ids(twice)) {
			t.Fatalf("first kept %v\nthen only %v", ids(once), ids(twice))
		}
	})
}

func TestRetainKeepsMoreByAWiderPolicy(t *testing.T) {
	many(t, func(t *rapid.T) {
		now, all := anyHistory(t)
		narrow := anyPolicy(t)
		wide := narrow
		for _, n := range []*int{&wide.Daily, &wide.Weekly, &wide.Monthly, &wide.Yearly, &wide.Least} {
			*n += rapid.IntRange(0, 3).Draw(t, "more")
		}
		if wide.Logs > 0 {
			wide.Logs += time.Duration(rapid.IntRange(0, 20).Draw(t, "days")) * 24 * time.Hour
		}
		more := ids(kept(backupd.Retain(wide, time.UTC, now, all)))
		for _, id := range ids(kept(backupd.Retain(narrow, time.UTC, now, all))) {
			if !slices.Contains(more, id) && !isLog(id) {
				t.Fatalf("%s is kept by %+v and not by %+v", id, narrow, wide)
			}
		}
	})
}

// A log may go by a wider policy: one more backup that is kept near the limit makes those before
// it needless.
func isLog(id string) bool { return len(id) > 17 && id[17:23] == "binlog" }

func TestRetainBringsNothingBackAsTimeGoesOn(t *testing.T) {
	many(t, func(t *rapid.T) {
		now, all := anyHistory(t)
		policy := anyPolicy(t)
		today := ids(kept(backupd.Retain(policy, time.UTC, now, all)))
		later := now.Add(time.Duration(rapid.IntRange(0, 5*24*60).Draw(t, "minutes")) * time.Minute)
		for _, d := range backupd.Retain(policy, time.UTC, later, all) {
			if d.Keep && !slices.Contains(today, d.ID) && now.Sub(newest(all)) < 40*24*time.Hour && later.Sub(newest(all)) < 45*24*time.Hour {
				t.Fatalf("%s was given up and is kept later: %s", d.ID, d.Why)
			}
		}
	})
}

func newest(all []backupd.Held) time.Time {
	var at time.Time
	for _, h := range all {
		if h.Ended.After(at) {
			at = h.Ended
		}
	}
	return at
}
