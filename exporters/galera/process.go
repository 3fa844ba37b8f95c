package galera

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/metric"
)

// process emits whether the server's process exists. It is a view for a graph. Whoever acts asks
// kagu-node, which looks harder.
func (h host) process(e emitter) error {
	up, known, err := h.running()
	if err != nil || !known {
		return err
	}
	value := 0.0
	if up {
		value = 1
	}
	e(metric.GaleraProcessUp.Sample(value))
	return nil
}

// running asks the pid file, and if there is none the control group of the unit, or else the
// processes that work in the data directory: a server writes its pid file at the end of its
// start, after a full transfer, which takes hours.
func (h host) running() (up, known bool, err error) {
	if h.pidFile != "" {
		if up, err = pidAlive(h.pidFile); up || err != nil {
			return up, true, err
		}
	}
	switch {
	case h.service != "":
		up, err = unitHasProcess(h.cgroups, h.service)
		return up, true, err
	case h.pidFile != "":
		return worksIn(h.proc, h.dataDir)
	default:
		return false, false, nil
	}
}

// pidAlive tells whether the process of a pid file exists. A server removes the file when it ends,
// and a killed server's number is soon nobody's.
func pidAlive(path string) (bool, error) {
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || pid <= 1 {
		return false, fmt.Errorf("%s holds no process number: %.20q", path, text)
	}
	switch err := unix.Kill(pid, 0); {
	case err == nil, errors.Is(err, unix.EPERM): // another account's
		return !dead(pid), nil
	case errors.Is(err, unix.ESRCH):
		return false, nil
	default:
		return false, fmt.Errorf("look for process %d: %w", pid, err)
	}
}

// dead tells a zombie, which nobody has waited for yet, as far as /proc lets us see it.
func dead(pid int) bool {
	text, err := read(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, after, ok := strings.Cut(text[strings.LastIndexByte(text, ')')+1:], " ")
	return ok && (strings.HasPrefix(after, "Z") || strings.HasPrefix(after, "X"))
}

// unitHasProcess tells whether the control group of a unit has a process. systemd removes the
// group of a unit that stopped.
func unitHasProcess(cgroups, unit string) (bool, error) {
	for _, root := range []string{cgroups, filepath.Join(cgroups, "systemd")} {
		if _, err := read(filepath.Join(root, "system.slice", "cgroup.procs")); err != nil {
			continue // not this kind of hierarchy
		}
		text, err := read(filepath.Join(root, "system.slice", unit, "cgroup.procs"))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return strings.TrimSpace(text) != "", err
	}
	return false, fmt.Errorf("no control groups of systemd below %s", cgroups)
}

// read returns a small file.
func read(path string) (string, error) {
	file, err := open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4<<10))
	return string(text), err
}
