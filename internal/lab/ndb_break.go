package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"syscall"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
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

// Reconfigure writes a new config.ini, restarts the management servers with it and waits until
// each has the configuration of the new generation. The parameters are those of the section
// [ndbd default]; data nodes take them over when they are started again.
func (l *Lab) Reconfigure(ctx context.Context, parameters map[string]string) error {
	if l.Kind != cluster.KindNDB {
		return fmt.Errorf("the lab's cluster is %s: only an NDB cluster has a configuration of its own", l.Kind)
	}
	before, err := generation(ctx, l.ManagementAddresses()...)
	if err != nil {
		return err
	}
	if err := l.changeParameters(parameters); err != nil {
		return err
	}
	servers := l.Members(cluster.RoleManagement)
	if err := l.Kill(ctx, string(cluster.RoleManagement)); err != nil {
		return err
	}
	for i, n := range servers {
		argv := l.ndbArgv(n)
		if i == 0 { // one reads the file and tells the others
			argv = append(argv, "--reload")
		}
		if _, err := l.spawnDaemon(n, argv...); err != nil {
			return err
		}
	}
	for _, n := range servers {
		if err := l.awaitServer(ctx, n, func(ctx context.Context) error {
			now, err := generation(ctx, n.ManagementAddress())
			if err == nil && now <= before {
				err = fmt.Errorf("%s has the configuration of generation %d still", n.Name, now)
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// changeParameters writes config.ini with some parameters set otherwise.
func (l *Lab) changeParameters(parameters map[string]string) error {
	if err := checkParameters(parameters); err != nil {
		return err
	}
	old, err := l.ndbConfigText()
	if err != nil {
		return err
	}
	l.mu.Lock()
	wanted := map[string]string{}
	maps.Copy(wanted, l.Parameters)
	maps.Copy(wanted, parameters)
	l.Parameters = wanted
	l.mu.Unlock()
	text, err := l.ndbConfigText()
	if err != nil {
		return err
	}
	if text == old {
		return errors.New("the configuration has these parameters already: there would be no new generation")
	}
	return errors.Join(writeFile(l.ndbConfig(), []byte(text)), l.save())
}

// generation asks which generation of the configuration a management server has.
func generation(ctx context.Context, addresses ...string) (int, error) {
	client := mgm.New(mgm.Options{Addresses: addresses, Timeout: askTimeout})
	defer client.Close()
	config, err := client.Config(ctx)
	if err != nil {
		return 0, err
	}
	return config.Generation, nil
}
