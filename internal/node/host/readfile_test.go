package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestTail(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for _, tc := range []struct {
		name, log string
		want      []string
	}{
		{name: "empty", log: "", want: []string{}},
		{name: "two lines", log: "a\nb\n", want: []string{"a", "b"}},
		{name: "the last line is not finished", log: "a\nb", want: []string{"a", "b"}},
		{name: "more than 20 lines", log: strings.Repeat("old\n", 50) + strings.Repeat("new\n", 20), want: slicesRepeat("new", 20)},
		{name: "long lines are cut", log: long + "\n", want: []string{long[:300]}},
		{name: "never inside a character", log: strings.Repeat("x", 299) + "é\n", want: []string{strings.Repeat("x", 299)}},
		{name: "cleaned for a terminal", log: "\x1b[2J\tred\x07\xff\r\n", want: []string{"?[2J red??"}},
		{name: "one line larger than the window", log: strings.Repeat("y", logWindow*2), want: []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(tc.log), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := tail(path)
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func slicesRepeat(s string, n int) []string {
	return strings.Split(strings.TrimSuffix(strings.Repeat(s+"\n", n), "\n"), "\n")
}

func TestWhatIsNoPlainFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("secret"), []byte("root:x:0"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(path string) error{
		"a symbolic link": func(p string) error { return os.Symlink(in("secret"), p) },
		"a FIFO":          func(p string) error { return unix.Mkfifo(p, 0o600) },
		"a directory":     func(p string) error { return os.Mkdir(p, 0o700) },
		"a socket": func(p string) error {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			return unix.Bind(fd, &unix.SockaddrUnix{Name: p})
		},
		"too large": func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("x", 200)), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			path := in(strings.ReplaceAll(name, " ", "-"))
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			text, err := within(5*time.Second, func() ([]byte, error) { return readRegular(path, 100) })
			if err == nil {
				t.Errorf("read %q", text)
			}
			if strings.Contains(err.Error(), "no answer") {
				t.Error("it hung")
			}
		})
	}
}

func TestWithinLeavesBehindWhatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	_, err := within(10*time.Millisecond, func() (int, error) { <-release; return 1, nil })
	if err == nil || !strings.Contains(err.Error(), "no answer within 10ms") {
		t.Error(err)
	}
	if _, err := within(time.Second, func() (int, error) { panic("x") }); err == nil {
		t.Error("a panic was lost")
	}
}

func FuzzClean(f *testing.F) {
	f.Add("plain", 10)
	f.Add("\x1b]0;title\x07é\u202e", 7)
	f.Fuzz(func(t *testing.T, text string, longest int) {
		longest = min(max(longest, 0), 400)
		got := clean(text, longest)
		if len(got) > longest || !utf8.ValidString(got) || strings.ContainsFunc(got, func(c rune) bool { return !unicode.IsPrint(c) }) {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}
