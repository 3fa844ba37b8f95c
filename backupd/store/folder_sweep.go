package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// leftoverAge is when a file without a name of an object is a leftover: a part is written in
// seconds. The clock is that of the file system, whose server may have another than we.
const leftoverAge = 24 * time.Hour

// sweepEach is how often Put looks for leftovers.
const sweepEach = time.Hour

// Sweep removes what writers left that were killed, and returns how many files. It leaves what is
// younger than a day or locked by a writer that lives.
func (f *Folder) Sweep(ctx context.Context) (int, error) {
	root, err := f.open(ctx)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	temp, err := f.write(root, nil)
	if err != nil {
		return 0, f.failed("sweep", tempFolder, err)
	}
	removed, err := sweep(root, temp)
	if err = errors.Join(err, root.Remove(temp)); err != nil {
		return removed, fmt.Errorf("sweep %s: %w", f, err)
	}
	return removed, nil
}

// sweepSometimes is Sweep while something is put, now and then. What it cannot remove is left to
// the next time; the object is what counts.
func (f *Folder) sweepSometimes(root *os.Root, temp string) {
	f.mu.Lock()
	due := time.Since(f.swept) > sweepEach
	if due {
		f.swept = time.Now()
	}
	f.mu.Unlock()
	if due {
		_, _ = sweep(root, temp)
	}
}

// sweep removes leftovers that are older than a file which was written just now.
func sweep(root *os.Root, fresh string) (removed int, err error) {
	now, err := root.Lstat(fresh)
	if err != nil {
		return 0, err
	}
	entries, err := fs.ReadDir(root.FS(), tempFolder)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		info, infoErr := e.Info()
		if infoErr != nil || !info.Mode().IsRegular() || now.ModTime().Sub(info.ModTime()) < leftoverAge {
			continue
		}
		name := tempFolder + "/" + e.Name()
		if alive(root, name) {
			continue
		}
		if removeErr := root.Remove(name); removeErr == nil {
			removed++
		} else if !errors.Is(removeErr, fs.ErrNotExist) {
			err = errors.Join(err, removeErr)
		}
	}
	return removed, err
}

// alive reports whether a writer holds the file's lock. If that cannot be found out it does.
func alive(root *os.Root, name string) bool {
	file, err := root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer file.Close()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err != nil && !errors.Is(err, syscall.ENOLCK) && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOSYS)
}
