package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// writers returns the first process that has a file below the directory open for writing, ""
// if none was seen. The servers themselves were looked for before; this finds the helpers of
// a state transfer or a restore. As another account than root we see our own processes only.
func (fs procfs) writers(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	who := ""
	fs.eachWriter(func(target string) bool { return strings.HasPrefix(target, dir+"/") }, func(pid int, _ uint64) bool {
		p, ok, err := fs.process(pid)
		if err == nil && ok && !p.dead() {
			who = fmt.Sprintf("process %d (%s)", pid, clean(p.comm, 20))
		}
		return who == ""
	})
	return who
}

// onlyAppended tells whether somebody has the file open for writing and nobody has it otherwise than
// for appending. If we may not see who does, the answer is no.
func (fs procfs) onlyAppended(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	seen, only := false, true
	fs.eachWriter(func(target string) bool { return target == real }, func(_ int, flags uint64) bool {
		seen, only = true, only && flags&unix.O_APPEND != 0
		return only
	})
	return seen && only
}

// eachWriter calls found for each descriptor that is open for writing on a file that is wanted, until
// it returns false.
func (fs procfs) eachWriter(wanted func(target string) bool, found func(pid int, flags uint64) bool) {
	pids, err := fs.pids()
	if err != nil {
		return
	}
	for _, pid := range pids {
		fds, err := os.ReadDir(fs.path(pid, "fd"))
		if err != nil {
			continue
		}
		for _, fd := range fds {
			target, err := os.Readlink(fs.path(pid, filepath.Join("fd", fd.Name())))
			if err != nil || !wanted(target) {
				continue
			}
			if flags, ok := fs.flags(pid, fd.Name()); ok && flags&unix.O_ACCMODE != unix.O_RDONLY && !found(pid, flags) {
				return
			}
		}
	}
}

// flags reads from fdinfo how a descriptor was opened; they are in octal.
func (fs procfs) flags(pid int, fd string) (flags uint64, ok bool) {
	text, err := os.ReadFile(fs.path(pid, filepath.Join("fdinfo", fd)))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if octal, ok := strings.CutPrefix(line, "flags:"); ok {
			flags, err := strconv.ParseUint(strings.TrimSpace(octal), 8, 64)
			return flags, err == nil
		}
	}
	return 0, false
}
