package ndb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/scratch"
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
	said := &scratch.Tail{}
	c.Stdout, c.Stderr = said, said
	if err := c.Run(); err != nil {
		return said.String(), scratch.RunError(ctx, filepath.Base(c.Path), err, said.String())
	}
	return said.String(), nil
}
