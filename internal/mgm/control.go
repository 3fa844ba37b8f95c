package mgm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// How long the calls that stop and start nodes may take: the server waits for the nodes.
const controlTimeout = 5 * time.Minute

// StartNode lets a data node that is NOT_STARTED go on. It cannot start a dead process: nothing
// in this protocol can.
func (c *Client) StartNode(ctx context.Context, node int) error {
	return c.do(ctx, command{
		name: "start", header: "start reply", changes: true, timeout: controlTimeout, args: []arg{number("node", node)},
	}, reply.ok)
}

// StartAllNodes does the same for all data nodes that are NOT_STARTED, and returns how many data
// nodes the server spoke to, those that run already among them.
func (c *Client) StartAllNodes(ctx context.Context) (int, error) {
	started := 0
	err := c.do(ctx, command{name: "start all", header: "start reply", changes: true, timeout: controlTimeout}, func(p reply) (err error) {
		if err := p.ok(); err != nil {
			return err
		}
		started, err = p.number("started")
		return err
	})
	return started, err
}

// StopNode stops one data node gracefully. The server refuses (CodeWouldCrash) if no other node
// of its group is started, and (CodeStartingOrStopping) while any node starts or stops.
func (c *Client) StopNode(ctx context.Context, node int) error {
	return c.stop(ctx, []int{node}, false)
}

// StopNodeAtOnceSkippingChecks stops one data node without asking whether its node group
// survives: it can take the whole cluster down.
func (c *Client) StopNodeAtOnceSkippingChecks(ctx context.Context, node int) error {
	return c.stop(ctx, []int{node}, true)
}

// StopManagementServer stops a management server, if need be the one that answers. The server's
// own ending may come before its answer.
func (c *Client) StopManagementServer(ctx context.Context, node int) error {
	return c.stop(ctx, []int{node}, false)
}

func (c *Client) stop(ctx context.Context, nodes []int, abort bool) error {
	return c.exchange(ctx, command{
		name: "stop v2", header: "stop reply", changes: true, timeout: controlTimeout,
		args: []arg{nodeList("node", nodes), flag("abort", abort), flag("force", false)},
	}, leave)
}

// StopAllDataNodesCausingOutage stops every data node. The server checks nothing.
func (c *Client) StopAllDataNodesCausingOutage(ctx context.Context) error {
	return c.do(ctx, command{
		name: "stop all", header: "stop reply", changes: true, timeout: controlTimeout,
		args: []arg{flag("abort", false), text("stop", "db")},
	}, reply.ok)
}

// RestartNode restarts one data node gracefully, under the conditions of StopNode. When it
// returns the start was ordered: the node is STARTED later.
func (c *Client) RestartNode(ctx context.Context, node int) error {
	return c.restart(ctx, node, restart{})
}

// RestartNodeToNotStarted does the same, and the node then waits for StartNode.
func (c *Client) RestartNodeToNotStarted(ctx context.Context, node int) error {
	return c.restart(ctx, node, restart{noStart: true})
}

// RestartInitialErasingNodeData restarts one data node with an empty file system. It copies
// everything from the other nodes of its group: if none of them is STARTED, and stays so, the
// data is gone.
func (c *Client) RestartInitialErasingNodeData(ctx context.Context, node int) error {
	return c.restart(ctx, node, restart{initial: true})
}

// RestartNodeAtOnceSkippingChecks restarts one data node without asking whether its node group
// survives: it can take the whole cluster down.
func (c *Client) RestartNodeAtOnceSkippingChecks(ctx context.Context, node int) error {
	return c.restart(ctx, node, restart{abort: true})
}

type restart struct{ initial, noStart, abort bool }

func (c *Client) restart(ctx context.Context, node int, how restart) error {
	return c.exchange(ctx, command{
		name: "restart node v2", header: "restart reply", changes: true, timeout: controlTimeout,
		args: []arg{
			nodeList("node", []int{node}), flag("initialstart", how.initial), flag("nostart", how.noStart),
			flag("abort", how.abort), flag("force", false),
		},
	}, leave)
}

// RestartAllDataNodesCausingOutage restarts all data nodes together.
func (c *Client) RestartAllDataNodesCausingOutage(ctx context.Context) error {
	return c.do(ctx, command{
		name: "restart all", header: "restart reply", changes: true, timeout: controlTimeout,
		args: []arg{flag("initialstart", false), flag("nostart", false), flag("abort", false)},
	}, reply.ok)
}

// leave reads the reply of stop and restart. A server that is itself stopped waits for us to go.
func leave(conn *conn, p reply) error {
	if err := p.ok(); err != nil {
		return err
	}
	if goodbye, err := p.number("disconnect"); err == nil && goodbye != 0 {
		_ = conn.Close() // the next call finds it closed and opens another
	}
	return nil
}

// ReloadConfig lets the answering server read its config.ini again and agree with the others, which
// must all be there, on a new generation. There is a new one even if nothing in the file has changed.
// Data nodes take over what is new when they are restarted.
func (c *Client) ReloadConfig(ctx context.Context) error {
	return c.do(ctx, command{name: "reload config", header: "reload config reply", changes: true, timeout: time.Minute}, reply.ok)
}

// EnterSingleUser leaves the cluster to one API node. All others lose access until
// ExitSingleUser, and no node can be restarted.
func (c *Client) EnterSingleUser(ctx context.Context, apiNode int) error {
	return c.do(ctx, command{
		name: "enter single user", header: "enter single user reply", changes: true, timeout: time.Minute,
		args: []arg{number("nodeId", apiNode)},
	}, reply.ok)
}

// ExitSingleUser gives the cluster back to all.
func (c *Client) ExitSingleUser(ctx context.Context) error {
	return c.do(ctx, command{name: "exit single user", header: "exit single user reply", changes: true, timeout: time.Minute}, reply.ok)
}

// CreateNodeGroup makes a node group of data nodes that run and are in none.
func (c *Client) CreateNodeGroup(ctx context.Context, nodes ...int) (NodeGroup, error) {
	group := GroupUnknown
	err := c.do(ctx, command{
		name: "create nodegroup", header: "create nodegroup reply", changes: true, timeout: time.Minute,
		args: []arg{nodeList("nodes", nodes)},
	}, func(p reply) error {
		if err := p.ok(); err != nil {
			return err
		}
		n, err := p.number("ng")
		group = NodeGroup(n)
		return err
	})
	return group, err
}

// DropNodeGroup dissolves a node group. The data nodes refuse if it holds data.
func (c *Client) DropNodeGroup(ctx context.Context, group NodeGroup) error {
	if !group.Known() {
		return fmt.Errorf("%w: drop nodegroup: there is no group %s", ErrRequest, group)
	}
	return c.do(ctx, command{
		name: "drop nodegroup", header: "drop nodegroup reply", changes: true, timeout: time.Minute,
		args: []arg{number("ng", group)},
	}, reply.ok)
}

// A Dump is an order to data nodes to report something. Most of those that exist crash or alter
// a node, so these are all there are.
type Dump int

// The dumps that do no harm.
const (
	DumpMemoryUsage Dump = 1000 // answered by the events MemoryUsage
	DumpRedoStatus  Dump = 2399 // answered by the events RedoStatus
)

// DumpState orders a data node to report something, as events.
func (c *Client) DumpState(ctx context.Context, dataNode int, what Dump) error {
	if what != DumpMemoryUsage && what != DumpRedoStatus {
		return errors.Join(ErrRequest, fmt.Errorf("dump state: %d is not known to be harmless", int(what)))
	}
	return c.do(ctx, command{
		name: "dump state", header: "dump state reply",
		args: []arg{number("node", dataNode), text("args", strconv.Itoa(int(what)))},
	}, reply.ok)
}
