package needs

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Ran notes that a test runs on real servers of a kind, such as "ndb". `make test` prints how
// many did and which were skipped for want of what: go test does not say it.
func Ran(t testing.TB, kind string) {
	t.Helper()
	tally(t, "ran", kind)
}

// tally appends a line to the file that KAGU_TALLY names, if it names one.
func tally(t testing.TB, words ...string) {
	t.Helper()
	path := os.Getenv("KAGU_TALLY")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, strings.Join(words, " "), t.Name()); err != nil { // one write: tests run side by side
		t.Fatal(err)
	}
}
