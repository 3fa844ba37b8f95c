package scratch

import (
	"fmt"
	"os/exec"
	"testing"
)

func TestWhoEndedAProgram(t *testing.T) {
	for _, c := range []struct {
		script         string
		killed, failed bool
	}{
		{"exit 0", false, false},
		{"exit 1", false, true},
		{"kill -KILL $$", true, false},
		{"kill -TERM $$", true, false},
		{"kill -ABRT $$", false, true}, // as of a server that finds its files damaged
		{"kill -SEGV $$", false, true},
	} {
		err := exec.Command("/bin/sh", "-c", c.script).Run()
		if err != nil {
			err = fmt.Errorf("run it: %w", err)
		}
		if Killed(err) != c.killed || Failed(err) != c.failed {
			t.Errorf("%s: killed %v, failed %v", c.script, Killed(err), Failed(err))
		}
	}
	if err := exec.Command("/nowhere").Run(); Killed(err) || Failed(err) {
		t.Errorf("a program that is not there: %v", err)
	}
}
