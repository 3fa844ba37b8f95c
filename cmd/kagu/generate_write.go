package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeAll writes the files below dir and names each on w.
func writeAll(w io.Writer, dir string, files []outFile) error {
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := writeAtomically(path, f.text); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		fmt.Fprintln(w, "wrote", path)
	}
	return nil
}

// writeAtomically replaces the file in one step: a reader sees the old text or the new one,
// also after a crash.
func writeAtomically(path string, text []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
