package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// A MissingError says which programs are not installed, and how to get them.
type MissingError struct {
	Programs []string
	Packages []string // of Debian 12
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not here; get it with deploy/lab/install-packages, or: apt-get install --no-install-recommends %s",
		strings.Join(e.Programs, ", "), strings.Join(e.Packages, " "))
}

// programs lists what each part of a lab needs; "" is the nodes.
var programs = map[Service][]struct{ path, pkg string }{
	"": {
		{mariadbd, "mariadb-server"},
		{installDB, "mariadb-server"},
		{provider, "galera-4"},
		{"/usr/bin/rsync", "rsync"},
	},
	SSH:          {{sshd, "openssh-server"}},
	HAProxy:      {{haproxy, "haproxy"}},
	Prometheus:   {{prometheus, "prometheus"}},
	Alertmanager: {{alertmanager, "prometheus-alertmanager"}},
}

// missing tells what is not installed.
func missing(o Options) error {
	e := &MissingError{}
	for _, s := range append([]Service{""}, o.Services...) {
		for _, p := range programs[s] {
			if _, err := os.Stat(p.path); err == nil {
				continue
			}
			e.Programs = append(e.Programs, p.path)
			if !slices.Contains(e.Packages, p.pkg) {
				e.Packages = append(e.Packages, p.pkg)
			}
		}
	}
	if len(e.Programs) > 0 {
		return e
	}
	return nil
}
