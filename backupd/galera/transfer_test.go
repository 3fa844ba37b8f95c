package galera

import "testing"

func TestTransfer(t *testing.T) {
	for _, c := range []struct {
		name, want string
		seen       []string
	}{
		{"all are synced", "", []string{"n1 synced", "n2 synced", "n3 synced"}},
		{"one catches up", "n3 is joined", []string{"n1 synced", "n2 synced", "n3 joined"}},
		{"one receives and does not answer", "n2 gives its state", []string{"n1 synced", "n2 donor", "n3"}},
		{"one was desynced by somebody", "", []string{"n1 synced", "n2 donor desyncs=1", "n3 synced"}},
		{"one is dead", "", []string{"n1 synced", "n2 synced", "n3"}},
	} {
		if got, err := transfer(members(c.seen...)); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	if _, err := transfer(members("n1", "n2")); err == nil {
		t.Error("that nobody answers passes for quiet")
	}
}
