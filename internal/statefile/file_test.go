package statefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/statefile"
)

func TestWhatStandsInTheWayIsSaidWithWhatToDo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	held := filepath.Join(dir, "held")
	first, err := statefile.Open(held, "journal", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "journal.lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, dir, says string
		kind            error
	}{
		{"a folder that cannot be made", filepath.Join(file, "state"), "not a directory; make it a folder of the user", nil},
		{"a lock that cannot be opened", taken, "is a directory; make it a folder of the user", nil},
		{"another process", held, "in use by another process: end that one first", statefile.ErrInUse},
	} {
		_, err := statefile.Open(c.dir, "journal", nil)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "--storage.path") || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
