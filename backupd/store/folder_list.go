package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// List walks the folders. What is no object, such as lost+found, is passed over.
func (f *Folder) List(ctx context.Context, prefix string, each func(Info) error) error {
	if err := checkPrefix(prefix); err != nil {
		return err
	}
	root, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer root.Close()
	folder := path.Dir(prefix) // "a/b" and "a/" begin in "a"
	if info, err := root.Stat(folder); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil
	}
	w := walk{ctx: ctx, folder: f, root: root, prefix: prefix, each: each}
	return w.into(folder)
}

// A walk is one listing.
type walk struct {
	ctx    context.Context // of the call
	folder *Folder
	root   *os.Root
	prefix string
	each   func(Info) error
}

func (w *walk) into(folder string) error {
	if err := context.Cause(w.ctx); err != nil {
		return err
	}
	entries, err := fs.ReadDir(w.root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return w.folder.failed("list", folder, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(sortsAs(a), sortsAs(b)) })
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if CheckName(name) != nil {
			continue
		}
		switch {
		case e.IsDir():
			if inside := name + "/"; strings.HasPrefix(inside, w.prefix) || strings.HasPrefix(w.prefix, inside) {
				err = w.into(name)
			}
		case e.Type().IsRegular() && strings.HasPrefix(name, w.prefix):
			err = w.tell(name, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sortsAs lets what is in a folder "a" come after "a-b", as their names do.
func sortsAs(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

func (w *walk) tell(name string, e fs.DirEntry) error {
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return w.folder.failed("list", name, err)
	}
	return w.each(Info{Name: name, Size: info.Size(), Stored: info.ModTime()})
}
