package lab

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// serverUser is whom the server runs as if we are root. It cannot be root: rsync's daemon,
// which receives a state transfer, would then drop to nobody and not be able to write.
const serverUser = "mysql"

// runAs is the account of the servers if it is not ours.
func runAs() string {
	if os.Geteuid() == 0 {
		return serverUser
	}
	return ""
}

// hand gives a path and what is in it to the servers' account, and lets that account, and no
// other, pass through the lab's folder.
func (l *Lab) hand(paths ...string) error {
	if runAs() == "" {
		return nil
	}
	u, err := user.Lookup(serverUser)
	if err != nil {
		return err
	}
	uid, errU := strconv.Atoi(u.Uid)
	gid, errG := strconv.Atoi(u.Gid)
	if errU != nil || errG != nil {
		return fmt.Errorf("account %s has odd numbers %s and %s", serverUser, u.Uid, u.Gid)
	}
	if err := os.Chown(l.Dir, 0, gid); err != nil {
		return err
	}
	if err := os.Chmod(l.Dir, 0o710); err != nil {
		return err
	}
	for dir := filepath.Dir(l.Dir); dir != "/"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("account %s, which the servers run as, cannot pass through %s; name another folder with --dir", serverUser, dir)
		}
	}
	for _, root := range paths {
		if err := filepath.Walk(root, func(path string, _ os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, uid, gid)
		}); err != nil {
			return err
		}
	}
	return nil
}
