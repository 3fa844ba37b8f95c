package scratch

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// variable is the environment variable that holds the mark.
const variable = "KAGU_SCRATCH"

// markFile is in every folder of ours, and in no other.
const markFile = "kagu-servers.json"

// A Folder is a folder with servers that run in it.
type Folder struct {
	Path string
	mark marker
}

// marker is what a folder says of itself.
type marker struct {
	ID    string `json:"id"`
	Owner run    `json:"owner"` // who made it; Sweep removes it when that process is gone
	Keep  bool   `json:"keep"`  // a human wants it: Sweep leaves it alone
}

// Claim makes a folder ours, or takes over one that is ours already. One that holds anything else is
// refused: it would be removed in the end.
func Claim(path string, keep bool) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make a scratch folder: %w", err)
	}
	f, err := open(path)
	if errors.Is(err, os.ErrNotExist) {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("look into the scratch folder: %w", err)
		}
		if len(entries) > 0 {
			return nil, fmt.Errorf("%s is not empty and was not made by kagu: name another folder, or empty it", path)
		}
		var id [8]byte
		rand.Read(id[:]) // never fails
		f = &Folder{Path: path, mark: marker{ID: hex.EncodeToString(id[:])}}
	} else if err != nil {
		return nil, err
	}
	if f.mark.Owner, err = running(os.Getpid()); err != nil {
		return nil, fmt.Errorf("look at our own process: %w", err)
	}
	f.mark.Keep = keep
	text, err := json.Marshal(f.mark)
	if err != nil {
		return nil, err
	}
	// Renamed into place: a marker that is cut short would make the folder nobody's.
	next := filepath.Join(path, markFile+".new")
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return nil, fmt.Errorf("mark the scratch folder: %w", err)
	}
	return f, os.Rename(next, filepath.Join(path, markFile))
}

func open(path string) (*Folder, error) {
	text, err := os.ReadFile(filepath.Join(path, markFile))
	if err != nil {
		return nil, err
	}
	f := &Folder{Path: path}
	if err := json.Unmarshal(text, &f.mark); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(path, markFile), err)
	}
	if len(f.mark.ID) != 16 {
		return nil, fmt.Errorf("%s holds no mark of ours", filepath.Join(path, markFile))
	}
	return f, nil
}

// File returns the path of a file in the folder.
func (f *Folder) File(parts ...string) string {
	return filepath.Join(append([]string{f.Path}, parts...)...)
}

// Command returns a program that is to run in the folder, marked. When the context ends it is killed.
func (f *Folder) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = f.Path
	c.Env = f.Mark(os.Environ())
	return c
}

// Mark adds the folder's mark to an environment, for who prepares a program in another way.
func (f *Folder) Mark(environ []string) []string { return append(environ, variable+"="+f.mark.ID) }

// Launch starts a server that outlives the call: in a session of its own, its output in a file. The
// channel says how it ended.
func (f *Folder) Launch(log, program string, args ...string) (<-chan error, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	c := f.Command(context.Background(), program, args...)
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }() // ends with the server, which Remove or Kill ends
	return ended, nil
}

// Kill ends every server of the folder, at once: what it has in memory is worth nothing.
func (f *Folder) Kill(ctx context.Context) error {
	return poll(ctx, func() error {
		list, err := carrying(f.mark.ID)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, p := range list {
			if err := p.kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return fmt.Errorf("end process %d of %s: %w", p.PID, f.Path, err)
			}
		}
		return fmt.Errorf("process %d of %s does not end", list[0].PID, f.Path)
	})
}

// Alive reports whether any server of the folder runs.
func (f *Folder) Alive() (bool, error) {
	list, err := carrying(f.mark.ID)
	return len(list) > 0, err
}

// PIDs returns the numbers of the processes that run in the folder, for whoever ends them by hand.
func (f *Folder) PIDs() ([]int, error) {
	list, err := carrying(f.mark.ID)
	var pids []int
	for _, p := range list {
		pids = append(pids, p.PID)
	}
	return pids, err
}

// Remove ends the servers and removes the folder, its mark last.
func (f *Folder) Remove(ctx context.Context) error {
	if err := f.Kill(ctx); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != markFile {
			if err := os.RemoveAll(f.File(e.Name())); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(f.Path)
}

// Sweep removes the folders in root whose owner is gone, with all that runs in them. Those that
// somebody wants to keep are left alone, and so is what is not ours.
func Sweep(ctx context.Context, root string) error {
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for what was left in %s: %w", root, err)
	}
	var errs []error
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		f, err := open(filepath.Join(root, e.Name()))
		if err != nil || f.mark.Keep || f.mark.Owner.alive() {
			continue
		}
		errs = append(errs, f.Remove(ctx))
	}
	return errors.Join(errs...)
}
