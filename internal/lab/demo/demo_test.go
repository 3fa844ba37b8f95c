package demo_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/demo"
	"github.com/kagu-db/kagu/internal/lab/labtest"
)

// TestTheLoopHealsAKilledNode is the demo itself, with the real programs from end to end.
func TestTheLoopHealsAKilledNode(t *testing.T) {
	l := labtest.Up(t, lab.Options{Services: lab.Everything(), Mode: cluster.ModeAuto, Profile: lab.ProfileLAN})
	var out bytes.Buffer
	err := demo.Run(t.Context(), l, demo.Options{Node: "n2", Deadline: 3 * time.Minute}, &out)
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	// Each line the issue asks for, in the order in which it must happen.
	rest := out.String()
	for _, step := range []string{"killed", "detected", "alert fired", "webhook received", "plan", "guards agree", "verb sent", "process up", "Synced", "healed", "Slack"} {
		_, after, found := strings.Cut(rest, step)
		if !found {
			t.Errorf("the timeline has no %q after the steps before it", step)
			continue
		}
		rest = after
	}
}

// TestAModeThatOnlyObservesIsNoSuccess keeps the test above honest: where nothing heals, the
// demo says so, and the node stays down.
func TestAModeThatOnlyObservesIsNoSuccess(t *testing.T) {
	l := labtest.Up(t, lab.Options{Services: lab.Everything(), Mode: cluster.ModeObserve, Profile: lab.ProfileLAN})
	var out bytes.Buffer
	err := demo.Run(t.Context(), l, demo.Options{Node: "n2", Deadline: 20 * time.Second}, &out)
	t.Log(out.String())
	if !errors.Is(err, demo.ErrNotHealed) || !strings.Contains(err.Error(), "a new server process ran") {
		t.Errorf("got %v, want that no new server process was seen", err)
	}
	if _, err := l.Server("n2"); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("n2 runs in mode observe: %v", err)
	}
}
