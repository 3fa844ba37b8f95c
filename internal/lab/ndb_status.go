package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// ndbStatus asks one management server how the nodes are: status, startphase and so on, by
// node id and name.
func ndbStatus(ctx context.Context, address string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte("get status\ntypes: NDB MGM API\n\n")); err != nil {
		return nil, err
	}
	status := map[string]string{}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if lines.Text() == "" {
			break
		}
		name, value, _ := strings.Cut(lines.Text(), ":")
		status[name] = strings.TrimSpace(value)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if status["nodes"] == "" {
		return nil, errors.New(address + " does not tell the nodes")
	}
	return status, nil
}

// AwaitManagement waits until every management server answers with the cluster's configuration.
func (l *Lab) AwaitManagement(ctx context.Context) error {
	for _, n := range l.Members(cluster.RoleManagement) {
		err := poll(ctx, func(ctx context.Context) error {
			_, err := ndbStatus(ctx, n.ManagementAddress())
			return err
		})
		if err != nil {
			return fmt.Errorf("%s does not answer: %w; the end of its log:\n%s", n.Name, err, tail(n.ErrorLog()))
		}
	}
	return nil
}

// AwaitNode waits until a management server says that a node is in a state, such as STARTED.
func (l *Lab) AwaitNode(ctx context.Context, name, state string) error {
	n, err := l.Node(name)
	if err != nil {
		return err
	}
	return poll(ctx, func(ctx context.Context) error {
		err := errNotYet
		for _, m := range l.Members(cluster.RoleManagement) {
			status, asked := ndbStatus(ctx, m.ManagementAddress())
			if asked != nil {
				err = asked
				continue
			}
			got := status[fmt.Sprintf("node.%d.status", n.ID)]
			if got == state {
				return nil
			}
			err = fmt.Errorf("%s is %q, not %q", name, got, state)
		}
		return err
	})
}

func (ndbKind) look(ctx context.Context, l *Lab, s *NodeStatus) {}
