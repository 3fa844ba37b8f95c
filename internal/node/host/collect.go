package host

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// A nativeBackup is the folder in which an NDB data node keeps its part of a backup. Only names
// that NDB gives are touched, and only those of this node: two data nodes may share a folder.
type nativeBackup struct {
	path  string
	id    uint32
	files []string // of this node, as seen from path
	alien bool     // it holds files of other nodes too
}

var (
	partShape = regexp.MustCompile(`^BACKUP-([0-9]+)-PART-[0-9]+-OF-[0-9]+$`)
	fileShape = regexp.MustCompile(`^BACKUP-([0-9]+)(?:-[0-9]+)?\.([0-9]+)\.(?:ctl|Data|log)$`)
)

// findNative looks for the files of a backup. Anything that NDB would not have made is refused.
func findNative(n inventory.Node, id uint32) (nativeBackup, error) {
	if n.Role != cluster.RoleData {
		return nativeBackup{}, refusef("%s is no data node of an NDB Cluster", n.Name)
	}
	base := n.BackupDir
	if base == "" {
		base = n.DataDir
	}
	if base == "" {
		return nativeBackup{}, refusef("kagu.yaml has neither backup_dir nor datadir for %s: give BackupDataDir, or DataDir, of its config.ini", n.Name)
	}
	b := nativeBackup{path: filepath.Join(base, "BACKUP", fmt.Sprintf("BACKUP-%d", id)), id: id}
	for _, dir := range []string{filepath.Dir(b.path), b.path} {
		info, err := os.Lstat(dir)
		switch {
		case gone(err):
			return b, refusef("there is no backup %d of %s (%s)", id, n.Name, dir)
		case err != nil:
			return b, refusef("%w", err)
		case !info.IsDir():
			return b, refusef("%s is no folder: NDB made something else of it, or somebody did", dir)
		}
	}
	err := filepath.WalkDir(b.path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == b.path {
			return err
		}
		name, _ := filepath.Rel(b.path, path)
		if d.IsDir() {
			if part := partShape.FindStringSubmatch(name); part == nil || part[1] != strconv.Itoa(int(id)) {
				return refusef("%s is no folder that NDB makes: nothing of this backup is touched", path)
			}
			return nil
		}
		file := fileShape.FindStringSubmatch(d.Name())
		if !d.Type().IsRegular() || file == nil || file[1] != strconv.Itoa(int(id)) {
			return refusef("%s is no file that NDB makes: nothing of this backup is touched", path)
		}
		if file[2] != strconv.Itoa(n.ID) {
			b.alien = true
			return nil
		}
		b.files = append(b.files, name)
		return nil
	})
	if err == nil && len(b.files) == 0 {
		err = refusef("backup %d has no file of %s", id, n.Name)
	}
	return b, err
}

// collect streams the files of one data node's part of a backup as tar.
func (s *Server) collect(ctx context.Context, fl *flow) (*node.Stream, error) {
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

// discard removes one data node's part of a backup, file by file, and then folders that are empty.
func (s *Server) discard(n inventory.Node, id uint32) error {
	b, err := findNative(n, id)
	if err != nil {
		return err
	}
	if who := s.proc.writers(b.path); who != "" {
		return refusef("%s has files of this backup open for writing: wait until it is complete", who)
	}
	dirs := []string{b.path}
	for _, name := range b.files {
		path := filepath.Join(b.path, name)
		if err := os.Remove(path); err != nil {
			return err
		}
		if dir := filepath.Dir(path); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if b.alien {
		return nil // those of the others stay, and their folders with them
	}
	for _, dir := range slices.Backward(dirs) {
		if err := os.Remove(dir); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(b.path))
}
