package lab

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// replicas is how many data nodes hold the same data in a lab.
const replicas = 2

// Select returns the nodes that a word means: one node by its name, "all", all nodes of a role
// ("management", "data", "sql"), or a node group ("group-0").
func (l *Lab) Select(word string) ([]Node, error) {
	if n, err := l.Node(word); err == nil {
		return []Node{n}, nil
	}
	nodes := l.Members(cluster.Role(word))
	if word == "all" {
		nodes = l.Nodes
	}
	if number, found := strings.CutPrefix(word, "group-"); found {
		if group, err := strconv.Atoi(number); err == nil {
			nodes = l.NodeGroup(group)
		}
	}
	if len(nodes) == 0 {
		_, err := l.Node(word)
		return nil, err
	}
	return nodes, nil
}

// NodeGroup returns the data nodes of a node group. NDB makes the groups in the order of node
// ids.
func (l *Lab) NodeGroup(group int) []Node {
	data := l.grouped()
	if group < 0 || (group+1)*replicas > len(data) {
		return nil
	}
	return data[group*replicas : (group+1)*replicas]
}

// each does the same to every node that the word means.
func (l *Lab) each(word string, do func(Node) error) error {
	nodes, err := l.Select(word)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := do(n); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	return nil
}
