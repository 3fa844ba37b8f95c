package host

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mountPoint refuses a data directory on which a file system is mounted, or another folder bound:
// it cannot be renamed. To put its content aside within itself would be no way out: both scripts of
// MariaDB's full state transfers remove what they do not know from a data directory.
func mountPoint(dir string) error {
	is, err := isMountPoint(dir)
	if err != nil {
		return refusef("look at %s: %w", dir, err)
	}
	if !is {
		return nil
	}
	return refusef("%[1]s is a mount point, which cannot be replaced by renaming. Make a folder below it the data directory: "+
		"cd %[1]s && mkdir data && chown --reference=. data && find . -mindepth 1 -maxdepth 1 ! -name data ! -name lost+found -exec mv -t data {} +; "+
		"then name %[1]s/data as datadir in the server's options and in every kagu.yaml, and restore again", filepath.Clean(dir))
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
