package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// downTimeout bounds the end of a lab. Nothing in it is worth a clean stop.
const downTimeout = time.Minute

// Down stops every process of the lab, heals what was cut and removes the folder.
func (l *Lab) Down(ctx context.Context) error {
	unlock, err := lock(l.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil // someone else took it down
	}
	if err != nil {
		return err
	}
	defer unlock()
	return l.down(ctx)
}

func (l *Lab) down(ctx context.Context) error {
	if err := l.empty(ctx); err != nil {
		return err
	}
	return os.RemoveAll(l.Dir)
}

// empty stops the lab and removes what is in the folder, but not the folder and its lock.
func (l *Lab) empty(ctx context.Context) error {
	if err := l.killAll(ctx); err != nil {
		return err
	}
	if err := l.uncut(ctx); err != nil {
		return err
	}
	entries, err := os.ReadDir(l.Dir)
	if err != nil {
		return err
	}
	// What describes the lab goes last, so that a down cut short can be repeated.
	for _, e := range entries {
		if e.Name() != lockFile && e.Name() != stateFile {
			if err := os.RemoveAll(filepath.Join(l.Dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(filepath.Join(l.Dir, stateFile))
}

// killAll kills the lab's processes until none is left; one may start another meanwhile.
func (l *Lab) killAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, downTimeout)
	defer cancel()
	return poll(ctx, func(context.Context) error {
		all, err := processes()
		if err != nil {
			return err
		}
		left := all.of(l)
		for _, p := range left {
			if err := p.signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return fmt.Errorf("stop %s, process %d: %w", p.Name, p.PID, err)
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("%d processes are left, the first is %s, process %d", len(left), left[0].Name, left[0].PID)
		}
		return nil
	})
}
