package inventory

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/needs"
)

func TestReadSecretModes(t *testing.T) {
	const nobody = 65534
	cases := []struct {
		name     string
		mode     os.FileMode
		owner    int
		err      error
		rootOnly bool // the test must be able to choose the owner
	}{
		{name: "0600 is private", mode: 0o600, owner: os.Getuid()},
		{name: "0400 is private", mode: 0o400, owner: os.Getuid()},
		{name: "0644 is not", mode: 0o644, owner: os.Getuid(), err: errOpenToOthers},
		{name: "0602 is not", mode: 0o602, owner: os.Getuid(), err: errOpenToOthers},
		{name: "0660 is not, even root's", mode: 0o660, owner: os.Getuid(), err: errOpenToOthers},
		{name: "0640 of root is private: root chose the group", mode: 0o640, owner: 0, rootOnly: true},
		{name: "0640 of another user is not", mode: 0o640, owner: nobody, err: errOpenToOthers, rootOnly: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.rootOnly && os.Getuid() != 0 {
				needs.Missing(t, errors.New("a file of another user: run as root"))
			}
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Chown(path, c.owner, -1), os.Chmod(path, c.mode)); err != nil {
				t.Fatal(err)
			}
			if _, err := readSecret(path); !errors.Is(err, c.err) {
				t.Errorf("got %v, want %v", err, c.err)
			}
		})
	}
}

// A file of another user is told apart from one that is not there.
func TestASecretThatThisUserCannotRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() {
		if os.Getuid() == 0 { // root may read everything: give that up in this thread, which ends here
			runtime.LockOSThread()
			if _, err := unix.SetfsuidRetUid(65534); err != nil {
				result <- err
				return
			}
		} else if err := os.Chmod(path, 0); err != nil {
			result <- err
			return
		}
		_, err := readSecret(path)
		result <- err
	}()
	if err := <-result; !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want a lack of permission", err)
	}
}
