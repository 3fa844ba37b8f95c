package scratch

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"syscall"
)

// outside are the signals by which somebody else ends a program: a human, a service manager, the
// kernel for want of memory. The others are those of a program that fails by itself.
var outside = []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT}

// Killed reports whether a program was ended from outside: what it did says nothing about what it
// was given.
func Killed(err error) bool {
	exit, exited := errors.AsType[*exec.ExitError](err)
	if !exited {
		return false
	}
	status, known := exit.Sys().(syscall.WaitStatus)
	return known && status.Signaled() && slices.Contains(outside, status.Signal())
}

// Failed reports whether a program ended by itself with an error, or by a fault of its own.
func Failed(err error) bool {
	_, exited := errors.AsType[*exec.ExitError](err)
	return exited && !Killed(err)
}

// FromOutside says of an error that Killed knows what it means and what to do, before the log that
// the error may end with.
func FromOutside(err error) error {
	return fmt.Errorf("a program was ended from outside, by somebody or by the kernel for want of memory: nothing is said of the backup, prove it again: %w", err)
}
