package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// lookInside looks at the data directory that is there. One on which a file system is mounted, or another folder bound,
// cannot be renamed: it must be empty but for what belongs to the file system. To put its content aside within itself would
// be no way out: both scripts of MariaDB's full state transfers remove what they do not know from a data directory.
func (r *restoring) lookInside(dir string) (err error) {
	if r.inside, err = isMountPoint(dir); err != nil {
		return refusef("look at %s: %w", dir, err)
	}
	if !r.inside {
		names, err := os.ReadDir(dir)
		if err != nil {
			return refusef("%w", err)
		}
		r.holds = len(names) > 0
		return nil
	}
	r.folder = filepath.Join(dir, restoreSuffix)
	names, err := r.strangers(dir)
	if err != nil {
		return refusef("look at %s: %w", dir, err)
	}
	if len(names) == 0 {
		return nil
	}
	some := strings.Join(names[:min(3, len(names))], ", ")
	return refusef("%[1]s is a mount point, which cannot be put aside by renaming, and holds %[2]s. Move what is in it (%[3]d names) to another disk and restore again. Or make a folder below it the data directory: "+
		"cd %[1]s && mkdir data && chown --reference=. data && find . -mindepth 1 -maxdepth 1 ! -name data ! -name lost+found -exec mv -t data {} +; "+
		"then name %[1]s/data as datadir in the server's options and in every kagu.yaml, and restore again", filepath.Clean(dir), clean(some, 120), len(names))
}

// isMountPoint asks the kernel. One that is too old to tell a folder that is bound from its own file
// system is asked for the numbers of the file systems alone.
func isMountPoint(dir string) (bool, error) {
	var x unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, dir, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &x)
	if err == nil && x.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		return x.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0, nil
	}
	var own, above unix.Stat_t
	if err := errors.Join(unix.Lstat(dir, &own), unix.Stat(filepath.Dir(dir), &above)); err != nil {
		return false, err
	}
	return own.Dev != above.Dev, nil
}
