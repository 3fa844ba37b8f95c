package inventory

import (
	"errors"
	"fmt"
	"strings"
)

// NoCluster says that the file has no cluster of that name, and which it has.
func (f *Fleet) NoCluster(name, file string) error {
	return fmt.Errorf("no cluster %.64q in %s; it has %s", name, file, f.names(func(Cluster) bool { return true }))
}

// NoBackups says that the cluster of that name has no section backup, and which have one.
func (f *Fleet) NoBackups(name string) error {
	with := f.names(func(c Cluster) bool { return c.Backup != nil })
	if with == "" {
		return errors.New("no cluster of kagu.yaml has a section backup; docs/kagu.yaml.md shows one")
	}
	return fmt.Errorf("no cluster %.64q with a backup section in kagu.yaml; those with one: %s", name, with)
}

func (f *Fleet) names(which func(Cluster) bool) string {
	var names []string
	for _, c := range f.Clusters {
		if which(c) {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// Cluster returns the cluster of that name.
func (f *Fleet) Cluster(name string) (Cluster, bool) {
	for _, c := range f.Clusters {
		if c.Name == name {
			return c, true
		}
	}
	return Cluster{}, false
}

// All returns every node of the cluster, of whatever role.
func (c Cluster) All() []Node {
	var all []Node
	for _, list := range [][]Node{c.Nodes, c.Management, c.Data, c.SQL} {
		all = append(all, list...)
	}
	return all
}

// Node returns the node of that name.
func (c Cluster) Node(name string) (Node, bool) {
	for _, n := range c.All() {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}
