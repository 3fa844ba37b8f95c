package sshrun_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sshrun"
	"github.com/kagu-db/kagu/internal/sshrun/sshtest"
)

func run(t *testing.T, s sshtest.Server, limit time.Duration, command string) (sshrun.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return sshrun.Runner{Account: s.Account}.Run(ctx, s.Host, command)
}

func TestRunsACommandOnARealSSHD(t *testing.T) {
	s := sshtest.Start(t, "")
	for _, tc := range []struct {
		name, command  string
		stdout, stderr string
		exit           int
	}{
		{name: "output and exit code 0", command: "echo hello", stdout: "hello\n"},
		{name: "another exit code is no error", command: "echo no >&2; exit 3", stderr: "no\n", exit: 3},
		{name: "no output", command: "true"},
		{name: "standard input is empty", command: "cat"},
		{name: "standard error is cut", command: "head -c 100000 /dev/zero | tr '\\0' x >&2", stderr: strings.Repeat("x", sshrun.MaxStderr)},
		{name: "standard output up to the cap", command: "head -c 65536 /dev/zero | tr '\\0' x", stdout: strings.Repeat("x", sshrun.MaxStdout)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := run(t, s, patient, tc.command)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Stdout) != tc.stdout || got.Stderr != tc.stderr || got.Exit != tc.exit {
				t.Errorf("got %d bytes %.40q, %.40q, exit %d", len(got.Stdout), got.Stdout, got.Stderr, got.Exit)
			}
		})
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	good := sshtest.Start(t, "")
	for _, tc := range []struct {
		name    string
		command string
		limit   time.Duration
		change  func(t *testing.T, s *sshtest.Server)
		kinds   []error
		says    string
		sent    bool
	}{
		{
			name: "nothing listens", change: func(t *testing.T, s *sshtest.Server) { listenOnce(t, s, nil) },
			kinds: []error{sshrun.ErrUnreachable}, says: "is the host up",
		},
		{
			name: "no key is pinned for the host", change: func(t *testing.T, s *sshtest.Server) {
				s.Account.KnownHostsFile = write(t, "# nobody\n", 0o644)
			},
			kinds: []error{sshrun.ErrHostKey}, says: "ssh-keyscan -p",
		},
		{
			name: "the host shows another key", change: func(t *testing.T, s *sshtest.Server) {
				other := sshtest.WriteKey(t, filepath.Join(t.TempDir(), "other"))
				address := knownhosts.Normalize(net.JoinHostPort(s.Host.Address, port(s.Host)))
				s.Account.KnownHostsFile = write(t, knownhosts.Line([]string{address}, other)+"\n", 0o644)
			},
			kinds: []error{sshrun.ErrHostKey}, says: "a rebuilt host, or somebody in between",
		},
		{
			name: "others can write known_hosts", change: func(t *testing.T, s *sshtest.Server) {
				text, err := os.ReadFile(s.Account.KnownHostsFile)
				if err != nil {
					t.Fatal(err)
				}
				s.Account.KnownHostsFile = write(t, string(text), 0o666)
			},
			kinds: []error{sshrun.ErrHostKey}, says: "others can write it",
		},
		{
			name: "there is no known_hosts", change: func(_ *testing.T, s *sshtest.Server) { s.Account.KnownHostsFile = "/nonexistent" },
			kinds: []error{sshrun.ErrHostKey},
		},
		{
			name: "the key is not in authorized_keys", change: func(t *testing.T, s *sshtest.Server) {
				s.Account.KeyFile = filepath.Join(t.TempDir(), "key")
				sshtest.WriteKey(t, s.Account.KeyFile)
			},
			kinds: []error{sshrun.ErrAuth}, says: "authorized_keys",
		},
		{
			name: "others can read the key", change: func(t *testing.T, s *sshtest.Server) {
				text, err := os.ReadFile(s.Account.KeyFile)
				if err != nil {
					t.Fatal(err)
				}
				s.Account.KeyFile = write(t, string(text), 0o644)
			},
			kinds: []error{sshrun.ErrAuth}, says: "chmod 600",
		},
		{
			name: "the key is no key", change: func(t *testing.T, s *sshtest.Server) { s.Account.KeyFile = write(t, "hunter2\n", 0o600) },
			kinds: []error{sshrun.ErrAuth}, says: "is not a private key",
		},
		{
			name: "a server that accepts and never speaks", limit: time.Second,
			change: func(t *testing.T, s *sshtest.Server) { listenOnce(t, s, func(c net.Conn) { hold(t, c) }) },
			kinds:  []error{sshrun.ErrTimeout},
		},
		{
			name: "a server that closes at once", change: func(t *testing.T, s *sshtest.Server) {
				listenOnce(t, s, func(c net.Conn) { c.Close() })
			},
			kinds: []error{sshrun.ErrUnreachable}, says: "is it sshd",
		},
		{
			name: "a server that greets and hangs", limit: time.Second,
			change: func(t *testing.T, s *sshtest.Server) {
				listenOnce(t, s, func(c net.Conn) { _, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n")); hold(t, c) })
			},
			kinds: []error{sshrun.ErrTimeout},
		},
		{
			name: "a server that floods before it greets",
			change: func(t *testing.T, s *sshtest.Server) {
				listenOnce(t, s, func(c net.Conn) {
					for {
						if _, err := c.Write([]byte(strings.Repeat("welcome to the machine\r\n", 100))); err != nil {
							return
						}
					}
				})
			},
			kinds: []error{sshrun.ErrUnreachable},
		},
		{name: "a command that hangs", command: "sleep 300", limit: time.Second, kinds: []error{sshrun.ErrTimeout}, sent: true},
		{name: "a command that floods", command: "cat /dev/zero", kinds: []error{sshrun.ErrTooMuch}, says: "forced command", sent: true},
		{name: "a command that is killed", command: "kill -9 $$", kinds: []error{sshrun.ErrUnreachable}, sent: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := good
			if tc.change != nil {
				tc.change(t, &s)
			}
			if tc.limit == 0 {
				tc.limit = patient
			}
			_, err := run(t, s, tc.limit, tc.command)
			for tc.sent && !sent(err) && tc.limit < patient { // a login takes longer on a busy machine
				tc.limit *= 2
				_, err = run(t, s, tc.limit, tc.command)
			}
			all := []error{sshrun.ErrUnreachable, sshrun.ErrHostKey, sshrun.ErrAuth, sshrun.ErrTimeout, sshrun.ErrTooMuch}
			for _, kind := range all {
				if want := slices.Contains(tc.kinds, kind); errors.Is(err, kind) != want {
					t.Errorf("errors.Is(err, %q) is not %v", kind, want)
				}
			}
			if _, ok := errors.AsType[*sshrun.Error](err); !ok {
				t.Fatalf("error is not *sshrun.Error: %v", err)
			}
			if got := sent(err); got != tc.sent {
				t.Errorf("Sent is %v, want %v", got, tc.sent)
			}
			if !strings.Contains(err.Error(), "db1") || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error must name the host and say %q:\n%v", tc.says, err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error quotes the key file")
			}
		})
	}
}

// sent reports whether the command may have reached the host.
func sent(err error) bool {
	broken, ok := errors.AsType[*sshrun.Error](err)
	return ok && broken.Sent
}

func TestACancelledCallerIsNotATimeout(t *testing.T) {
	s := sshtest.Start(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	_, err := sshrun.Runner{Account: s.Account}.Run(ctx, s.Host, "sleep 300")
	if !errors.Is(err, context.Canceled) || errors.Is(err, sshrun.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

// listenOnce points the server at a listener of our own; with a nil serve nothing listens.
func listenOnce(t *testing.T, s *sshtest.Server, serve func(net.Conn)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	key := sshtest.WriteKey(t, filepath.Join(t.TempDir(), "host"))
	s.Host.SSHPort = l.Addr().(*net.TCPAddr).Port
	s.Account.KnownHostsFile = write(t, knownhosts.Line([]string{knownhosts.Normalize(l.Addr().String())}, key)+"\n", 0o644)
	if serve == nil {
		l.Close()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := l.Accept(); err == nil {
			serve(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
}

// hold keeps the connection open until the other side gives up.
func hold(_ *testing.T, c net.Conn) {
	buffer := make([]byte, 4096)
	for {
		if _, err := c.Read(buffer); err != nil {
			return
		}
	}
}

func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // past the umask
		t.Fatal(err)
	}
	return path
}

func port(h inventory.Host) string {
	_, p, _ := net.SplitHostPort((&net.TCPAddr{Port: h.SSHPort}).String())
	return p
}
