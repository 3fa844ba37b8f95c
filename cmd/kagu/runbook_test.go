package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// quoted joins what stands in quotes, so that a line can be split at its blanks.
var quoted = regexp.MustCompile(`"[^"]*"`)

// TestRunbooksTypeCommandsThatExist parses every kagu command of the runbooks with the
// program's own flags, so that nobody copies a command at night that is refused.
func TestRunbooksTypeCommandsThatExist(t *testing.T) {
	pages, err := filepath.Glob("../../docs/runbooks/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no runbooks: %v", err)
	}
	found := 0
	for _, page := range append(pages, "../../docs/monitoring.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
			command, ok := strings.CutPrefix(line, "    kagu ")
			if !ok {
				continue
			}
			found++
			app := kingpin.New("kagu", "").Terminate(nil).UsageWriter(io.Discard).ErrorWriter(io.Discard)
			s := &session{ctx: t.Context(), out: io.Discard, errOut: io.Discard}
			app.Flag("config.file", "").StringVar(&s.config)
			for _, add := range commands() {
				add(app, s)
			}
			if _, err := app.ParseContext(strings.Fields(quoted.ReplaceAllString(command, "text"))); err != nil {
				t.Errorf("%s: kagu %s: %v", filepath.Base(page), strings.TrimSpace(command), err)
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d commands were found in the runbooks", found)
	}
}
