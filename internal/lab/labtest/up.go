package labtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/needs"
)

// Up starts a lab that lives as long as the test. The test is skipped if a server is not
// installed, and fails for it under CI=true. The options need no folder; Bin is built from
// this source tree if it is not given and a service asks for it.
func Up(t testing.TB, o lab.Options) *lab.Lab {
	t.Helper()
	needs.Servers(t)
	if o.Kind == "" {
		o.Kind = cluster.KindGalera
	}
	if o.Bin == "" && len(o.Services) > 0 {
		bin, err := build(o.Kind, o.Services)
		if err != nil {
			t.Fatal(err)
		}
		o.Bin = bin
	}
	o.Ephemeral = true
	if o.Progress == nil {
		o.Progress = func(step string) { t.Log(step) }
	}
	l, err := lab.Up(t.Context(), o)
	if missing, ok := errors.AsType[*lab.MissingError](err); ok {
		needs.Missing(t, missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	needs.Ran(t, string(o.Kind))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(l.Logs())
		}
		// The test's own context has ended by now.
		if err := l.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return l
}

// programs holds what was built in this test's process. It is the one thing that tests share:
// a program is linked once, not once a lab.
var programs struct {
	sync.Mutex
	bin   string
	built map[string]bool
}

// build returns a folder that holds the programs that the services need. The folder is
// cleared away by the next lab that starts after this process is gone.
func build(kind cluster.Kind, services []lab.Service) (string, error) {
	programs.Lock()
	defer programs.Unlock()
	var packages []string
	for _, name := range lab.Programs(kind, services) {
		if !programs.built[name] {
			packages = append(packages, "./cmd/"+name)
		}
	}
	if programs.bin == "" {
		bin, err := lab.Scratch("bin")
		if err != nil {
			return "", err
		}
		programs.bin, programs.built = bin, map[string]bool{}
	}
	if len(packages) == 0 {
		return programs.bin, nil
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", append([]string{"build", "-o", programs.bin + "/"}, packages...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does, under go test -race too
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the programs: %w: %s", err, out)
	}
	for _, p := range packages {
		programs.built[filepath.Base(p)] = true
	}
	return programs.bin, nil
}

// moduleRoot finds go.mod above the folder in which the test runs.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
