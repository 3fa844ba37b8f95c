package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// The files of a data directory belong to the database's account, while kagu-node often runs
// as root. So no link is followed to a file, and nothing that could block (a FIFO, a device)
// is read.

// openRegular opens a regular file that is not a symbolic link, without ever waiting for it.
func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("%s is a symbolic link, which is not followed", path)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// readRegular reads such a file; one that is larger than max is an error.
func readRegular(path string, max int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, max+1))
	if err == nil && int64(len(text)) > max {
		err = fmt.Errorf("%s is larger than %d bytes", path, max)
	}
	return text, err
}

// How much of the error log goes into a report.
const (
	logLines  = 20
	logWidth  = 300 // bytes a line
	logWindow = 16 << 10
)

// tail returns the last lines of a log, each cut and cleaned for a terminal.
func tail(path string) ([]string, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-logWindow)
	text, err := io.ReadAll(io.NewSectionReader(f, from, logWindow))
	if err != nil {
		return nil, err
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if from > 0 {
		all = all[1:] // begins in the middle of a line
	}
	lines := make([]string, 0, logLines)
	for _, line := range all[max(0, len(all)-logLines):] {
		if line = clean(line, logWidth); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// clean makes foreign text fit for a terminal: what is not printable becomes '?', and the
// text is cut at a length, never inside a character.
func clean(text string, longest int) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case c == '\t':
			return ' '
		case c == utf8.RuneError || !unicode.IsPrint(c):
			return '?'
		}
		return c
	}, strings.TrimRight(text, "\r\n"))
	if len(text) <= longest {
		return text
	}
	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}
	return text[:longest]
}

// gone reports that a process or a file is not there (any more).
func gone(err error) bool { return errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) }

// within gives f a bounded time. A call that is stuck in the kernel, on a dead disk or a lost
// network mount, cannot be cancelled: it is left behind, and ends with this short process.
func within[T any](limit time.Duration, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ch := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ch <- answer{err: fmt.Errorf("internal error: %v", p)}
			}
		}()
		value, err := f()
		ch <- answer{value, err}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case a := <-ch:
		return a.value, a.err
	case <-timer.C:
		var none T
		return none, fmt.Errorf("no answer within %v: is the disk stuck?", limit)
	}
}
