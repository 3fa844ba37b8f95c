package host

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// procfs reads processes. The fields are /proc and /sys, except in tests.
type procfs struct {
	root string
	sys  string
}

// ticksPerSecond is USER_HZ, in which /proc counts; it is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// kernelThread is the flag of a thread that belongs to the kernel.
const kernelThread = 0x00200000

// process is what /proc/PID/stat and cmdline say.
type process struct {
	pid   int
	comm  string
	state byte // R S D running or waiting, T t stopped, Z X dead
	flags uint64
	start int64 // ticks since boot
	argv  []string
}

func (p process) dead() bool    { return p.state == 'Z' || p.state == 'X' || p.state == 'x' }
func (p process) stopped() bool { return p.state == 'T' || p.state == 't' }

func (fs procfs) path(pid int, name string) string {
	return filepath.Join(fs.root, strconv.Itoa(pid), name)
}

// pids lists all processes. A /proc that hides the processes of others (hidepid) is an error:
// from it nobody can tell that a process is absent.
func (fs procfs) pids() ([]int, error) {
	if _, err := os.Stat(fs.path(1, "stat")); err != nil {
		return nil, fmt.Errorf("%s hides the processes of others (hidepid): run kagu-node as root", fs.root)
	}
	dir, err := os.Open(fs.root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// process reads one process; ok is false when it is gone.
func (fs procfs) process(pid int) (p process, ok bool, err error) {
	text, err := os.ReadFile(fs.path(pid, "stat"))
	if gone(err) {
		return process{}, false, nil
	}
	if err != nil {
		return process{}, false, err
	}
	if p, err = parseStat(text); err != nil {
		return process{}, false, fmt.Errorf("read %s: %w", fs.path(pid, "stat"), err)
	}
	line, err := readRegular(fs.path(pid, "cmdline"), 128<<10)
	if gone(err) {
		return process{}, false, nil
	}
	if err == nil && len(line) > 0 {
		p.argv = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
	}
	return p, true, nil
}

// parseStat reads /proc/PID/stat. The name is in brackets and may itself hold brackets and
// spaces, so that the fields are counted from the last bracket.
func parseStat(text []byte) (process, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return process{}, errors.New("no name in brackets")
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text[:open])))
	if err != nil || pid < 1 {
		return process{}, errors.New("no process id")
	}
	fields := strings.Fields(string(text[end+1:])) // [0] is field 3, the state
	const flags, start = 9 - 3, 22 - 3
	if len(fields) <= start || len(fields[0]) != 1 {
		return process{}, errors.New("too few fields")
	}
	p := process{pid: pid, comm: string(text[open+1 : end]), state: fields[0][0]}
	p.flags, err = strconv.ParseUint(fields[flags], 10, 64)
	if err != nil {
		return process{}, errors.New("flags are not a number")
	}
	p.start, err = strconv.ParseInt(fields[start], 10, 64)
	if err != nil {
		return process{}, errors.New("start time is not a number")
	}
	return p, nil
}

// bootTime returns when the kernel started; the zero Time if it does not say.
func (fs procfs) bootTime() time.Time {
	text, err := os.ReadFile(filepath.Join(fs.root, "stat"))
	if err != nil {
		return time.Time{}
	}
	for line := range strings.Lines(string(text)) {
		if seconds, ok := strings.CutPrefix(line, "btime "); ok {
			if n, err := strconv.ParseInt(strings.TrimSpace(seconds), 10, 64); err == nil {
				return time.Unix(n, 0)
			}
		}
	}
	return time.Time{}
}

// since returns when the process started, as far as the kernel says.
func (fs procfs) since(p process) time.Time {
	boot := fs.bootTime()
	if boot.IsZero() {
		return boot
	}
	return boot.Add(time.Duration(p.start) * time.Second / ticksPerSecond).UTC()
}
