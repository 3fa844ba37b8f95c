package lab_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInstallPackages runs the script with --dry-run, which changes nothing, against an apt
// whose plan is written here. What a real install leaves behind was seen in a fresh Debian.
func TestInstallPackages(t *testing.T) {
	const (
		none  = "exit 1\n" // dpkg-query: no such package
		all   = "printf installed\n"
		fresh = `echo "Inst galera-4 (26.4 Debian:12 [amd64])"; echo "Inst haproxy (2.6 Debian:12 [amd64])"`
	)
	for _, c := range []struct {
		name, dpkg, apt string
		args            []string
		fails           bool
		want            []string
	}{
		{name: "nothing is missing", dpkg: all, apt: "exit 9", want: []string{"packages are there; nothing to do"}},
		{
			name: "what would be installed is named", dpkg: none, apt: fresh,
			want: []string{"missing: mariadb-server mariadb-backup", "will install 2 packages, upgrade none and remove none", "  galera-4\n", "  haproxy\n"},
		},
		{
			name: "what make bench measures against too", dpkg: none, apt: fresh, args: []string{"--peers", "--dry-run"},
			want: []string{"missing: mariadb-server", " prometheus-mysqld-exporter mydumper age\n"},
		},
		{
			name: "an upgrade is refused", dpkg: none, fails: true,
			apt:  fresh + `; echo "Inst libc6 [2.36-9] (2.36-10 Debian:12 [amd64])"`,
			want: []string{"libc6 from 2.36-9 to 2.36-10", "refused, nothing was changed", "install-packages --upgrade"},
		},
		{
			name: "an upgrade that was allowed", dpkg: none, args: []string{"--upgrade", "--dry-run"},
			apt:  `case "$*" in *--no-upgrade*) exit 9 ;; esac; ` + fresh + `; echo "Inst libc6 [2.36-9] (2.36-10 Debian:12 [amd64])"`,
			want: []string{"libc6 from 2.36-9 to 2.36-10", "will install 2 packages, upgrade 1 and remove none"},
		},
		{
			name: "a removal is refused even then", dpkg: none, args: []string{"--upgrade", "--dry-run"}, fails: true,
			apt:  `echo "Remv mysql-server [8.0]"; ` + fresh,
			want: []string{"mysql-server", "refused, nothing was changed"},
		},
		{
			name: "a removal is refused", dpkg: none, fails: true,
			apt:  `echo "Remv mysql-server [8.0]"; ` + fresh,
			want: []string{"would remove packages that are installed: \nmysql-server\n", "refused, nothing was changed"},
		},
		{
			name: "apt does not know the packages", dpkg: none, fails: true, apt: `echo "E: Unable to locate package galera-4"; exit 100`,
			want: []string{"run apt-get update first", "Unable to locate package galera-4"},
		},
		{name: "an unknown argument", dpkg: none, apt: fresh, args: []string{"--force"}, fails: true, want: []string{"unknown argument --force"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bin := t.TempDir()
			for name, body := range map[string]string{
				"dpkg-query": c.dpkg,
				"apt-get":    `case "$*" in *--simulate*) ;; *) echo "apt-get was really called: $*"; exit 1 ;; esac` + "\n" + c.apt + "\n",
			} {
				if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+body), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			args := c.args
			if args == nil {
				args = []string{"--dry-run"}
			}
			cmd := exec.Command("./install-packages", args...)
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
			text, err := cmd.CombinedOutput()
			if (err != nil) != c.fails {
				t.Errorf("ended with %v", err)
			}
			for _, want := range append(c.want, "install-packages: ") {
				if !strings.Contains(string(text), want) {
					t.Errorf("it does not say %q", want)
				}
			}
			if strings.Contains(string(text), "really called") {
				t.Error("apt-get was called for more than a simulation")
			}
			if t.Failed() {
				t.Logf("%s", text)
			}
		})
	}
}
