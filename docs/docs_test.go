// Package docs_test keeps the documents true: links resolve, commands exist, examples load.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = ".."

// documents returns every Markdown file of the repository with its text.
func documents(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && path != root && (base == "testdata" || base == "out" || base == "bin" || strings.HasPrefix(base, ".")) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			docs[path] = read(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) < 10 {
		t.Fatalf("only %d documents were found", len(docs))
	}
	return docs
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksResolve(t *testing.T) {
	for path, text := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(match[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), target)); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", path, match[1])
			}
		}
	}
}

// An alert at three in the morning whose runbook is missing is a second incident.
func TestEveryAlertHasItsRunbook(t *testing.T) {
	rules, err := filepath.Glob(root + "/alerts/rules/*.yml")
	if err != nil || len(rules) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	alerts := map[string]bool{}
	for _, path := range rules {
		text := read(t, path)
		for _, match := range regexp.MustCompile(`(?m)^\s*- alert: (\S+)$`).FindAllStringSubmatch(text, -1) {
			alerts[match[1]] = true
			page := "docs/runbooks/" + match[1] + ".md"
			if !strings.Contains(text, page) {
				t.Errorf("%s: %s does not name %s", path, match[1], page)
			}
			if _, err := os.Stat(filepath.Join(root, page)); err != nil {
				t.Errorf("%s: %s is missing", path, page)
			}
		}
	}
	pages, err := filepath.Glob("runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); name != "README" && !alerts[name] {
			t.Errorf("%s: there is no alert of that name", page)
		}
	}
}

// No document carries a path of the machine it was written on.
func TestNoPathOfAMachine(t *testing.T) {
	foreign := regexp.MustCompile(`(^|[\s"'(=])/(work|root|home/\w+)/`)
	for path, text := range documents(t) {
		if at := foreign.FindString(text); at != "" {
			t.Errorf("%s holds %q", path, at)
		}
	}
}
