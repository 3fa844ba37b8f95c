package ndb

import (
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
			p.restart(Restart{Node: 3, Status: 19, Total: 20 * time.Second, Stages: stages})
			if _, running := p.restart(Restart{Node: 3, Status: c.status}); running != c.running {
				t.Errorf("running %v, want %v", running, c.running)
			}
		})
	}
}
