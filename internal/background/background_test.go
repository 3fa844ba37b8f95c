package background

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A program that yields is nice, and so is its session where the kernel weighs sessions.
func TestYield(t *testing.T) {
	cmd := exec.Command("cat")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()

	Yield(cmd.Process.Pid)

	if got, err := unix.Getpriority(unix.PRIO_PROCESS, cmd.Process.Pid); err != nil || 20-got != Niceness { // the system call has it so
		t.Errorf("niceness %d, want %d: %v", 20-got, Niceness, err)
	}
	group, err := os.Open(fmt.Sprintf("/proc/%d/autogroup", cmd.Process.Pid))
	if os.IsNotExist(err) {
		return // this kernel does not group by session
	}
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	if text, err := io.ReadAll(group); err != nil || !strings.HasSuffix(strings.TrimSpace(string(text)), fmt.Sprintf("nice %d", Niceness)) {
		t.Errorf("the session is %q: %v", text, err)
	}
}
