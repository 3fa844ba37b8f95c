package lab

import (
	"context"
	"fmt"
	"maps"
	"syscall"

	"github.com/kagu-db/kagu/internal/cluster"
)

// KillChild ends the process that does a data node's work. Its angel starts another, because
// the lab's StopOnError is 0.
func (l *Lab) KillChild(_ context.Context, node string) error {
	p, err := l.Server(node)
	if err != nil {
		return err
	}
	return p.hit(syscall.SIGKILL)
}

// KillAngel ends the angel of a data node. The node goes on, and nobody starts it again.
func (l *Lab) KillAngel(_ context.Context, node string) error {
	p, err := l.Angel(node)
	if err != nil {
		return err
	}
	return p.hit(syscall.SIGKILL)
}

// stop tells the process that does the work to end; an angel then leaves too.
func (ndbKind) stop(ctx context.Context, l *Lab, n Node) error {
	p, err := l.server(n)
	if err != nil {
		return err
	}
	if err := p.hit(syscall.SIGTERM); err != nil {
		return err
	}
	return poll(ctx, func(context.Context) error {
		list, err := l.nodeProcesses(n)
		if err == nil && len(list) > 0 {
			err = fmt.Errorf("%s still runs, process %d", n.Name, list[0].PID)
		}
		return err
	})
}

// Reconfigure writes a new config.ini and restarts the management servers with it, so that the
// cluster has a configuration of a new generation. The parameters are those of the section
// [ndbd default]; data nodes take them over when they are started again.
func (l *Lab) Reconfigure(ctx context.Context, parameters map[string]string) error {
	if l.Kind != cluster.KindNDB {
		return fmt.Errorf("the lab's cluster is %s: only an NDB cluster has a configuration of its own", l.Kind)
	}
	l.mu.Lock()
	wanted := maps.Clone(l.Parameters)
	if wanted == nil {
		wanted = map[string]string{}
	}
	maps.Copy(wanted, parameters)
	l.Parameters = wanted
	l.mu.Unlock()
	text, err := l.ndbConfigText()
	if err != nil {
		return err
	}
	if err := writeFile(l.ndbConfig(), []byte(text)); err != nil {
		return err
	}
	servers := l.Members(cluster.RoleManagement)
	for _, n := range servers {
		if list, err := l.nodeProcesses(n); err == nil && len(list) > 0 {
			if err := l.Kill(ctx, n.Name); err != nil {
				return err
			}
		}
	}
	for i, n := range servers {
		argv := l.ndbArgv(n)
		if i == 0 { // one reads the file and tells the others
			argv = append(argv, "--reload")
		}
		if _, err := l.spawn(n.Name, n.outputLog(), argv...); err != nil {
			return err
		}
	}
	return l.AwaitManagement(ctx)
}

// cutRules take all packets of a node, which come from its own address, but those to and from
// its SQL port if clients shall still reach it.
func (ndbKind) cutRules(_ *Lab, n Node, reach Reach) []string {
	from, to := "", ""
	if reach == CutGroup && n.Role == cluster.RoleSQL {
		from, to = fmt.Sprintf("tcp sport != %d ", n.SQL), fmt.Sprintf("tcp dport != %d ", n.SQL)
	}
	return []string{
		fmt.Sprintf("ip saddr %[1]s ip daddr != %[1]s %[2]sdrop", n.Address, from),
		fmt.Sprintf("ip saddr != %[1]s ip daddr %[1]s %[2]sdrop", n.Address, to),
	}
}
