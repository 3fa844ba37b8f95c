package backupd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/failpoint"
)

// progressFile is where a restore notes what it has done, so that it can go on after it was cut
// short.
const progressFile = "kagu-restore.json"

// progress is what it holds.
type progress struct {
	Backup string `json:"backup"` // the newest of the chain
	Goal   Goal   `json:"goal"`
	Point  Point  `json:"point"`
	Steps  []Step `json:"steps"` // without reasons: those count what may grow meanwhile
	Done   int    `json:"done"`  // steps
}

// CarryOut does the steps of a plan in their order. dir keeps how far it came: called again for the
// same restore it goes on with the step that was not done; a folder that holds another one is
// refused. What is done is forgotten: the same command then is a restore of its own. Only a scratch
// server is remembered, since a human may work on it: called again its last step alone is done.
func CarryOut(ctx context.Context, kind Kind, c Choice, dir string, step func(n int, s Step)) error {
	if c.Plan.Consent != "" && c.Restore.Consent != c.Plan.Consent {
		return fmt.Errorf("this restore replaces data: consent by typing %q", c.Plan.Consent)
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("make the folder of the restore: %w", err)
	}
	unlock, err := lockRestore(dir)
	if err != nil {
		return err
	}
	defer unlock()
	file := filepath.Join(dir, progressFile)
	p, err := readProgress(file, progressOf(c))
	if err != nil {
		return err
	}
	last := len(c.Plan.Steps) - 1
	for n := max(0, min(p.Done, last)); n <= last; n++ {
		s := c.Plan.Steps[n]
		step(n, s)
		if err := kind.Do(ctx, c.Restore, s); err != nil {
			return fmt.Errorf("step %d, %s: %w; the same command goes on from here", n+1, s.Name, err)
		}
		failpoint.Here("restore-" + s.Name + "-done")
		p.Done = n + 1
		if n == last && c.Plan.Goal != ToScratch {
			return forgetProgress(file)
		}
		if err := writeProgress(file, p); err != nil {
			return err
		}
	}
	return nil
}

// lockRestore keeps two from working in one folder.
func lockRestore(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock the folder of the restore: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errors.New("another kagu restores there now: wait for it, or name another folder with --dir")
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}

func progressOf(c Choice) progress {
	p := progress{Goal: c.Plan.Goal, Point: c.Restore.Point}
	if n := len(c.Restore.Links); n > 0 {
		p.Backup = c.Restore.Links[n-1].Manifest.ID
	}
	for _, s := range c.Plan.Steps {
		s.Why = ""
		p.Steps = append(p.Steps, s)
	}
	return p
}

// readProgress returns how far a restore has come, none if it has not begun.
func readProgress(file string, want progress) (progress, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return want, nil
	}
	var p progress
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err == nil && (p.Done < 0 || p.Done > len(p.Steps)) {
		err = fmt.Errorf("%d of %d steps are done", p.Done, len(p.Steps))
	}
	if err != nil {
		return progress{}, fmt.Errorf("read how far an earlier restore came: %w; name another folder with --dir, or remove %s", err, filepath.Dir(file))
	}
	done := p.Done
	p.Done = want.Done
	if p.Point.same(want.Point) {
		p.Point = want.Point // as text and back a time may have another zone
	}
	if !reflect.DeepEqual(p, want) {
		return progress{}, fmt.Errorf("%s holds another restore, of %s to %s, of which %d of %d steps are done: go on with that one by naming its backup in the command, name another folder with --dir, or remove %s",
			filepath.Dir(file), p.Backup, p.Goal, done, len(p.Steps), file)
	}
	p.Done = done
	return p, nil
}

func (p Point) same(other Point) bool {
	return p.Time.Equal(other.Time) && p.GTID == other.GTID && p.Epoch == other.Epoch
}

// begunIn returns the steps of the same restore that was cut short in a folder; nil if there is none. A
// note that cannot be read is told when the restore begins.
func begunIn(dir, backup string, r Restore) []Step {
	text, err := os.ReadFile(filepath.Join(dir, progressFile))
	if dir == "" || err != nil {
		return nil
	}
	var p progress
	if err := json.Unmarshal(text, &p); err != nil || p.Backup != backup || p.Goal != r.Goal || !p.Point.same(r.Point) {
		return nil
	}
	return p.Steps
}

func writeProgress(file string, p progress) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		err = os.WriteFile(file+".new", append(text, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		return fmt.Errorf("note how far the restore came: %w", err)
	}
	return nil
}

func forgetProgress(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the restore is done, and its note stays: remove %s: %w", file, err)
	}
	return nil
}
