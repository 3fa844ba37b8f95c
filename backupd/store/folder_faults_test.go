package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/backupd/store"
	"github.com/kagu-db/kagu/backupd/store/storetest"
	"github.com/kagu-db/kagu/internal/needs"
)

// TestMain lets the test binary be the writer that a test kills.
func TestMain(m *testing.M) {
	if folder := os.Getenv("KAGU_TEST_WRITER"); folder != "" {
		if err := putAll(store.NewFolder(folder)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const written = 40

func writtenName(i int) string { return fmt.Sprintf("parts/c/x/data/%08d", i) }

func writtenContent(i int) []byte { return storetest.Content(uint64(i), 100_000+i) }

func putAll(st store.Store) error {
	for i := range written {
		if err := storetest.Put(context.Background(), st, writtenName(i), writtenContent(i)); err != nil {
			return err
		}
	}
	return nil
}

// writer starts a process that puts objects into a folder.
func writer(t *testing.T, program, folder, failpoint string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "KAGU_TEST_WRITER="+folder, "KAGU_FAILPOINT="+failpoint)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// whole checks that everything that is listed is what was put, and returns how much that is.
func whole(t *testing.T, st store.Store) int {
	t.Helper()
	names, err := storetest.Names(t.Context(), st, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		i, err := strconv.Atoi(name[strings.LastIndexByte(name, '/')+1:])
		if err != nil || name != writtenName(i) {
			t.Fatalf("%s is listed and was never put", name)
		}
		if got, err := storetest.Get(t.Context(), st, name); err != nil || !bytes.Equal(got, writtenContent(i)) {
			t.Fatalf("%s is not what was put: %d bytes, %v", name, len(got), err)
		}
	}
	return len(names)
}

// finish lets another writer do what the killed one did not, and sees that nothing is left behind.
func finish(t *testing.T, f *store.Folder) {
	t.Helper()
	if err := putAll(f); err != nil {
		t.Fatal(err)
	}
	if n := whole(t, f); n != written {
		t.Errorf("%d objects are there, want %d", n, written)
	}
	temp := filepath.Join(f.String(), ".tmp")
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 1 {
		t.Errorf("a writer that was killed left %d files (%v)", len(left), err)
	}
	if n, err := f.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d files that may be of a writer that lives (%v)", n, err)
	}
	for _, e := range left {
		long := time.Now().Add(-25 * time.Hour)
		if err := os.Chtimes(filepath.Join(temp, e.Name()), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := f.Sweep(t.Context()); n != len(left) || err != nil {
		t.Errorf("swept %d of %d leftovers (%v)", n, len(left), err)
	}
	if n := whole(t, f); n != written {
		t.Errorf("%d objects are there after the sweep, want %d", n, written)
	}
}

func TestAWriterIsKilledAtAnyMoment(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	early, late := 0, 0
	for range 20 {
		f := newFolder(t).(*store.Folder)
		w := writer(t, self, f.String(), "")
		time.Sleep(rand.N(200 * time.Millisecond)) // any moment is right
		_ = w.Process.Kill()                       // it may have ended
		_ = w.Wait()                               // by our signal
		if n := whole(t, f); n < written/2 {
			early++
		} else {
			late++
		}
		finish(t, f)
	}
	t.Logf("killed in the first half of its work %d times, later %d times", early, late)
}

func TestAWriterIsKilledAtEachStep(t *testing.T) {
	needs.Servers(t) // not a server, but a build of its own
	program := filepath.Join(t.TempDir(), "store.test")
	build := exec.Command("go", "test", "-c", "-tags", "failpoint", "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		point string
		there int // objects after the kill
	}{
		{"store-created", 0}, {"store-written", 0}, {"store-linked", 1}, {"store-named", 1},
	} {
		t.Run(c.point, func(t *testing.T) {
			f := newFolder(t).(*store.Folder)
			w := writer(t, program, f.String(), c.point)
			var exit *exec.ExitError
			if err := w.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the writer was not killed: %v", err)
			}
			if n := whole(t, f); n != c.there {
				t.Errorf("%d objects are there, want %d", n, c.there)
			}
			finish(t, f)
		})
	}
}

func TestTwoWritersOfTheSame(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := newFolder(t).(*store.Folder)
	writers := []*exec.Cmd{writer(t, self, f.String(), ""), writer(t, self, f.String(), "")}
	for _, w := range writers {
		if err := w.Wait(); err != nil {
			t.Error(err)
		}
	}
	finish(t, f)
}

func TestAFullFolder(t *testing.T) {
	if os.Getuid() != 0 {
		needs.Missing(t, errors.New("a small tmpfs to fill: run as root"))
	}
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		needs.Missing(t, fmt.Errorf("a small tmpfs to fill: %w", err))
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	f := store.NewFolder(disk)
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	put := 0
	for ; ; put++ {
		err := storetest.Put(t.Context(), f, writtenName(put), writtenContent(put))
		if err == nil {
			continue
		}
		if !errors.Is(err, store.ErrFull) || store.MayPass(err) || !strings.Contains(err.Error(), disk) || !strings.Contains(err.Error(), "make space") {
			t.Errorf("got %v, want ErrFull with the store and what to do", err)
		}
		break
	}
	if n := whole(t, f); n != put || n < 20 {
		t.Errorf("%d objects are there after %d were put", n, put)
	}
	if left, err := os.ReadDir(filepath.Join(disk, ".tmp")); err != nil || len(left) != 0 {
		t.Errorf("what did not fit left %d files (%v)", len(left), err)
	}
	if free, limited, err := f.Free(t.Context()); err != nil || !limited || free > 200_000 {
		t.Errorf("free: %d, %v, %v", free, limited, err)
	}
	if err := f.Delete(t.Context(), writtenName(0)); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Put(t.Context(), f, writtenName(0), writtenContent(0)); err != nil {
		t.Errorf("there is space again: %v", err)
	}
}

func TestAFolderThatIsNotMounted(t *testing.T) {
	dir := t.TempDir()
	f := store.NewFolder(dir)
	for _, c := range []struct {
		name   string
		breaks func() error
		remedy string
	}{
		{"no marker", func() error { return nil }, "touch " + dir + "/kagu-store"},
		{"no folder", func() error { return os.Remove(dir) }, "mkdir -m 700 " + dir},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.breaks(); err != nil {
				t.Fatal(err)
			}
			_, getErr := f.Get(t.Context(), "a")
			_, statErr := f.Stat(t.Context(), "a")
			_, _, freeErr := f.Free(t.Context())
			_, sweepErr := f.Sweep(t.Context())
			for call, err := range map[string]error{
				"Put": storetest.Put(t.Context(), f, "a", []byte("x")), "Get": getErr, "Stat": statErr, "Free": freeErr, "Sweep": sweepErr,
				"Delete": f.Delete(t.Context(), "a"), "List": f.List(t.Context(), "", func(store.Info) error { return nil }),
			} {
				if !errors.Is(err, store.ErrNoStore) || !strings.Contains(err.Error(), c.remedy) {
					t.Errorf("%s: got %v, want ErrNoStore and %q", call, err, c.remedy)
				}
			}
			if left, err := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("it holds %v now (%v)", left, err)
			}
		})
	}
}

// What lies in a folder and is no object: it is not listed, not read and not replaced.
func TestWhatIsNoObject(t *testing.T) {
	f := newFolder(t).(*store.Folder)
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "secret")
	for _, err := range []error{
		os.Symlink(secret, filepath.Join(f.String(), "link")),
		os.Symlink(filepath.Dir(secret), filepath.Join(f.String(), "linked")),
		os.Mkdir(filepath.Join(f.String(), "lost+found"), 0o000),
		syscall.Mkfifo(filepath.Join(f.String(), "pipe"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if names, err := storetest.Names(t.Context(), f, ""); err != nil || len(names) != 0 {
		t.Errorf("listed %v (%v)", names, err)
	}
	for _, name := range []string{"link", "linked/secret", "linked/new", "pipe"} {
		if got, err := storetest.Get(t.Context(), f, name); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
		if err := storetest.Put(t.Context(), f, name, []byte("x")); err == nil {
			t.Errorf("%s was put", name)
		}
	}
	if content, err := os.ReadFile(secret); err != nil || string(content) != "secret" {
		t.Errorf("outside of the store: %q (%v)", content, err)
	}
}

func TestNobodyElseReadsAFolder(t *testing.T) {
	f := store.NewFolder(filepath.Join(t.TempDir(), "new"))
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Put(t.Context(), f, "a/b/c", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(f.String(), func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}
