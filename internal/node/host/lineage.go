package host

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lineageOf names a data directory since it was made. InnoDB has no such name; but whatever
// replaces its data by others makes new files of the system tablespace or the redo log. A change
// of the log's size does too, and costs no more than a full backup.
func lineageOf(dataDir string) (string, error) {
	sum := sha256.New()
	for _, name := range []string{"ibdata1", "ib_logfile0"} {
		path := filepath.Join(dataDir, name)
		var s unix.Statx_t
		if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO|unix.STATX_BTIME, &s); err != nil {
			return "", fmt.Errorf("look at %s: %w", path, err)
		}
		fields := []int64{int64(s.Dev_major), int64(s.Dev_minor), int64(s.Ino)}
		if s.Mask&unix.STATX_BTIME != 0 { // not every file system knows
			fields = append(fields, s.Btime.Sec, int64(s.Btime.Nsec))
		}
		if err := binary.Write(sum, binary.BigEndian, fields); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
