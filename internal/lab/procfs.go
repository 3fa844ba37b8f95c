package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// mark is the environment variable by which a lab knows its processes.
const mark = "KAGU_LAB"

// A Process is one run of a program. Its number alone may be used again for another; number
// and start together are not.
type Process struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks since the machine started
}

// look reads what /proc says of a process.
func look(pid int) (start uint64, parent int, stopped bool, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, false, err
	}
	start, parent, stopped, err = parseStat(text)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		err = fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	return start, parent, stopped, err
}

// parseStat reads /proc/PID/stat. A process that has ended and waits to be collected by its
// parent counts as gone, but not before the last of its threads has ended: the first is often the
// quickest to die, and until the others have, they hold the ports and the locks of its files.
func parseStat(text []byte) (start uint64, parent int, stopped bool, err error) {
	// The second field is the program's name in brackets and may hold anything.
	end := bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[end+1:]))
	if end < 0 || len(fields) < 20 {
		return 0, 0, false, fmt.Errorf("%q is not understood", text)
	}
	threads, err := strconv.Atoi(fields[17])
	if err != nil {
		return 0, 0, false, err
	}
	if fields[0] == "X" || fields[0] == "Z" && threads <= 1 {
		return 0, 0, false, os.ErrProcessDone
	}
	parent, err = strconv.Atoi(fields[1])
	if err != nil {
		return 0, 0, false, err
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	return start, parent, fields[0] == "T", err
}

// Running returns the process that has this number now.
func Running(name string, pid int) (Process, error) {
	start, _, _, err := look(pid)
	if err != nil {
		return Process{}, fmt.Errorf("look at %s, process %d: %w", name, pid, err)
	}
	return Process{Name: name, PID: pid, Start: start}, nil
}

// Alive tells whether this very run still exists, stopped or not.
func (p Process) Alive() bool {
	start, _, _, err := look(p.PID)
	return err == nil && start == p.Start
}

// Frozen tells whether it was stopped by a signal.
func (p Process) Frozen() bool {
	start, _, stopped, err := look(p.PID)
	return err == nil && start == p.Start && stopped
}

// signal sends a signal to this very run. The kernel's handle is taken first and the
// identity checked after, so a number used again in between is never hit.
func (p Process) signal(s syscall.Signal) error {
	handle, err := os.FindProcess(p.PID)
	if err != nil {
		return err
	}
	defer handle.Release()
	if !p.Alive() {
		return os.ErrProcessDone
	}
	return handle.Signal(s)
}

// threads counts the threads of a process, 0 if it is gone.
func (p Process) threads() int {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.PID))
	if err != nil {
		return 0
	}
	return len(tasks)
}

// args is the command line of a process.
func (p Process) args() []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// A table is all processes at one moment that we may look at, by number.
type table map[int]entry

type entry struct {
	Process
	parent int
	mark   string // value of KAGU_LAB, "" if none
}

// processes reads /proc. Processes of other accounts, whose environment we may not read, have
// no mark; those that end meanwhile are left out.
func processes() (table, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		return nil, errors.Join(err, errors.New("/proc shows no processes"))
	}
	all := table{}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		start, parent, _, err := look(pid)
		if err != nil {
			continue
		}
		e := entry{Process: Process{PID: pid, Start: start}, parent: parent}
		if environ, err := os.ReadFile(dir + "/environ"); err == nil {
			e.mark = markIn(environ)
		}
		if argv := e.args(); len(argv) > 0 {
			e.Name = filepath.Base(argv[0])
		}
		all[pid] = e
	}
	return all, nil
}

// markIn finds the mark in an environment as /proc shows it.
func markIn(environ []byte) string {
	for _, v := range bytes.Split(environ, []byte{0}) {
		if value, ok := bytes.CutPrefix(v, []byte(mark+"=")); ok {
			return string(value)
		}
	}
	return ""
}

// of returns the processes of a lab: those that carry its mark, those it wrote down and
// whatever descends from them. (sshd overwrites its environment, and starts children.) The
// program that asks, and its own parents, are never among them.
func (t table) of(l *Lab) []Process {
	ours := map[int]bool{}
	for pid, e := range t {
		ours[pid] = e.mark == l.ID
	}
	for _, p := range l.started() {
		if e, ok := t[p.PID]; ok && e.Start == p.Start {
			ours[p.PID] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for pid, e := range t {
			if !ours[pid] && ours[e.parent] && e.mark == "" {
				ours[pid], grown = true, true
			}
		}
	}
	for pid, steps := os.Getpid(), 0; pid > 0 && steps < len(t); steps++ {
		ours[pid] = false
		pid = t[pid].parent
	}
	var list []Process
	for pid, is := range ours {
		if is {
			list = append(list, t[pid].Process)
		}
	}
	slices.SortFunc(list, func(a, b Process) int { return a.PID - b.PID })
	return list
}
