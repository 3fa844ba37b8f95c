package ndb

import (
	"fmt"
	"maps"
	"testing"
	"time"
)

// A data node of which only the failure is known is not being started: it has no progress, and
// no time until it is done.
func TestOnlyARestartHasProgress(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		running bool
	}{
		{"nothing is known", 0, false},
		{"it failed", 2, false},
		{"its failure was handled", 3, false},
		{"it has its id", 4, true},
		{"it restores fragments", 12, true},
		{"it hands over subscriptions", 18, true},
		{"it is done", 19, false},
		{"it starts, as others see it", 20, true},
		{"it is done, as others see it", 24, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p past
			stages := map[string]time.Duration{"secs_for_local_recovery": 20 * time.Second}
			p.restart(Restart{Node: 3, Status: 19, Total: 20 * time.Second, Stages: stages}, time.Now())
			if _, running := p.restart(Restart{Node: 3, Status: c.status}, time.Now()); running != c.running {
				t.Errorf("running %v, want %v", running, c.running)
			}
		})
	}
}

// A restart as a live 9.7.2 told it: the column of a stage is 0 until the stage is over.
func TestProgressMovesWithinAStage(t *testing.T) {
	column := map[string]time.Duration{"secs_to_allocate_node_id": 2 * time.Second, "secs_to_include_in_heartbeat_protocol": time.Second}
	done := maps.Clone(column)
	done["secs_wait_lcp_for_restart"], done["secs_wait_subscription_handover"] = 3*time.Second, 4*time.Second
	var p past
	p.restart(Restart{Node: 3, Status: 19, Total: 10 * time.Second, Stages: done}, time.Time{})
	for _, c := range []struct {
		after  time.Duration
		status int
		want   string
	}{
		{0, 4, "20 %, 8s"},
		{time.Second, 17, "30 %, 7s"},
		{2 * time.Second, 17, "40 %, 6s"},
		{4 * time.Second, 17, "60 %, 4s"},
		{5 * time.Second, 17, "64 %, 4s"}, // a second longer than the last time
		{6 * time.Second, 17, "unknown"},
	} {
		got := "unknown"
		if now, _ := p.restart(Restart{Node: 3, Status: c.status, Stages: column}, time.Time{}.Add(c.after)); now.Known {
			got = fmt.Sprintf("%.0f %%, %s", 100*now.Share, now.Remaining)
		}
		if got != c.want {
			t.Errorf("after %s, status %d: %s, want %s", c.after, c.status, got, c.want)
		}
	}
}
