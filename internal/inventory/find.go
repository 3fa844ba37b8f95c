package inventory

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
