//go:build failpoint

package failpoint

import (
	"os"
	"syscall"
)

// Here kills this process with SIGKILL if KAGU_FAILPOINT names the point.
func Here(point string) {
	if os.Getenv("KAGU_FAILPOINT") != point {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing is left that could report a failure
	select {}
}
