package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// spawn starts a program that outlives us: in a session of its own, marked as the lab's, its
// output in a file. It is written down in lab.json before anything waits for it.
func (l *Lab) spawn(name, log string, argv ...string) (Process, error) {
	p, ended, err := l.run(name, log, nil, argv...)
	if err == nil && p.Start == 0 {
		<-ended
		err = fmt.Errorf("start %s: it ended at once: %s", name, tail(log))
	}
	return p, err
}

// spawnDaemon starts a node's program, which goes on in the background by itself. What was started
// may have ended by the time one looks, and all is well if it ended well.
func (l *Lab) spawnDaemon(n Node, argv ...string) (Process, error) {
	name, log := n.Name, n.outputLog()
	p, ended, err := l.run(name, log, n.ownGroup(), argv...)
	if err == nil && p.Start == 0 {
		if err := <-ended; err != nil {
			return p, fmt.Errorf("start %s: it ended at once: %w: %s", name, err, tail(log))
		}
	}
	return p, err
}

// run starts a program, as another account if one is given. A process that ended before it could be looked at has no Start; the
// channel then says how.
func (l *Lab) run(name, log string, as *syscall.Credential, argv ...string) (Process, <-chan error, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return Process{}, nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer out.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = l.Dir, out, out
	cmd.Env = append(os.Environ(), mark+"="+l.ID)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: as}
	if err := cmd.Start(); err != nil {
		return Process{}, nil, fmt.Errorf("start %s: %w", name, err)
	}
	p, err := Running(name, cmd.Process.Pid)
	// Collecting it when it ends is all that is left to do, and ends with it.
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err != nil {
		return Process{Name: name, PID: cmd.Process.Pid}, ended, nil
	}
	l.mu.Lock()
	l.Processes = append(l.Processes, p)
	l.mu.Unlock()
	return p, ended, l.save()
}

// await asks every few milliseconds until ok says yes. It gives up when the context ends and
// when the process has.
func await(ctx context.Context, p Process, log string, ok func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := poll(ctx, func(ctx context.Context) error {
		err := ok(ctx)
		if err != nil && !p.Alive() {
			cancel(errors.New("it ended"))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("start %s: %w; the end of its log:\n%s", p.Name, err, tail(log))
	}
	return nil
}

// poll asks every few milliseconds until ok agrees or the context ends. The error says why ok
// did not agree.
func poll(ctx context.Context, ok func(context.Context) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := ok(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// tail returns the last lines of a log, for an error message.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "and " + err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(bytes.ToValidUTF8(text, nil))), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
