package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/inventory"
)

// consoleFile gets what the server writes to standard output and error: with an error log of
// its own that is next to nothing.
const (
	consoleFile = "console.log"
	consoleMax  = 4 << 20
)

// launch runs the start command, in a session of its own, with nothing of ours open, so that
// it outlives us and does not hold the SSH session. It watches for a moment whether it ends.
func launch(n inventory.Node, d stateDir) error {
	console, err := openConsole(filepath.Join(d.path, consoleFile))
	if err != nil {
		return refusef("the server's output has nowhere to go: %w", err)
	}
	defer console.Close()
	from, err := console.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	cmd := exec.Command(n.Start[0], n.Start[1:]...)
	cmd.Dir = "/"
	cmd.Env = serverEnvironment()
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", n.Start[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // reaps it if it ends now; later it is init's
	timer := time.NewTimer(startWait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case err = <-ended:
	}
	said := make([]byte, 300)
	if k, _ := console.ReadAt(said, from); k > 0 {
		said = said[:k]
	} else {
		said = nil
	}
	if err == nil {
		err = errors.New("it ended with exit code 0; the command must stay, not go to the background")
	}
	return fmt.Errorf("the server ended at once: %w; it said %q, see also its error log", err, clean(strings.TrimSpace(string(said)), 300))
}

// openConsole opens the file for appending, and begins a new one when it has grown large.
func openConsole(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Size() > consoleMax {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
}

// serverEnvironment is all the server inherits: nothing that came over SSH, apart from the
// mark by which the lab finds the processes that are its own.
func serverEnvironment() []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LANG=C"}
	if lab, ok := os.LookupEnv("KAGU_LAB"); ok {
		env = append(env, "KAGU_LAB="+lab)
	}
	return env
}
