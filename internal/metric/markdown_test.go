package metric

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommittedPageIsThatOfTheCatalogue(t *testing.T) {
	want, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(Markdown())); diff != "" {
		t.Errorf("docs/metrics.md is not what the catalogue says; `make generate` rewrites it (-committed +printed):\n%s", diff)
	}
}

func TestPageNamesEveryFamilyOnce(t *testing.T) {
	page := string(Markdown())
	for _, f := range slices.Concat(All(), Recorded()) {
		if got := strings.Count(page, "\n### "+f.Name+"\n"); got != 1 {
			t.Errorf("%s stands %d times in the page", f.Name, got)
		}
	}
}

func TestPageSaysTypeUnitAndValues(t *testing.T) {
	for _, c := range []struct {
		family *Family
		want   []string
	}{
		{RemediatorLookSeconds, []string{"- type: histogram\n", "- unit: seconds\n", "- labels: `cluster`\n"}},
		{RemediatorMode, []string{"- type: gauge, one series for each value\n", "- values of `mode`: `observe`, `propose`, `auto`\n"}},
		{RemediatorHints, []string{"- type: counter\n", "- labels: `outcome`\n"}},
	} {
		var b strings.Builder
		c.family.markdown(&b)
		for _, line := range c.want {
			if !strings.Contains(b.String(), line) {
				t.Errorf("%s: no line %q in\n%s", c.family, line, b.String())
			}
		}
	}
}
