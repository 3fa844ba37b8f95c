package mgm

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// A NodeType is what a node is, as the protocol says it.
type NodeType string

// The types of nodes.
const (
	NodeData       NodeType = "NDB"
	NodeManagement NodeType = "MGM"
	NodeAPI        NodeType = "API" // SQL nodes and all other clients
)

// A NodeState is the state of a node as the management server sees it, in the server's words.
type NodeState string

// The states. A server that says another is quoted, and Known is false.
const (
	StateUnknown      NodeState = "UNKNOWN"    // nobody can be asked, or a data node connected or died a moment ago. It does not mean down
	StateNoContact    NodeState = "NO_CONTACT" // process or host dead, network cut, or not connected yet
	StateNotStarted   NodeState = "NOT_STARTED"
	StateStarting     NodeState = "STARTING"
	StateStarted      NodeState = "STARTED"
	StateShuttingDown NodeState = "SHUTTING_DOWN"
	StateRestarting   NodeState = "RESTARTING"
	StateSingleUser   NodeState = "SINGLE USER MODE"
	StateResume       NodeState = "RESUME"
	StateConnected    NodeState = "CONNECTED" // of management and API nodes
)

// NodeStates lists the states this package knows.
func NodeStates() []NodeState {
	return []NodeState{
		StateUnknown, StateNoContact, StateNotStarted, StateStarting, StateStarted,
		StateShuttingDown, StateRestarting, StateSingleUser, StateResume, StateConnected,
	}
}

// Known reports whether this package knows the state.
func (s NodeState) Known() bool {
	for _, known := range NodeStates() {
		if s == known {
			return true
		}
	}
	return false
}

// A NodeGroup is the number of a node group. Data nodes of one group hold the same data.
type NodeGroup int

// What is not the number of a group.
const (
	GroupUnknown NodeGroup = -1 // not told: of a node that is down, and of nodes that hold no data. The configuration may know
	GroupNone    NodeGroup = -2 // the data node is in no group yet, and holds no data
)

// Known reports whether it is the number of a group.
func (g NodeGroup) Known() bool { return g >= 0 }

// String returns the number, "none" or "unknown".
func (g NodeGroup) String() string {
	switch {
	case g >= 0:
		return strconv.Itoa(int(g))
	case g == GroupNone:
		return "none"
	default:
		return "unknown"
	}
}

// groupOf reads a group as servers say it: -256 and 65536 are their words for none.
func groupOf(n int) NodeGroup {
	if n < 0 || n >= 65536 {
		return GroupNone
	}
	return NodeGroup(n)
}

// NodeStatus is one node in the eyes of the management server that was asked.
type NodeStatus struct {
	ID    int
	Type  NodeType
	State NodeState

	// StartPhase is the phase of a node that is STARTING, the stage of one that is
	// SHUTTING_DOWN, and 0 otherwise.
	StartPhase int

	// DynamicID tells in which order data nodes joined, 0 if the node is not connected and -1
	// if the server does not know.
	DynamicID int

	NodeGroup    NodeGroup
	ConnectCount int    // how often it connected to this management server, if the server counts it
	Address      string // where its connection comes from; "" if it is not connected

	Version      VersionID // 0 if it is not connected
	MySQLVersion VersionID

	// SingleUser tells of an API node whether the cluster is left to it; Unknown if the server is too
	// old to tell. Data nodes say it by their state.
	SingleUser cluster.Truth
}

// Status asks how the nodes are, all of them or those of the given types. Each API node in the
// answer costs the server a question to a data node: ask often for data and management nodes,
// and more rarely for all.
func (c *Client) Status(ctx context.Context, types ...NodeType) ([]NodeStatus, error) {
	cmd := command{name: "get status", header: "node status"}
	if len(types) > 0 {
		words := make([]string, len(types))
		for i, t := range types {
			words[i] = string(t)
		}
		cmd.args = []arg{text("types", strings.Join(words, " "))}
	}
	var nodes []NodeStatus
	err := c.do(ctx, cmd, func(p reply) (err error) {
		nodes, err = readStatus(p)
		return err
	})
	return nodes, err
}

// readStatus reads the lines node.N.key. Keys of the future are passed over; a node that has no
// type or state is an error, because it was cut short.
func readStatus(p reply) ([]NodeStatus, error) {
	want, err := p.number("nodes")
	if err != nil {
		return nil, err
	}
	var nodes []NodeStatus
	place := map[int]int{}
	for _, line := range p.lines {
		key, value, found := cutLine(line, ":")
		rest, isNode := strings.CutPrefix(key, "node.")
		if !found || !isNode {
			continue
		}
		idText, name, found := strings.Cut(rest, ".")
		id, err := strconv.Atoi(idText)
		if !found || err != nil || id <= 0 {
			return nil, fmt.Errorf("the key %q names no node", short(key))
		}
		at, seen := place[id]
		if !seen {
			at = len(nodes)
			place[id] = at
			nodes = append(nodes, NodeStatus{ID: id, NodeGroup: GroupUnknown})
		}
		if err := nodes[at].set(name, value); err != nil {
			return nil, fmt.Errorf("%s is %q: %w", key, short(value), err)
		}
	}
	if len(nodes) != want {
		return nil, fmt.Errorf("%d nodes are announced and %d listed", want, len(nodes))
	}
	for i := range nodes {
		n := &nodes[i]
		if n.Type == "" || n.State == "" {
			return nil, fmt.Errorf("node %d has no type or no state", n.ID)
		}
		if n.Type != NodeData || n.State == StateNoContact || n.State == StateUnknown {
			n.NodeGroup = GroupUnknown // the server writes 0 for these
		}
		if n.State == StateNoContact {
			n.Address = "" // 0.0.0.0
		}
	}
	return nodes, nil
}

// set takes over one value.
func (n *NodeStatus) set(name, value string) error {
	switch name {
	case "type":
		n.Type = NodeType(value)
		return nil
	case "status":
		n.State = NodeState(value)
		return nil
	case "address":
		n.Address = value
		return nil
	}
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		if n.knows(name) {
			return fmt.Errorf("want a number")
		}
		return nil
	}
	switch name {
	case "startphase":
		n.StartPhase = int(number)
	case "dynamic_id":
		n.DynamicID = int(number)
	case "node_group":
		n.NodeGroup = groupOf(int(number))
	case "connect_count":
		n.ConnectCount = int(number)
	case "version":
		n.Version = VersionID(number)
	case "mysql_version":
		n.MySQLVersion = VersionID(number)
	case "is_single_user":
		n.SingleUser = cluster.TruthOf(number != 0)
	}
	return nil
}

func (NodeStatus) knows(name string) bool {
	switch name {
	case "startphase", "dynamic_id", "node_group", "connect_count", "version", "mysql_version", "is_single_user":
		return true
	}
	return false
}
