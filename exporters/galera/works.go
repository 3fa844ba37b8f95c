package galera

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// servers are the names of a database server's process.
var servers = []string{"mariadbd", "mysqld"}

// worksIn tells whether a server's current directory is the data directory, as it is from early in
// its start to its end. Where a server belongs to an account whose directories we may not see,
// it is not known.
func worksIn(proc, dataDir string) (up, known bool, err error) {
	own, err := os.Stat(dataDir)
	if err != nil {
		return false, false, fmt.Errorf("look at the data directory: %w", err)
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return false, false, fmt.Errorf("list the processes: %w", err)
	}
	known = true
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		name, err := read(filepath.Join(proc, entry.Name(), "comm"))
		if err != nil || !slices.Contains(servers, strings.TrimSpace(name)) {
			continue // another program, or one that has just ended
		}
		cwd, err := os.Stat(filepath.Join(proc, entry.Name(), "cwd"))
		switch {
		case err == nil && os.SameFile(own, cwd):
			return true, true, nil
		case errors.Is(err, fs.ErrPermission):
			known = false
		}
	}
	return false, known, nil
}
