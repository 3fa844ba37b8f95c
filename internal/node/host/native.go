package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A nativeBackup is the folder in which an NDB data node keeps its part of a backup. Only names
// that NDB gives are touched, and only those of this node: two data nodes may share a folder.
type nativeBackup struct {
	path  string
	id    uint32
	files []string // of this node, as seen from path
	dirs  []string // path and the folders in it, as far as they are there
	alien bool     // it holds files of other nodes too
}

func (b nativeBackup) has(name string) bool { return slices.Contains(b.files, name) }

var (
	partShape = regexp.MustCompile(`^BACKUP-([0-9]+)-PART-[0-9]+-OF-[0-9]+$`)
	fileShape = regexp.MustCompile(`^BACKUP-([0-9]+)(?:-[0-9]+)?\.([0-9]+)\.(?:ctl|Data|log)$`)
)

// nativeAt says where the files of a backup are, or will be.
func nativeAt(n inventory.Node, id uint32) (nativeBackup, error) {
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
	return nativeBackup{path: filepath.Join(base, "BACKUP", fmt.Sprintf("BACKUP-%d", id)), id: id}, nil
}

// based refuses a folder of backups that cannot be right: that nothing lies where there is nothing tells
// nothing.
func (b nativeBackup) based(n inventory.Node) error {
	base := filepath.Dir(filepath.Dir(b.path))
	info, err := os.Stat(base)
	if err == nil && !info.IsDir() {
		err = errors.New("it is no folder")
	}
	if err != nil {
		return refusef("look for backup %d in %s: %w: give BackupDataDir of %s in its config.ini as backup_dir in kagu.yaml", b.id, base, err, n.Name)
	}
	return nil
}

// noFiles says that a data node holds nothing of a backup. One that it is about to write looks so too.
type noFiles string

func (n noFiles) Error() string { return string(n) }

// findNative looks for the files of a backup. Anything that NDB would not have made is refused.
func findNative(n inventory.Node, id uint32) (nativeBackup, error) {
	b, err := nativeAt(n, id)
	if err != nil {
		return b, err
	}
	for _, dir := range []string{filepath.Dir(b.path), b.path} {
		info, err := os.Lstat(dir)
		switch {
		case gone(err):
			return b, &refusal{noFiles(fmt.Sprintf("there is no backup %d of %s (%s)", id, n.Name, dir))}
		case err != nil:
			return b, refusef("%w", err)
		case !info.IsDir():
			return b, refusef("%s is no folder: NDB made something else of it, or somebody did", dir)
		}
	}
	b.dirs = []string{b.path}
	err = filepath.WalkDir(b.path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == b.path {
			return err
		}
		name, _ := filepath.Rel(b.path, path)
		if d.IsDir() {
			if part := partShape.FindStringSubmatch(name); part == nil || part[1] != strconv.Itoa(int(id)) {
				return refusef("%s is no folder that NDB makes: nothing of this backup is touched", path)
			}
			b.dirs = append(b.dirs, path)
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
		err = &refusal{noFiles(fmt.Sprintf("backup %d has no file of %s", id, n.Name))}
	}
	return b, err
}
