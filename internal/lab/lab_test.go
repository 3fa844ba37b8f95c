package lab_test

import (
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
)

func TestThreeNodesFormACluster(t *testing.T) {
	begun := time.Now()
	l := labtest.Up(t, lab.Options{})
	t.Logf("up after %.1f s", time.Since(begun).Seconds())
	if err := l.AwaitSynced(t.Context()); err != nil {
		t.Error(err)
	}
	begun = time.Now()
	if err := l.Down(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("down after %.1f s", time.Since(begun).Seconds())
}
