package lab

import (
	"context"
	"errors"
	"os"
	"time"
)

// A NodeStatus is what a lab sees of one of its nodes.
type NodeStatus struct {
	Node    Node
	Process string // "running", "frozen" or "gone"
	PID     int
	Angel   int    // of an NDB data node: the process that starts it again; 0 if there is none
	State   string // as the database says it: Synced, STARTED; "" if nobody tells
	Cluster string // where it stands in its cluster: "Primary, 3 members", "node group 0"
	Err     error  // why the server does not answer
}

// A ServiceStatus is what a lab sees of a process beside the servers.
type ServiceStatus struct {
	Process Process
	State   string // "running", "frozen" or "gone"
}

// Status looks at every node and process. A node that does not answer within a second counts
// as silent.
func (l *Lab) Status(ctx context.Context) ([]NodeStatus, []ServiceStatus) {
	var nodes []NodeStatus
	servers := map[string]bool{}
	for _, n := range l.Nodes {
		servers[n.Name] = true
		s := NodeStatus{Node: n, Process: "gone"}
		angel, p, err := l.angelAndServer(n)
		s.Angel = angel.PID
		switch {
		case err == nil:
			s.PID, s.Process = p.PID, state(p)
		case !errors.Is(err, os.ErrProcessDone):
			s.Process, s.Err = "unknown", err
		}
		if s.Process == "running" {
			ask, cancel := context.WithTimeout(ctx, time.Second)
			l.kind().look(ask, l, &s)
			cancel()
		}
		nodes = append(nodes, s)
	}
	var services []ServiceStatus
	latest := map[string]int{}
	for _, p := range l.started() {
		if servers[p.Name] {
			continue
		}
		s := ServiceStatus{Process: p, State: state(p)}
		if i, again := latest[p.Name]; again {
			services[i] = s
			continue
		}
		latest[p.Name] = len(services)
		services = append(services, s)
	}
	return nodes, services
}

func state(p Process) string {
	switch {
	case !p.Alive():
		return "gone"
	case p.Frozen():
		return "frozen"
	}
	return "running"
}
