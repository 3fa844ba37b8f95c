package lab

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/kagu-db/kagu/internal/cluster"
)

// nodeProcesses returns all processes of a node's server, parents before their children. An NDB
// data node has two, the angel and its child.
func (l *Lab) nodeProcesses(n Node) ([]Process, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	found := table{}
	for _, p := range all.of(l) {
		if l.kind().serves(l, n, p.args()) {
			e := all[p.PID]
			e.Name = n.Name
			found[p.PID] = e
		}
	}
	return found.byDescent(), nil
}

// byDescent returns the processes, each after its parent.
func (t table) byDescent() []Process {
	depth := func(pid int) (d int) {
		for e, ok := t[pid]; ok && d <= len(t); e, ok = t[e.parent] {
			d++
		}
		return d
	}
	var list []Process
	for _, e := range t {
		list = append(list, e.Process)
	}
	slices.SortFunc(list, func(a, b Process) int {
		if d := depth(a.PID) - depth(b.PID); d != 0 {
			return d
		}
		return a.PID - b.PID
	})
	return list
}

// server returns the process that does a node's work, whoever started it.
func (l *Lab) server(n Node) (Process, error) {
	_, worker, err := l.angelAndServer(n)
	return worker, err
}

// Server returns the process that does a node's work, whoever started it. The error is
// os.ErrProcessDone if there is none.
func (l *Lab) Server(node string) (Process, error) {
	n, err := l.Node(node)
	if err != nil {
		return Process{}, err
	}
	return l.server(n)
}

// Angel returns the process that watches over the server of an NDB data node and starts it
// again. The error is os.ErrProcessDone if there is none.
func (l *Lab) Angel(node string) (Process, error) {
	n, err := l.Node(node)
	if err != nil {
		return Process{}, err
	}
	angel, _, err := l.angelAndServer(n)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return Process{}, err
	}
	if angel.PID == 0 {
		return Process{}, fmt.Errorf("the angel of %s: %w", node, os.ErrProcessDone)
	}
	return angel, nil
}

// angelAndServer tells the two processes of a data node apart. The angel is the parent; one
// that is alone is known by its single thread. The angel's number is 0 if it is gone, and the
// error os.ErrProcessDone if the server is.
func (l *Lab) angelAndServer(n Node) (angel, server Process, err error) {
	list, err := l.nodeProcesses(n)
	if err != nil {
		return angel, server, err
	}
	switch {
	case len(list) == 0:
	case n.Role != cluster.RoleData:
		return angel, list[len(list)-1], nil
	case len(list) > 1:
		return list[len(list)-2], list[len(list)-1], nil
	case list[0].threads() > 1:
		return angel, list[0], nil
	default:
		angel = list[0]
	}
	return angel, server, fmt.Errorf("%s: %w", n.Name, os.ErrProcessDone)
}
