package scratch

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// How much of what a program said goes into an error.
const (
	tailSize  = 4000
	tailLines = 20
)

// A Tail keeps the end of what is written to it.
type Tail struct{ kept []byte }

// Write keeps it, and lets go of what was written long before.
func (t *Tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > 4*tailSize {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-tailSize:]...)
	}
	return len(p), nil
}

// String returns the last lines.
func (t *Tail) String() string { return LastLines(t.kept) }

// LastLines returns the last lines of a text, whole ones, without what a terminal would obey.
func LastLines(text []byte) string {
	if cut := len(text) - tailSize; cut > 0 {
		text = text[cut:]
		if at := bytes.IndexByte(text, '\n'); at >= 0 {
			text = text[at+1:]
		}
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	for i, l := range lines {
		lines[i] = cluster.Printable(l)
	}
	return strings.Join(lines, "\n")
}

// LogEnd returns the last lines of a log, for an error message.
func LogEnd(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return LastLines(text)
}

// RunError says that a program failed, with the end of what it said; if it was stopped, why, and no more.
func RunError(ctx context.Context, program string, err error, said string) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("run %s: %w", program, cause)
	}
	if said == "" {
		return fmt.Errorf("run %s: %w", program, err)
	}
	return fmt.Errorf("run %s: %w; the end of what it said:\n%s", program, err, said)
}
