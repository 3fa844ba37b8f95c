package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// A MissingError says which programs are not installed, and how to get them.
type MissingError struct {
	Programs []string
	Packages []string // of Debian 12
	NDB      string   // what is wrong with the NDB Cluster tree, "" if nothing
}

func (e *MissingError) Error() string {
	if e.NDB != "" {
		return e.NDB + "; unpack a MySQL NDB Cluster tree (Oracle's tarball, for one) and point " + NDBHome + " at the folder that has bin/ndb_mgmd in it"
	}
	return fmt.Sprintf("%s is not here; get it with deploy/lab/install-packages, or: apt-get install --no-install-recommends %s",
		strings.Join(e.Programs, ", "), strings.Join(e.Packages, " "))
}

// galeraNodes stands for the nodes themselves in the table below.
const galeraNodes Service = "galera"

// installed lists what each part of a lab needs of Debian.
var installed = map[Service][]struct{ path, pkg string }{
	galeraNodes: {
		{mariadbd, "mariadb-server"},
		{installDB, "mariadb-server"},
		{recovery, "mariadb-server"},
		{provider, "galera-4"},
		{"/usr/bin/rsync", "rsync"},
	},
	SSH:          {{sshd, "openssh-server"}},
	HAProxy:      {{haproxyProgram, "haproxy"}},
	Prometheus:   {{prometheus, "prometheus"}},
	Alertmanager: {{alertmanager, "prometheus-alertmanager"}},
}

// ours lists the programs of this project that a service needs.
var ours = map[Service][]string{
	SSH:          {"kagu-node"},
	Backupd:      {"backupd", "kagu"},
	HAProxy:      {"galera_exporter"},
	Slack:        {"kagu"},
	Exporter:     {"galera_exporter"},
	NDBExporter:  {"ndb_exporter"},
	Remediator:   {"remediator"},
	Alertmanager: {"kagu"},
	Prometheus:   {"kagu"},
}

func programsOf(kind cluster.Kind, s Service) []string {
	if kind == cluster.KindNDB && s == Prometheus {
		return nil // the lab writes its configuration itself
	}
	return ours[s]
}

// Programs returns the names of the programs in Options.Bin that the services need, and what
// they need in turn.
func Programs(kind cluster.Kind, services []Service) []string {
	all, err := withNeeds(kind, services)
	if err != nil {
		return nil // Up says what is wrong with them
	}
	var names []string
	for _, s := range all {
		for _, name := range programsOf(kind, s) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// missing tells what is not installed, and which of our own programs were not built.
func missing(o Options) error {
	for _, name := range Programs(o.Kind, o.Services) {
		if _, err := os.Stat(filepath.Join(o.Bin, name)); err != nil {
			return fmt.Errorf("%s is not in %s: build it with make", name, o.Bin)
		}
	}
	if o.Kind == cluster.KindNDB {
		if err := missingNDB(); err != nil {
			return err
		}
	}
	e := &MissingError{}
	parts := o.Services
	if o.Kind == cluster.KindGalera {
		parts = append([]Service{galeraNodes}, parts...)
	}
	for _, s := range parts {
		for _, p := range installed[s] {
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
