package alerts

import (
	"flag"
	"os"
	"os/exec"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// need skips the test when a program is missing, and says how to get it; CI has it all.
func need(t *testing.T, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	const hint = "%s is missing: apt-get install %s"
	if os.Getenv("CI") == "true" {
		t.Fatalf(hint, program, debianPackage)
	}
	t.Skipf(hint, program, debianPackage)
	return ""
}

// run runs a program in a folder and returns what it printed.
func run(t *testing.T, dir, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
