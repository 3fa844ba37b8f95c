package needs_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/kagu-db/kagu/internal/needs"
)

// An ending takes down how a test ends, and ends it.
type ending struct {
	testing.TB
	how string
}

func (e *ending) Helper()           {}
func (e *ending) Skip(args ...any)  { e.end("skip", args) }
func (e *ending) Fatal(args ...any) { e.end("fail", args) }

func (e *ending) end(how string, args []any) {
	e.how = how + ": " + fmt.Sprint(args...)
	runtime.Goexit()
}

func TestWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name, ci string
		ask      func(testing.TB)
		want     string
	}{
		{"a program that is there", "", func(t testing.TB) { needs.Program(t, "sh", "dash") }, ""},
		{"a program that is not", "", func(t testing.TB) { needs.Program(t, "no-such-program", "some-package") }, "skip: no-such-program is missing: apt-get install some-package"},
		{"a program that is not, under CI", "true", func(t testing.TB) { needs.Program(t, "no-such-program", "some-package") }, "fail: no-such-program is missing: apt-get install some-package"},
		{"a file that is there", "true", func(t testing.TB) { needs.File(t, "/bin/sh", "dash") }, ""},
		{"a file that is not", "", func(t testing.TB) { needs.File(t, "/no/such.so", "some-package") }, "skip: /no/such.so is missing: apt-get install some-package"},
		{"anything else, under CI", "true", func(t testing.TB) { needs.Missing(t, errors.New("no such thing")) }, "fail: no such thing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("CI", c.ci)
			e := &ending{TB: t}
			var asked sync.WaitGroup
			asked.Go(func() { c.ask(e) })
			asked.Wait()
			if e.how != c.want {
				t.Errorf("got %q, want %q", e.how, c.want)
			}
		})
	}
	if got := needs.Program(t, "sh", "dash"); got != "/bin/sh" && got != "/usr/bin/sh" {
		t.Errorf("sh is %q", got)
	}
}
