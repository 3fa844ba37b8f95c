package scratch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A run is one run of a program. Its number alone may be used again for another.
type run struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks since the machine started
	Boot  string `json:"boot"`  // of the machine
}

// running returns the process that has this number now.
func running(pid int) (run, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return run{}, err
	}
	// The second field is the program's name in brackets and may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return run{}, fmt.Errorf("/proc/%d/stat is not understood", pid)
	}
	if fields[0] == "Z" || fields[0] == "X" { // it waits to be collected by its parent
		return run{}, os.ErrProcessDone
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return run{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return run{PID: pid, Start: start, Boot: strings.TrimSpace(string(boot))}, err
}

func (r run) alive() bool {
	now, err := running(r.PID)
	return err == nil && now == r
}

// kill ends this very run. The kernel's handle is taken first and the identity checked after, so a
// number that was used again in between is never hit.
func (r run) kill() error {
	handle, err := os.FindProcess(r.PID)
	if err != nil {
		return err
	}
	defer func() { _ = handle.Release() }() // it holds nothing else
	if !r.alive() {
		return os.ErrProcessDone
	}
	return handle.Kill()
}

// carrying returns the processes that carry a mark, but never the one that asks.
func carrying(mark string) ([]run, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		return nil, errors.Join(err, errors.New("/proc shows no processes"))
	}
	want := []byte(variable + "=" + mark)
	var all []run
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		environ, err := os.ReadFile(dir + "/environ")
		if err != nil || !slices.ContainsFunc(bytes.Split(environ, []byte{0}), func(v []byte) bool { return bytes.Equal(v, want) }) {
			continue // gone, or another account's, which is none of ours
		}
		if r, err := running(pid); err == nil {
			all = append(all, r)
		}
	}
	return all, nil
}

// poll asks every few milliseconds until ok agrees, or the context ends.
func poll(ctx context.Context, ok func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
