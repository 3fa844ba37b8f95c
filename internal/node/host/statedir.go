package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// stateDir keeps what must survive a reboot for one node: the operator's intent, the IDs that
// were carried out, the audit.
type stateDir struct{ path string }

// nodeDir names the folder of one node. A comma cannot come from PathEscape, so no pair of
// names can leave the folder or meet another pair.
func (s *Server) nodeDir(cluster, name string) stateDir {
	return stateDir{filepath.Join(s.StateDir, url.PathEscape(cluster)+","+url.PathEscape(name))}
}

// errBusy says that another verb is being carried out on the node.
var errBusy = errors.New("another verb is being carried out on this node: ask for a report, then try again")

// lock makes the folder and takes the node's lock, without waiting. The returned function
// gives it back; so does the end of the process.
func (d stateDir) lock() (unlock func(), err error) {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return nil, err
	}
	f, err := lockFile(filepath.Join(d.path, "lock"))
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errBusy
	}
	if err != nil {
		return nil, err
	}
	return func() { f.Close() }, nil
}

// lockSoon takes the lock from whoever has it for a moment. Verbs other than a restore have it
// for two minutes at most.
func (d stateDir) lockSoon() (unlock func(), err error) {
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		unlock, err = d.lock()
		if !errors.Is(err, errBusy) || time.Now().After(end) {
			return unlock, err
		}
	}
}

// lockFile locks a file without waiting. Whoever has the file open has the lock, also a child
// that got it.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// load reads a JSON file of ours; os.ErrNotExist if there is none.
func (d stateDir) load(name string, into any) error {
	text, err := readRegular(filepath.Join(d.path, name), 4<<20)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Join(d.path, name), err)
	}
	return nil
}

// save replaces a JSON file of ours; when it returns nil the content survives a power cut.
func (d stateDir) save(name string, value any) error {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(d.path, "."+name+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(d.path, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return d.sync()
}

// remove takes a file away, durably.
func (d stateDir) remove(name string) error {
	err := os.Remove(filepath.Join(d.path, name))
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.sync()
}

func (d stateDir) sync() error {
	dir, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
