package needs

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Servers is called by every test that starts a server. It is the one place that asks for
// -short: such tests run by themselves, in `make test`.
func Servers(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers: run without -short")
	}
}

// Program returns the path of a program, which may be one that is not on an ordinary user's
// PATH.
func Program(t testing.TB, name, debianPackage string) string {
	t.Helper()
	for _, file := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(file); err == nil {
			return path
		}
	}
	Missing(t, fmt.Errorf("%s is missing: apt-get install %s", name, debianPackage))
	return ""
}

// File wants a file that a package installs.
func File(t testing.TB, path, debianPackage string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		Missing(t, fmt.Errorf("%s is missing: apt-get install %s", path, debianPackage))
	}
}

// Port returns a port of a loopback address on which nobody listens now, for a server that
// cannot be asked on which it listens.
func Port(t testing.TB, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Missing ends the test for want of something.
func Missing(t testing.TB, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	tally(t, "skipped", strings.ReplaceAll(why.Error(), "\n", " "), "--")
	t.Skip(why)
}
