package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/needs"
)

// A folder of the same file system is bound, which the numbers of the file systems do not show; and
// what the refusal says is done.
func TestAMountPointIsRefusedWithTheWayOut(t *testing.T) {
	needs.Servers(t)
	if os.Geteuid() != 0 {
		needs.Missing(t, errors.New("a folder to bind to another: run as root"))
	}
	disk, dir := t.TempDir(), t.TempDir()
	for _, name := range []string{"lost+found", "mysql", "a schema", ".hidden"} {
		if err := os.Mkdir(filepath.Join(disk, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(disk, "ibdata1"), nil, 0o600), os.Chown(disk, 12345, 12345)); err != nil {
		t.Fatal(err)
	}
	look := func(dir string) error {
		r := restoring{fl: &flow{d: stateDir{t.TempDir()}}}
		return r.lookInside(dir)
	}
	if err := look(dir); err != nil {
		t.Errorf("a plain folder: %v", err)
	}
	if err := unix.Mount(disk, dir, "", unix.MS_BIND, ""); err != nil {
		needs.Missing(t, fmt.Errorf("a folder bound to another: %w", err))
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }() // it is gone with the test's folder anyway
	err := look(dir)
	if err == nil || !strings.Contains(err.Error(), dir+" is a mount point, which cannot be put aside by renaming, and holds .hidden, a schema, ibdata1. Move what is in it (4 names)") {
		t.Fatalf("got %v", err)
	}
	_, remedy, _ := strings.Cut(err.Error(), "the data directory: ")
	command, rest, found := strings.Cut(remedy, ";")
	below := filepath.Join(dir, "data")
	if !found || !strings.Contains(rest, below+" as datadir") {
		t.Fatalf("no way out in %q", err)
	}
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", command, err, out)
	}
	var names []string
	entries, err := os.ReadDir(below)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, ","); err != nil || got != ".hidden,a schema,ibdata1,mysql" {
		t.Errorf("%v: moved %s", err, got)
	}
	if who, err := ownerOf(below); err != nil || who.uid != 12345 {
		t.Errorf("it is %v's: %v", who, err)
	}
	if err := look(below); err != nil {
		t.Errorf("the folder below: %v", err)
	}
}
