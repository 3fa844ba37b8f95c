package docs_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/needs"
)

// Commands are quoted in backticks or stand at the beginning of a line of a code block.
var quoted = regexp.MustCompile("(?m)(?:`|^(?:\\$ )?)((?:bin/)?kagu|make) ([^`\n]+)")

type command struct{ document, program, words string }

func commandsIn(docs map[string]string) []command {
	var all []command
	for path, text := range docs {
		if strings.Contains(path, "/adr/") { // what was turned down may be named there
			continue
		}
		for _, match := range quoted.FindAllStringSubmatch(text, -1) {
			words, _, _ := strings.Cut(match[2], "#")
			all = append(all, command{path, filepath.Base(match[1]), strings.TrimSpace(words)})
		}
	}
	return all
}

var (
	targetLine = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	plainWord  = regexp.MustCompile(`^[a-z][a-z-]*$`)
	longFlag   = regexp.MustCompile(`--[a-z][a-z.-]*`)
)

func TestMakeTargetsInDocumentsExist(t *testing.T) {
	var targets []string
	for _, match := range targetLine.FindAllStringSubmatch(read(t, root+"/Makefile"), -1) {
		targets = append(targets, match[1])
	}
	found := 0
	for _, c := range commandsIn(documents(t)) {
		if c.program != "make" {
			continue
		}
		target, _, _ := strings.Cut(c.words, " ")
		if !plainWord.MatchString(target) {
			continue // prose that happens to begin so
		}
		found++
		if !slices.Contains(targets, target) {
			t.Errorf("%s: make %s: there is no such target", c.document, target)
		}
	}
	if found == 0 {
		t.Error("no make command was found in the documents: is the pattern right?")
	}
}

// Commands and flags are asked of the program itself.
func TestKaguCommandsInDocumentsExist(t *testing.T) {
	program := needs.Build(t, root+"/cmd/kagu")
	found := 0
	for _, c := range commandsIn(documents(t)) {
		if c.program != "kagu" {
			continue
		}
		var path []string
		for _, word := range strings.Fields(longFlag.ReplaceAllString(c.words, "--")) {
			if !plainWord.MatchString(word) {
				break
			}
			path = append(path, word)
		}
		if len(path) == 0 {
			continue
		}
		found++
		help, ok := helpOf(program, path)
		if !ok {
			t.Errorf("%s: kagu %s: there is no such command", c.document, c.words)
			continue
		}
		for _, flag := range longFlag.FindAllString(c.words, -1) {
			if !strings.Contains(help, flag) && !strings.Contains(help, "--[no-]"+strings.TrimPrefix(strings.TrimPrefix(flag, "--"), "no-")) {
				t.Errorf("%s: kagu %s: there is no flag %s", c.document, c.words, flag)
			}
		}
	}
	if found == 0 {
		t.Error("no kagu command was found in the documents: is the pattern right?")
	}
}

// helpOf returns the help of the longest command that the words begin with. What follows are
// its arguments, unless it wants a command there.
func helpOf(program string, path []string) (string, bool) {
	for n := len(path); n > 0; n-- {
		out, err := exec.Command(program, append(slices.Clone(path[:n]), "--help")...).CombinedOutput()
		if err == nil {
			return string(out), n == len(path) || !strings.Contains(string(out), "\nSubcommands:")
		}
	}
	return "", false
}
