package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// nursery is the folder of this account's ephemeral labs. Its name is short, because a
// socket's path is.
func nursery() string { return filepath.Join(os.TempDir(), fmt.Sprintf("kagu-labs-%d", os.Geteuid())) }

// DefaultDir is the folder of the one lab that `kagu lab` works on unless told otherwise.
func DefaultDir() string {
	name := fmt.Sprintf("kagu-lab-%d", os.Geteuid())
	// The servers of a lab of root run as another account, which root's own folder shuts out.
	if run := os.Getenv("XDG_RUNTIME_DIR"); run != "" && runAs() == "" {
		return filepath.Join(run, name)
	}
	return filepath.Join(os.TempDir(), name)
}

// newFolder makes the folder of an ephemeral lab. Its name says who made it, so that it can
// be cleared away even if nothing was written into it yet.
func newFolder() (string, error) { return Scratch("lab") }

// Scratch makes a folder that the next Sweep removes once this process is gone.
func Scratch(kind string) (string, error) {
	if err := private(nursery()); err != nil {
		return "", err
	}
	if runAs() != "" { // the servers' account must be able to pass through to its data
		if err := os.Chmod(nursery(), 0o711); err != nil {
			return "", err
		}
	}
	me, err := Running("", os.Getpid())
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(nursery(), fmt.Sprintf("%s-%d-%d-", kind, me.PID, me.Start))
}

// Sweep takes down this account's ephemeral labs whose owner is gone. A lab whose owner
// lives, and any that someone is starting or stopping, is left alone.
func Sweep(ctx context.Context) error {
	entries, err := os.ReadDir(nursery())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		fields := strings.Split(e.Name(), "-")
		if len(fields) != 4 {
			continue
		}
		pid, err1 := strconv.Atoi(fields[1])
		start, err2 := strconv.ParseUint(fields[2], 10, 64)
		if err1 != nil || err2 != nil || (Process{PID: pid, Start: start}).Alive() {
			continue
		}
		errs = append(errs, clearAway(ctx, filepath.Join(nursery(), e.Name())))
	}
	return errors.Join(errs...)
}

func clearAway(ctx context.Context, dir string) error {
	unlock, err := lock(dir)
	if err != nil {
		return nil // another is at it
	}
	defer unlock()
	l, err := Open(dir)
	if errors.Is(err, ErrNoLab) {
		return os.RemoveAll(dir)
	}
	if err != nil {
		return err
	}
	return l.down(ctx)
}
