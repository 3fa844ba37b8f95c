package host

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// collect streams the files of one data node's part of a backup as tar.
func (s *Server) collect(ctx context.Context, fl *flow) (*node.Stream, error) {
	if fl.r.Follow {
		return s.follow(ctx, fl)
	}
	b, err := findNative(fl.n, fl.r.BackupID)
	if err != nil {
		return nil, err
	}
	result := &node.Stream{Format: node.FormatTar}
	if err := fl.open(*result); err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(fl.out, node.MaxFrame)
	archive := tar.NewWriter(out)
	for _, name := range b.files {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		size, err := addFile(archive, b.path, name)
		if err != nil {
			return nil, fmt.Errorf("collect %s: %w", name, err)
		}
		result.Files = append(result.Files, node.File{Name: name, Size: size})
	}
	if err := errors.Join(archive.Close(), out.Flush()); err != nil {
		return nil, err
	}
	result.Bytes = fl.out.Sent()
	return result, nil
}

// addFile adds one file, which must stay as it is meanwhile.
func addFile(to *tar.Writer, dir, name string) (int64, error) {
	f, err := openRegular(filepath.Join(dir, name))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := to.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: before.Size(), ModTime: before.ModTime().UTC(), Format: tar.FormatPAX}); err != nil {
		return 0, err
	}
	if _, err := io.Copy(to, io.LimitReader(f, before.Size())); err != nil {
		return 0, err
	}
	after, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return 0, errors.New("it is still being written: is the backup complete?")
	}
	return before.Size(), nil
}

// discard removes one data node's part of a backup, file by file, and then folders that are empty. Where
// there is nothing it is done: a data node that gave a backup up has removed its files itself, and has
// left the folder.
func (s *Server) discard(n inventory.Node, id uint32) error {
	b, err := findNative(n, id)
	if _, none := errors.AsType[noFiles](err); none {
		err = b.based(n)
	}
	if err != nil {
		return err
	}
	if who := s.proc.writers(b.path); who != "" {
		return refusef("%s has files of this backup open for writing: wait until it is complete", who)
	}
	for _, name := range b.files {
		if err := os.Remove(filepath.Join(b.path, name)); err != nil && !gone(err) {
			return err
		}
	}
	if b.alien {
		return nil // those of the others stay, and their folders with them
	}
	for _, dir := range slices.Backward(b.dirs) {
		if err := os.Remove(dir); err != nil && !gone(err) {
			return err
		}
	}
	if err := syncDir(filepath.Dir(b.path)); !gone(err) {
		return err
	}
	return nil // no backup was ever taken
}
