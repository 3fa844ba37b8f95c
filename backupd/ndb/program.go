package ndb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// homeVariable names the tree if kagu.yaml does not.
const homeVariable = "KAGU_NDB_HOME"

// home returns the tree of NDB Cluster on this machine.
func home(s inventory.Scratch) (string, error) {
	dir := s.NDB
	if dir == "" {
		dir = os.Getenv(homeVariable)
	}
	if dir == "" {
		return "", errors.New("no tree of NDB Cluster is named: unpack the release that the cluster runs and name its folder as backup.scratch.ndb in kagu.yaml, or as " + homeVariable)
	}
	var missing []string
	for _, name := range []string{"ndb_mgmd", "ndbmtd", "ndb_restore", "ndb_show_tables", "mysqld", "mysql", "mysqlbinlog"} {
		if info, err := os.Stat(filepath.Join(dir, "bin", name)); err != nil || !info.Mode().IsRegular() {
			missing = append(missing, "bin/"+name)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("%s has no %s: unpack all of NDB Cluster there, or name another folder as backup.scratch.ndb", dir, strings.Join(missing, ", "))
	}
	return dir, nil
}

// run carries a program out and returns what it said. The error holds the end of that.
func run(ctx context.Context, c *exec.Cmd) (string, error) {
	said := &tail{}
	c.Stdout, c.Stderr = said, said
	err := c.Run()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return "", fmt.Errorf("run %s: %w", filepath.Base(c.Path), cause)
		}
		return said.String(), fmt.Errorf("run %s: %w; the end of what it said:\n%s", filepath.Base(c.Path), err, said)
	}
	return said.String(), nil
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

const tailSize = 4000

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > 4*tailSize {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-tailSize:]...)
	}
	return len(p), nil
}

// String returns the last lines, whole ones, without what a terminal would obey.
func (t *tail) String() string { return lastLines(t.kept) }

func lastLines(text []byte) string {
	if cut := len(text) - tailSize; cut > 0 {
		text = text[cut:]
		if at := bytes.IndexByte(text, '\n'); at >= 0 {
			text = text[at+1:]
		}
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = lines[max(0, len(lines)-20):]
	for i, l := range lines {
		lines[i] = cluster.Printable(l)
	}
	return strings.Join(lines, "\n")
}

// logEnd returns the last lines of a log, for an error message.
func logEnd(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return lastLines(text)
}
