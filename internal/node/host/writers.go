package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writers returns the first process that has a file below the directory open for writing, ""
// if none was seen. The servers themselves were looked for before; this finds the helpers of
// a state transfer or a restore. As another account than root we see our own processes only.
func (fs procfs) writers(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	pids, err := fs.pids()
	if err != nil {
		return ""
	}
	for _, pid := range pids {
		fds, err := os.ReadDir(fs.path(pid, "fd"))
		if err != nil {
			continue
		}
		for _, fd := range fds {
			target, err := os.Readlink(fs.path(pid, filepath.Join("fd", fd.Name())))
			if err != nil || !strings.HasPrefix(target, dir+"/") || !fs.forWriting(pid, fd.Name()) {
				continue
			}
			p, ok, err := fs.process(pid)
			if err != nil || !ok || p.dead() {
				break
			}
			return fmt.Sprintf("process %d (%s)", pid, clean(p.comm, 20))
		}
	}
	return ""
}

// forWriting reads the access mode from fdinfo, where flags are in octal and the last digit
// is 0 for reading alone.
func (fs procfs) forWriting(pid int, fd string) bool {
	text, err := os.ReadFile(fs.path(pid, filepath.Join("fdinfo", fd)))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if flags, ok := strings.CutPrefix(line, "flags:"); ok {
			flags = strings.TrimSpace(flags)
			return flags != "" && strings.ContainsAny(flags[len(flags)-1:], "12356")
		}
	}
	return false
}
