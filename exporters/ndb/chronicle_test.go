package ndb

import (
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
)

// told has a chronicle hear these.
func told(events ...mgm.Event) *chronicle {
	c := newChronicle()
	for _, e := range events {
		c.hear(e)
	}
	return c
}

func happened(t mgm.EventType, source int, fields ...mgm.Field) mgm.Event {
	return mgm.Event{Type: t, Source: source, Fields: fields, Time: time.Now()}
}

// savedLater is an event from the log of a data node whose clock is an hour ahead.
func savedLater(e mgm.Event) mgm.Event {
	e.Saved, e.Time = true, e.Time.Add(time.Hour)
	return e
}

func gap(saved bool) mgm.Event { return mgm.Event{Time: time.Now(), Gap: &mgm.Gap{Saved: saved}} }

func failed(node uint32, by int) mgm.Event {
	return happened(mgm.NodeFailed, by, mgm.Field{Name: "failed_node", Value: node})
}

func backupOf(t mgm.EventType, id uint32) mgm.Event {
	return happened(t, 2, mgm.Field{Name: "backup_id", Value: id})
}

func TestFailuresAreCountedOnceEach(t *testing.T) {
	for _, c := range []struct {
		name string
		said []mgm.Event
		want int
	}{
		{"all others say it", []mgm.Event{failed(3, 2), failed(3, 4), failed(3, 5)}, 1},
		{"it came back and fails again", []mgm.Event{failed(3, 2), happened(mgm.StartStarted, 3), failed(3, 2)}, 2},
		{"that it came back was lost in a gap", []mgm.Event{failed(3, 2), gap(false), failed(3, 2)}, 2},
		{"a gap of which all was saved", []mgm.Event{failed(3, 2), gap(true), failed(3, 4)}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := told(c.said...).failures[3]; got != c.want {
				t.Errorf("%d failures, want %d", got, c.want)
			}
		})
	}
}

func TestBackupsAcrossGapsAndClocks(t *testing.T) {
	started, completed := backupOf(mgm.BackupStarted, 1), backupOf(mgm.BackupCompleted, 1)
	again, done := backupOf(mgm.BackupStarted, 2), backupOf(mgm.BackupCompleted, 2)
	for _, c := range []struct {
		name           string
		said           []mgm.Event
		heard, running bool
		completed      int
	}{
		{"one runs", []mgm.Event{started}, true, true, 0},
		{"one is done", []mgm.Event{started, completed}, true, false, 1},
		{"its end may have been lost in a gap", []mgm.Event{started, gap(false)}, false, false, 0},
		{"a gap in which nothing was lost", []mgm.Event{started, gap(true)}, true, true, 0},
		{"one is done, and a gap", []mgm.Event{started, completed, gap(false)}, false, false, 1},
		{
			"the next is heard, after one that was saved by a clock that is ahead",
			[]mgm.Event{gap(true), savedLater(started), savedLater(completed), again, done},
			true, false, 2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := told(c.said...).backup
			if b.heard != c.heard || b.heard && b.running != c.running || b.count["completed"] != c.completed {
				t.Errorf("heard %v, running %v, %d completed", b.heard, b.running, b.count["completed"])
			}
		})
	}
}

// What a server makes up must not fill the exporter, nor Prometheus.
func TestAServerThatMakesUpNodesAndCodes(t *testing.T) {
	c := newChronicle()
	for i := range uint32(5000) {
		c.hear(happened(mgm.StopForced, 3, mgm.Field{Name: "error", Value: 100_000 + i}, mgm.Field{Name: "signum"}))
		c.hear(happened(mgm.StopCompleted, int(1000+i)))
		c.hear(failed(1000+i, 2))
		c.hear(happened(mgm.DeadDueToHeartbeat, 2, mgm.Field{Name: "node", Value: 1000 + i}))
		c.hear(happened(mgm.EventBuffer, int(1000+i), mgm.Field{Name: "usage", Value: i}))
	}
	total := 0
	for _, n := range c.forced {
		total += n
	}
	if total != 5000 {
		t.Errorf("%d forced stops, want all 5000", total)
	}
	for what, n := range map[string]int{
		"ways to stop": len(c.forced), "nodes that stopped": len(c.stops), "nodes that failed": len(c.failures),
		"heartbeats": len(c.heartbeats), "buffers": len(c.buffers),
	} {
		if n > 300 {
			t.Errorf("%d %s are remembered", n, what)
		}
	}
}
