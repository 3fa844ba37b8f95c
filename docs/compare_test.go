package docs_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/metric"
)

// TestComparisonNamesRealFamilies holds the last column of the comparison to the catalogue.
func TestComparisonNamesRealFamilies(t *testing.T) {
	text, err := os.ReadFile("ndb-compare.md")
	if err != nil {
		t.Fatal(err)
	}
	family := regexp.MustCompile("`(ndb_[a-z_]+)(\\*?)`")
	named := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 7 {
			continue
		}
		for _, m := range family.FindAllStringSubmatch(cells[5], -1) {
			named++
			known := slices.ContainsFunc(metric.Ndb(), func(f *metric.Family) bool {
				return f.Name == m[1] || m[2] == "*" && strings.HasPrefix(f.Name, m[1])
			})
			if !known {
				t.Errorf("the catalogue has no %s", m[1])
			}
		}
	}
	if named < 40 {
		t.Errorf("only %d families were found in the page", named)
	}
}
