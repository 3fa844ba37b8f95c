package ndb

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// An assembly puts the files of one part together in a folder. A file comes whole or, if it was
// collected while it was written, in chunks that follow one another. A whole one after chunks is the
// file, and they are void: it was not as they had been sent.
type assembly struct {
	into  string
	files []File
	whole map[string]bool
}

// put adds a file, or its chunk that begins at an offset.
func (a *assembly) put(name string, chunk bool, offset, size int64, from io.Reader) error {
	i := slices.IndexFunc(a.files, func(f File) bool { return f.Name == name })
	flags := os.O_CREATE | os.O_EXCL
	switch {
	case a.whole[name]:
		return fmt.Errorf("something of %s follows the whole of it", name)
	case i < 0:
		i = len(a.files)
		a.files = append(a.files, File{Name: name})
	case chunk:
		flags = os.O_APPEND
	default:
		flags = os.O_TRUNC
		a.files[i].Size = 0
	}
	if chunk && offset != a.files[i].Size {
		return fmt.Errorf("a chunk of %s begins at byte %d, and %d came before", name, offset, a.files[i].Size)
	}
	if !chunk {
		if a.whole == nil {
			a.whole = map[string]bool{}
		}
		a.whole[name] = true
	}
	a.files[i].Size += size
	return writeFile(filepath.Join(a.into, name), flags, from)
}

func writeFile(path string, flags int, from io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, flags|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// same compares what was unpacked with what was collected. Every byte was checked on its way; this says
// that nothing is missing between two of them.
func same(collected, unpacked []File) error {
	sizes := map[string]int64{}
	for _, f := range unpacked {
		sizes[f.Name] = f.Size
	}
	for _, f := range collected {
		name := withoutTop(f.Name)
		size, there := sizes[name]
		switch {
		case !there:
			return fmt.Errorf("%s was collected and is not in the backup", name)
		case size != f.Size:
			return fmt.Errorf("%s had %d bytes when it was collected, and has %d", name, f.Size, size)
		}
		delete(sizes, name)
	}
	for _, f := range unpacked {
		if _, more := sizes[f.Name]; more {
			return fmt.Errorf("%s is in the backup and was not collected", f.Name)
		}
	}
	return nil
}
