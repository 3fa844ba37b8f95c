package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest = regexp.MustCompile("`([a-z][a-z_/]+)` `(Test[A-Za-z]+)`")
	namedCase = regexp.MustCompile(`"([^"]+)"`)
)

// TestBadDaysHaveTests holds the tables of bad days to the tests that they name: the function, and
// the case within its package.
func TestBadDaysHaveTests(t *testing.T) {
	for _, page := range []string{"galera_exporter.md", "ndb_exporter.md"} {
		t.Run(page, func(t *testing.T) { holdBadDays(t, read(t, page)) })
	}
}

func holdBadDays(t *testing.T, page string) {
	t.Helper()
	rows := 0
	for line := range strings.Lines(page) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || cells[2] != " live " && cells[2] != " scripted " {
			continue
		}
		rows++
		named := namedTest.FindAllStringSubmatchIndex(cells[3], -1)
		if len(named) == 0 {
			t.Errorf("no test is named for: %s", cells[1])
		}
		for i, at := range named {
			folder, function := cells[3][at[2]:at[3]], cells[3][at[4]:at[5]]
			source := testsIn(t, folder)
			if !strings.Contains(source, "func "+function+"(t *testing.T) {") {
				t.Errorf("%s has no %s", folder, function)
			}
			rest := cells[3][at[1]:]
			if i+1 < len(named) {
				rest = cells[3][at[1]:named[i+1][0]]
			}
			for _, c := range namedCase.FindAllStringSubmatch(rest, -1) {
				if !strings.Contains(source, `"`+c[1]+`"`) {
					t.Errorf("%s has no case %q", folder, c[1])
				}
			}
		}
	}
	if rows < 20 {
		t.Errorf("only %d bad days were found in the page", rows)
	}
}

func testsIn(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		all.WriteString(read(t, f))
	}
	return all.String()
}
