package arch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/arch"
	"github.com/kagu-db/kagu/internal/goldentest"
)

func TestTheSuiteKeepsItsShape(t *testing.T) {
	broken, err := arch.Check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range broken {
		t.Error(line)
	}
}

// Each folder of testdata is a small tree; broken.txt in it lists what must be found there.
func TestCheck(t *testing.T) {
	trees, err := filepath.Glob("testdata/*/broken.txt")
	if err != nil || len(trees) < 2 {
		t.Fatalf("no trees: %v", err)
	}
	for _, want := range trees {
		t.Run(filepath.Base(filepath.Dir(want)), func(t *testing.T) {
			broken, err := arch.Check(filepath.Dir(want))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(broken) > 0 {
				got = strings.Join(broken, "\n") + "\n"
			}
			goldentest.Compare(t, want, got)
		})
	}
}

func TestCheckSaysThatAFileDoesNotParse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte("package x\nfunc {"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := arch.Check(dir); err == nil || !strings.Contains(err.Error(), "x.go:2") {
		t.Errorf("got %v, want the file and its line", err)
	}
}
