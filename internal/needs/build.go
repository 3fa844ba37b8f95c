package needs

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Build builds a program of ours as make does, which has then compiled all of it already; what
// go test sets for the tests themselves would have it compiled once more.
func Build(t testing.TB, folder string, flags ...string) string {
	t.Helper()
	root, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), filepath.Base(root))
	cmd := exec.Command("go", append(append([]string{"build", "-o", program}, flags...), folder)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", folder, err, out)
	}
	return program
}
