package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/kagu-db/kagu/internal/failpoint"
)

// tempFolder holds files that are being written. It is no name of an object, and one folder for
// all, so that leftovers are found without reading the store and never keep an empty folder.
const tempFolder = ".tmp"

// Put writes a file beside the objects, brings it to disk, and gives it its name.
//
// It does not read the content back: it would get what this machine's memory holds, not the disk.
// The digest is for who reads it later; backupd does after every backup.
func (f *Folder) Put(ctx context.Context, name string, content []byte, sum Sum) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if len(content) > MaxSize {
		return fmt.Errorf("put %s in %s: %w", name, f, ErrTooLarge)
	}
	root, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer root.Close()
	if same, err := f.there(root, name, int64(len(content)), sum); err != nil || same {
		return err
	}
	temp, err := f.write(root, content)
	if err == nil {
		failpoint.Here("store-written")
		f.sweepSometimes(root, temp)
		err = f.name(root, temp, name)
		failpoint.Here("store-named")
		err = errors.Join(err, root.Remove(temp))
	}
	if errors.Is(err, fs.ErrExist) { // somebody was faster, perhaps with the same
		same, err := f.there(root, name, int64(len(content)), sum)
		if err == nil && !same {
			err = f.failed("put", name, errors.New("there is a folder of that name"))
		}
		return err
	}
	if err != nil {
		return f.failed("put", name, err)
	}
	return nil
}

// there reports whether the object is there already; ErrExists if its content is another.
func (f *Folder) there(root *os.Root, name string, size int64, sum Sum) (bool, error) {
	file, err := open(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, f.failed("put", name, err)
	}
	defer file.Close()
	same, err := holds(file, size, sum)
	if err == nil && !same {
		return false, fmt.Errorf("put %s in %s: %w; it was left as it is", name, f, ErrExists)
	}
	// Who wrote it may have been killed before it was on disk.
	if err == nil {
		err = errors.Join(file.Sync(), f.syncAbove(root, name))
	}
	if err != nil {
		return false, f.failed("put", name, err)
	}
	return true, nil
}

// write writes a file that has no name of an object yet, and holds a lock on it meanwhile, so that
// who removes leftovers knows that its writer lives.
func (f *Folder) write(root *os.Root, content []byte) (temp string, err error) {
	if err := root.Mkdir(tempFolder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	temp = tempFolder + "/" + rand.Text()
	file, err := root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_EX) // a file system may have no locks: then age alone tells
	failpoint.Here("store-created")
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, root.Remove(temp))
	}
	return temp, nil
}

var errNoLinks = errors.New("the file system has no hard links; use a local one (ext4, xfs, btrfs) or NFS")

// name links the file to the object's name and brings the link to disk.
func (f *Folder) name(root *os.Root, temp, name string) error {
	for tries := 0; ; tries++ {
		err := root.MkdirAll(path.Dir(name), 0o700)
		made := err == nil
		if made {
			err = root.Link(temp, name)
		}
		// Delete removes a folder that is empty: before the link, or while it is made or looked at.
		vanished := errors.Is(err, fs.ErrNotExist) || !made && errors.Is(err, fs.ErrExist)
		switch {
		case err == nil:
			failpoint.Here("store-linked")
			return f.syncAbove(root, name)
		case vanished && tries < 100:
		case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
			return errNoLinks
		default:
			return err
		}
	}
}

// syncAbove brings the folder of an object to disk, and those above that were not seen there yet.
func (f *Folder) syncAbove(root *os.Root, name string) error {
	folder := path.Dir(name)
	if err := syncFolder(root, folder); err != nil {
		return err
	}
	for folder != "." {
		if _, known := f.synced.Load(folder); known {
			return nil
		}
		above := path.Dir(folder)
		if err := syncFolder(root, above); err != nil {
			return err
		}
		f.synced.Store(folder, true)
		folder = above
	}
	return nil
}

func syncFolder(root *os.Root, folder string) error {
	dir, err := root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
