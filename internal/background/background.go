package background

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Niceness is what work in the background adds to its own: by it a database beside it gets 68
// times its share of a core that both want (sched(7): 1.25 for each step). At ten steps, nine times
// its share, clients still feel it: see docs/backup.md.
const Niceness = 19

// worstOfBestEffort is the I/O priority of ioprio_set(2): class "best effort", lowest level.
const worstOfBestEffort = 2<<13 | 7

// Yield makes a process yield: its first thread and what that starts later, and its session. Niceness
// alone weighs only the processes of one session against each other where the kernel groups them by
// session (sched(7), "autogroup"), and sshd, services and tools each have one of their own.
// It does what the kernel knows and allows, and tells nobody of the rest.
func Yield(pid int) {
	_ = unix.Setpriority(unix.PRIO_PROCESS, pid, Niceness)
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, 1, uintptr(pid), worstOfBestEffort)
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/autogroup", pid), []byte(strconv.Itoa(Niceness)), 0)
}
