package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A Folder keeps objects as files of a local or mounted file system. A file gets its name by a
// hard link once it is whole and on disk: a link never replaces anything, on NFS neither, and
// what a writer left that was killed has no name of an object.
//
// A server of NFS that is away stops every call until it is back, as the mount says ("hard"), and
// no context ends that. Mount with "soft,timeo=600" or watch the age of the newest backup.
type Folder struct {
	path   string
	synced sync.Map // folders known to be on disk: those below need not sync them again

	mu    sync.Mutex
	swept time.Time
}

// NewFolder returns the store in a folder, which must have been made one by Init.
func NewFolder(path string) *Folder { return &Folder{path: filepath.Clean(path)} }

// Init makes a folder a store: it creates the folder and the marker in it, if they are missing.
// The marker stays in the file system, so a folder whose file system is not mounted is no store.
func (f *Folder) Init() error {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return fmt.Errorf("make %s a store: %w", f, err)
	}
	file, err := os.OpenFile(filepath.Join(f.path, Marker), os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(markerText)
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err != nil {
		return fmt.Errorf("make %s a store: %w", f, err)
	}
	return nil
}

// markerText is what the marker tells who finds it.
const markerText = "Backups of Kagu are kept here. Without this file backupd takes the store for one that is not mounted.\n"

// String returns the path.
func (f *Folder) String() string { return f.path }

// open opens the folder for one call. What follows happens below this very directory, even if it
// is unmounted meanwhile, and nothing leads out of it.
func (f *Folder) open(ctx context.Context) (*os.Root, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s does not exist; mount it, or create it and make it a store: mkdir -m 700 %[2]s && touch %[2]s/%[3]s", ErrNoStore, f, Marker)
	}
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	if _, err := root.Lstat(Marker); err != nil {
		root.Close()
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look for the marker of %s: %w", f, err)
		}
		return nil, fmt.Errorf("%w: the file %s is missing in %s; mount what belongs there, or make it a store if nothing does: touch %[3]s/%[2]s", ErrNoStore, Marker, f)
	}
	return root, nil
}

// Get opens the object's file.
func (f *Folder) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	root, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := open(root, name)
	if err != nil {
		return nil, f.failed("get", name, err)
	}
	return file, nil
}

// open opens a regular file, and nothing else: a pipe would make us wait for ever.
func open(root *os.Root, name string) (*os.File, error) {
	if _, err := stat(root, name); err != nil {
		return nil, err
	}
	return root.Open(name)
}

func stat(root *os.Root, name string) (fs.FileInfo, error) {
	info, err := root.Lstat(name)
	if errors.Is(err, syscall.ENOTDIR) || err == nil && info.IsDir() {
		return nil, fs.ErrNotExist
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file, so it is no object; see who put it there, and remove it")
	}
	return info, err
}

// Stat returns the size of the object's file and when it was written.
func (f *Folder) Stat(ctx context.Context, name string) (Info, error) {
	if err := CheckName(name); err != nil {
		return Info{}, err
	}
	root, err := f.open(ctx)
	if err != nil {
		return Info{}, err
	}
	defer root.Close()
	info, err := stat(root, name)
	if err != nil {
		return Info{}, f.failed("look at", name, err)
	}
	return Info{Name: name, Size: info.Size(), Stored: info.ModTime()}, nil
}

// Delete removes the object's file, and the folders that are empty then.
func (f *Folder) Delete(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	root, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err := stat(root, name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.failed("delete", name, err)
	}
	// A manifest that came back after a loss of power would name parts that are gone.
	if err := syncFolder(root, path.Dir(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.failed("delete", name, err)
	}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		f.synced.Delete(folder)
		if root.Remove(folder) != nil { // not empty: somebody writes or keeps something there
			break
		}
	}
	return nil
}

// Free returns what the file system has left for us.
func (f *Folder) Free(ctx context.Context) (uint64, bool, error) {
	root, err := f.open(ctx)
	if err != nil {
		return 0, false, err
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return 0, false, fmt.Errorf("look at the space of %s: %w", f, err)
	}
	defer dir.Close()
	var s syscall.Statfs_t
	if err := syscall.Fstatfs(int(dir.Fd()), &s); err != nil {
		return 0, false, fmt.Errorf("look at the space of %s: %w", f, err)
	}
	return s.Bavail * uint64(s.Bsize), true, nil
}

// failed says what was done to what object where, in the words of the package.
func (f *Folder) failed(doing, name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = ErrNotFound
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		err = fmt.Errorf("%w (%w); make space in %s or let retention keep less", ErrFull, err, f)
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w (%w); give %s and what is in it to the user backupd runs as (chown -R)", ErrDenied, err, f)
	}
	return fmt.Errorf("%s %s in %s: %w", doing, name, f, err)
}

// holds reports whether the object's file has the content, by reading it.
func holds(file io.Reader, size int64, sum Sum) (bool, error) {
	digest := sha256.New()
	n, err := io.Copy(digest, file)
	return err == nil && n == size && Sum(digest.Sum(nil)) == sum, err
}
