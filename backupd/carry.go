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
)

// progressFile is where a restore notes what it has done, so that it can go on after it was cut
// short.
const progressFile = "kagu-restore.json"

// progress is what it holds.
type progress struct {
	Plan Plan `json:"plan"`
	Done int  `json:"done"` // steps
}

// CarryOut does the steps of a plan in their order. dir keeps how far it came: called again with
// the same plan it goes on with the step that was not done; a folder that holds another restore is
// refused.
func CarryOut(ctx context.Context, kind Kind, c Choice, dir string, step func(n int, s Step)) error {
	if c.Plan.Consent != "" && c.Restore.Consent != c.Plan.Consent {
		return fmt.Errorf("this restore replaces data: consent by typing %q", c.Plan.Consent)
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("make the folder of the restore: %w", err)
	}
	file := filepath.Join(dir, progressFile)
	p, err := readProgress(file, c.Plan)
	if err != nil {
		return err
	}
	for n := p.Done; n < len(c.Plan.Steps); n++ {
		step(n, c.Plan.Steps[n])
		if err := kind.Do(ctx, c.Restore, c.Plan.Steps[n]); err != nil {
			return fmt.Errorf("step %d, %s: %w; the same command goes on from here", n+1, c.Plan.Steps[n].Name, err)
		}
		p.Done = n + 1
		if err := writeProgress(file, p); err != nil {
			return err
		}
	}
	return nil
}

func readProgress(file string, plan Plan) (progress, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return progress{Plan: plan}, nil
	}
	var p progress
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return progress{}, fmt.Errorf("read how far an earlier restore came: %w", err)
	}
	if p.Plan.Goal != plan.Goal || !reflect.DeepEqual(p.Plan.Backups, plan.Backups) || !reflect.DeepEqual(p.Plan.Steps, plan.Steps) {
		return progress{}, fmt.Errorf("%s is of another restore: name another folder with --dir, or remove that one", file)
	}
	return p, nil
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
