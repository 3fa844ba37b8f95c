package host

import (
	"os"
	"path/filepath"
	"strings"
)

// frozen reports whether the process is stopped by a signal or a debugger, or sits in a
// frozen control group. Such a process holds its files and may wake up at any moment.
func (fs procfs) frozen(p process) bool {
	return p.stopped() || fs.groupFrozen(p.pid)
}

// groupFrozen asks the freezer of control groups, version 2 and version 1. Where the groups
// are not mounted there is none to ask.
func (fs procfs) groupFrozen(pid int) bool {
	text, err := os.ReadFile(fs.path(pid, "cgroup"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) { // hierarchy:controllers:path
		part := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(part) != 3 {
			continue
		}
		switch {
		case part[0] == "0": // version 2, alone or beside version 1
			for _, mount := range []string{"fs/cgroup", "fs/cgroup/unified"} {
				if says(filepath.Join(fs.sys, mount, part[2], "cgroup.events"), "frozen 1") {
					return true
				}
			}
		case part[1] == "freezer":
			state := filepath.Join(fs.sys, "fs/cgroup/freezer", part[2], "freezer.state")
			if says(state, "FROZEN") || says(state, "FREEZING") {
				return true
			}
		}
	}
	return false
}

// says reports whether the file has that line.
func says(path, wanted string) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) == wanted {
			return true
		}
	}
	return false
}
