package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// toolDirs are where a tool may be. PATH is not asked: it comes from whoever calls.
var toolDirs = []string{"/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/usr/local/mysql/bin", "/opt/mariadb/bin"}

// findTool returns the path of the first of the names that is there.
func findTool(names ...string) (string, error) {
	for _, name := range names {
		for _, dir := range toolDirs {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%s is in none of %s: install Debian's mariadb-backup, or your distribution's package", names[0], strings.Join(toolDirs, ", "))
}

// backupTool returns mariadb-backup's path and version.
func backupTool(ctx context.Context) (path, version string, err error) {
	if path, err = findTool("mariadb-backup", "mariabackup"); err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Env = toolEnvironment()
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput() // it has been known to write it to standard error
	if err != nil {
		return "", "", fmt.Errorf("%s --version: %w", path, err)
	}
	_, after, _ := strings.Cut(string(out), "server ")
	version, _, _ = strings.Cut(after, " ")
	if _, err := series(version); err != nil {
		return "", "", fmt.Errorf("%s --version does not tell its version: %q", path, clean(string(out), 120))
	}
	return path, version, nil
}

// toolEnvironment is all a tool inherits, apart from the mark by which the lab finds its own.
func toolEnvironment() []string {
	env := serverEnvironment()
	return append(env, "LC_ALL=C", "TZ=UTC")
}

var versionShape = regexp.MustCompile(`^(\d{1,4})\.(\d{1,4})\.(\d{1,4})`)

// series reads a version of MariaDB.
func series(version string) ([]int, error) {
	part := versionShape.FindStringSubmatch(version)
	if part == nil {
		return nil, fmt.Errorf("%q is no version of MariaDB", clean(version, 40))
	}
	var numbers []int
	for _, text := range part[1:] {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// fits tells whether a tool may read what a server of that version writes: it is of the same
// series and not older. A mismatch is found out at the restore otherwise.
func fits(tool, server string) error {
	t, err := series(tool)
	if err != nil {
		return err
	}
	s, err := series(server)
	if err != nil {
		return err
	}
	if !slices.Equal(t[:2], s[:2]) || t[2] < s[2] {
		return fmt.Errorf("mariadb-backup is %s and the data is of %s: install mariadb-backup of the series %d.%d, not older than the server", tool, clean(server, 60), s[0], s[1])
	}
	return nil
}

var errSilent = errors.New("it wrote nothing for too long")
