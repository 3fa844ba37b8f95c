package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Tests that documents name stand in a cell of a table as `TestName`, one or more, followed by the
// folder: "`TestA`, `TestB` in `folder`".
var namedTests = regexp.MustCompile("((?:`Test\\w+`(?:, )?)+) in `([\\w/]+)`")

func TestTestsInDocumentsExist(t *testing.T) {
	found := 0
	for path, text := range documents(t) {
		for _, match := range namedTests.FindAllStringSubmatch(text, -1) {
			code := testsIn(t, match[2])
			for _, name := range strings.Split(match[1], ", ") {
				found++
				if name = strings.Trim(name, "`"); !strings.Contains(code, "func "+name+"(t *testing.T)") {
					t.Errorf("%s: %s has no test %s", path, match[2], name)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no test was found in the documents: is the pattern right?")
	}
}

// testsIn returns the text of a folder's tests.
func testsIn(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
