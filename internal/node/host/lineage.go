package host

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lineageOf names a data directory since it was made. InnoDB has no such name. A state transfer
// by mariadb-backup, a restore and a fresh installation make new files; one by rsync writes into
// the files that are there, and so shows only in when those were written that a server leaves
// alone. A false alarm costs a full backup.
func lineageOf(dataDir string) (string, error) {
	sum := sha256.New()
	still := 0
	for _, f := range []struct {
		name  string
		still bool // the server does not write to it, from one upgrade to the next
	}{
		{name: "ibdata1"},
		{name: "ib_logfile0"},
		{name: "mysql/db.opt", still: true},
		{name: "performance_schema/db.opt", still: true},
		{name: "mysql/proc.frm", still: true},
	} {
		path := filepath.Join(dataDir, f.name)
		var s unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO|unix.STATX_BTIME|unix.STATX_MTIME, &s)
		if f.still && errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("look at %s: %w", path, err)
		}
		fields := []int64{int64(s.Dev_major), int64(s.Dev_minor), int64(s.Ino)}
		if s.Mask&unix.STATX_BTIME != 0 { // not every file system knows
			fields = append(fields, s.Btime.Sec, int64(s.Btime.Nsec))
		}
		if f.still {
			still++
			fields = append(fields, s.Mtime.Sec, int64(s.Mtime.Nsec))
		}
		if err := binary.Write(sum, binary.BigEndian, fields); err != nil {
			return "", err
		}
	}
	if still == 0 {
		return "", fmt.Errorf("%s has none of the files by which a state transfer shows", dataDir)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
