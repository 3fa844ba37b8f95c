package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/background"
)

// A child is a tool that works for a verb. It is nice to the database in processor and disk, it
// is the account that owns the data directory rather than root, and it dies with us.
type child struct {
	path  string
	args  []string
	owner owner
	files []*os.File // 3 and on
	stdin io.Reader
	hears io.Writer // what it says, beside us; nil: nobody
}

// owner is the account a child runs as. Only root can be somebody else.
type owner struct{ uid, gid uint32 }

// ownerOf tells whose a file or folder is.
func ownerOf(path string) (owner, error) {
	info, err := os.Stat(path)
	if err != nil {
		return owner{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owner{}, fmt.Errorf("whose %s is cannot be told", path)
	}
	return owner{stat.Uid, stat.Gid}, nil
}

// give makes the account the owner of a path, if we may.
func (o owner) give(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(path, int(o.uid), int(o.gid))
}

// run starts the child and hands its output to take. It returns when the child has ended, and
// all its output has been taken. The context kills it, and so does an error of take.
func (c child) run(ctx context.Context, take func(stdout io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Dir, cmd.Env = "/", toolEnvironment()
	cmd.ExtraFiles, cmd.Stdin = c.files, c.stdin
	said := new(lastLines)
	cmd.Stderr = said
	if c.hears != nil {
		cmd.Stderr = io.MultiWriter(said, c.hears)
	}
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 && c.owner.uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.owner.uid, Gid: c.owner.gid}
	}
	// Not cmd.StdoutPipe: waiting for the child, as its thread does, would close that while we read.
	stdout, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdout.Close()
	_, _ = unix.FcntlInt(stdout.Fd(), unix.F_SETPIPE_SZ, 1<<20) // fewer turns between it and us; a limit may forbid it
	cmd.Stdout = theirs
	wait, err := start(cmd)
	theirs.Close()
	if err != nil {
		return fmt.Errorf("start %s: %w", c.path, err)
	}
	taken := take(stdout)
	if taken != nil {
		cancel()
	}
	err = wait()
	switch {
	case taken != nil:
		return said.add(taken)
	case err != nil && context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case err != nil:
		return said.add(fmt.Errorf("%s: %w", c.path, err))
	}
	return nil
}

// start starts the command from a thread of its own and waits until the command has ended: the
// kernel sends the signal of a parent's death when the thread ends that started the child.
func start(cmd *exec.Cmd) (wait func() error, err error) {
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			background.Yield(cmd.Process.Pid)
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return func() error { return <-ended }, nil
}

// speaksOfError finds what a tool calls an error; the names of files it copies hold such words too.
var speaksOfError = regexp.MustCompile(`(?i)\b(?:fatal|failed|denied)\b|\berror:|\[error\]`)

// lastLines keeps the end of what a tool says.
type lastLines struct {
	mu   sync.Mutex
	text []byte
}

const lastBytes = 4 << 10

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - lastBytes; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
	return len(p), nil
}

// add puts the last lines into an error: those that speak of an error if there are any.
func (l *lastLines) add(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all, bad []string
	for line := range strings.Lines(string(l.text)) {
		if line = clean(line, 200); line == "" {
			continue
		}
		all = append(all, line)
		if speaksOfError.MatchString(line) {
			bad = append(bad, line)
		}
	}
	if len(bad) > 0 {
		all = bad
	}
	if len(all) == 0 {
		return err
	}
	return fmt.Errorf("%w; it said: %s", err, strings.Join(all[max(0, len(all)-3):], " | "))
}

// memoryFile returns a file that is on no disk and that only the account can read. The child
// opens it as /proc/self/fd/N; it is gone when nobody has it open.
func memoryFile(name string, content []byte, of owner) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), name)
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o400)); err == nil && os.Geteuid() == 0 {
		err = f.Chown(int(of.uid), int(of.gid))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
