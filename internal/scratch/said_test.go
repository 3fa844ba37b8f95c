package scratch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheEndOfWhatAProgramSaid(t *testing.T) {
	for _, c := range []struct {
		name, said, want string
	}{
		{"nothing", "", ""},
		{"a line", "no space left\n", "no space left"},
		{"what a terminal would obey", "\x1b[2Jgone\nnext", "·[2Jgone\nnext"},
		{"the last lines", strings.Repeat("early\n", 100) + strings.Repeat("late\n", tailLines), strings.TrimSpace(strings.Repeat("late\n", tailLines))},
		{"whole lines", "cut " + strings.Repeat("x", tailSize) + "\nwhole\n", "whole"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := LastLines([]byte(c.said)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			tail := &Tail{}
			for i := range len(c.said) {
				fmt.Fprint(tail, c.said[i:i+1])
			}
			if got := tail.String(); got != c.want {
				t.Errorf("written byte by byte: got %q, want %q", got, c.want)
			}
		})
	}
}

func TestATailDoesNotGrow(t *testing.T) {
	tail := &Tail{}
	for range 10000 {
		fmt.Fprintln(tail, strings.Repeat("x", 99))
	}
	if len(tail.kept) > 5*tailSize {
		t.Errorf("%d bytes are kept", len(tail.kept))
	}
}

func TestRunError(t *testing.T) {
	exit := errors.New("exit status 1")
	stopped, stop := context.WithCancelCause(t.Context())
	stop(errors.New("the proof took too long"))
	for _, c := range []struct {
		name string
		ctx  context.Context
		said string
		want string
	}{
		{"with what it said", t.Context(), "no space left", "run mariadbd: exit status 1; the end of what it said:\nno space left"},
		{"it said nothing", t.Context(), "", "run mariadbd: exit status 1"},
		{"it was stopped", stopped, "shutting down", "run mariadbd: the proof took too long"},
	} {
		if got := RunError(c.ctx, "mariadbd", exit, c.said).Error(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := LogEnd(filepath.Join(t.TempDir(), "error.log")); !strings.Contains(got, "no such file") {
		t.Errorf("a log that is not there: %q", got)
	}
}
