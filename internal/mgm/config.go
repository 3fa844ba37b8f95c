package mgm

import (
	"context"
	"fmt"
	"time"
)

// Config is the configuration of a cluster as one server or node has it.
type Config struct {
	Name       string // the cluster's, "" if it was given none
	Generation int    // grows with each change
	Nodes      []ConfigNode
	Sections   []Section // all of it, as it came, with defaults filled in
}

// Node returns the node of that id.
func (c *Config) Node(id int) (ConfigNode, bool) {
	for _, n := range c.Nodes {
		if n.ID == id {
			return n, true
		}
	}
	return ConfigNode{}, false
}

// NodesOf returns the nodes of a type, in the order of their ids.
func (c *Config) NodesOf(t NodeType) []ConfigNode {
	var nodes []ConfigNode
	for _, n := range c.Nodes {
		if n.Type == t {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// Replicas returns how many nodes a node group has, 0 if the configuration does not say.
func (c *Config) Replicas() int {
	for _, n := range c.NodesOf(NodeData) {
		if replicas, ok := n.Number(KeyNoOfReplicas); ok {
			return int(replicas)
		}
	}
	return 0
}

// A ConfigNode is one node of the configuration.
type ConfigNode struct {
	ID       int
	Type     NodeType
	HostName string // "" if it may connect from anywhere

	// NodeGroup of a data node, by NDB's rules: the one it is given, or in the order of the ids;
	// GroupNone if it is to wait outside. GroupUnknown for all others.
	NodeGroup NodeGroup

	Section
}

// ArbitrationRank returns 1 or 2 for a node that may be the arbitrator, 1 being preferred, and 0
// for one that never is.
func (n ConfigNode) ArbitrationRank() int {
	rank, _ := n.Number(KeyArbitrationRank)
	return int(rank)
}

// LocationDomain returns the number of the node's place, 0 if it is given none.
func (n ConfigNode) LocationDomain() int {
	domain, _ := n.Number(KeyLocationDomainID)
	return int(domain)
}

// HeartbeatDB returns how often data nodes send each other heartbeats, false if unknown. A node
// is declared dead after it missed four and a fifth is due.
func (n ConfigNode) HeartbeatDB() (time.Duration, bool) { return n.millis(KeyHeartbeatIntervalDBDB) }

// HeartbeatAPI returns the same between data nodes and API nodes.
func (n ConfigNode) HeartbeatAPI() (time.Duration, bool) {
	return n.millis(KeyHeartbeatIntervalDBAPI)
}

// ArbitrationTimeout returns how long a data node waits for the arbitrator.
func (n ConfigNode) ArbitrationTimeout() (time.Duration, bool) {
	return n.millis(KeyArbitrationTimeout)
}

// DataMemory returns the bytes of a data node's data memory, false if unknown.
func (n ConfigNode) DataMemory() (uint64, bool) { return n.Number(KeyDataMemory) }

// RequiresTLS reports whether the node takes TLS connections only.
func (n ConfigNode) RequiresTLS() bool {
	key := KeyManagementRequireTLS
	if n.Type == NodeData {
		key = KeyDataRequireTLS
	}
	required, _ := n.Number(key)
	return required != 0
}

func (n ConfigNode) millis(k Key) (time.Duration, bool) {
	v, ok := n.Number(k)
	return time.Duration(v) * time.Millisecond, ok
}

// Config asks the management server for the configuration it serves. Of the connections between
// nodes it lists those of this server only. While the management servers have not agreed on a
// configuration the answer is a *ServerError.
func (c *Client) Config(ctx context.Context) (*Config, error) { return c.config(ctx, 0) }

// ConfigOf asks for the configuration a data node is running with: it is an older generation
// until the node has been restarted.
func (c *Client) ConfigOf(ctx context.Context, dataNode int) (*Config, error) {
	return c.config(ctx, dataNode)
}

func (c *Client) config(ctx context.Context, from int) (*Config, error) {
	cmd := command{name: "get config_v2", header: "get config reply", args: []arg{
		number("version", spoken), number("node", 0), {"nodetype", "4294967295"},
	}}
	if from != 0 {
		cmd.args = append(cmd.args, number("from_node", from))
	}
	var config *Config
	err := c.exchange(ctx, cmd, func(conn *conn, p reply) (err error) {
		if err := p.ok(); err != nil {
			return err
		}
		body, err := conn.body(p)
		if err != nil {
			return err
		}
		config, err = ParseConfig(body)
		return err
	})
	return config, err
}

// assemble makes the nodes of the sections.
func (c *Config) assemble() error {
	for _, s := range c.Sections {
		t, isNode := s.Type.node()
		if s.Type == SectionSystem {
			c.Name, _ = s.Text(KeySystemName)
			generation, _ := s.Number(KeyGeneration)
			c.Generation = int(generation)
		}
		if !isNode {
			continue
		}
		id, ok := s.Number(KeyNodeID)
		if !ok || id == 0 {
			return fmt.Errorf("a section %s has no node id", s.Type)
		}
		host, _ := s.Text(KeyHostName)
		c.Nodes = append(c.Nodes, ConfigNode{ID: int(id), Type: t, HostName: host, NodeGroup: GroupUnknown, Section: s})
	}
	sortNodes(c.Nodes)
	c.formGroups()
	return nil
}

// formGroups gives each data node its group: the one in its section, or the first that lacks a
// node, in the order of the ids.
func (c *Config) formGroups() {
	replicas := c.Replicas()
	if replicas <= 0 {
		return
	}
	members := map[NodeGroup]int{}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if n.Type != NodeData {
			continue
		}
		switch given, ok := n.Number(KeyNodegroup); {
		case !ok || given == groupByOrder:
		case given == groupOutside:
			n.NodeGroup = GroupNone
		default:
			n.NodeGroup = NodeGroup(given)
			members[n.NodeGroup]++
		}
	}
	next := NodeGroup(0)
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if n.Type != NodeData || n.NodeGroup != GroupUnknown {
			continue
		}
		for members[next] >= replicas {
			next++
		}
		n.NodeGroup = next
		members[next]++
	}
}

const (
	groupByOrder = 65535 // in a section: not given
	groupOutside = 65536 // in a section: the node waits for CREATE NODEGROUP
)
