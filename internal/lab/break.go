package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/sshrun"
)

// Kill ends a node's server at once, as a crash or the kernel's out-of-memory killer does, and
// returns when it is gone. Here and below, where one node is named, Select's words for several
// are understood too.
func (l *Lab) Kill(_ context.Context, node string) error { return l.hit(node, syscall.SIGKILL) }

// Freeze stops a node's server in its tracks: it holds its connections and answers nothing.
func (l *Lab) Freeze(_ context.Context, node string) error { return l.hit(node, syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (l *Lab) Thaw(_ context.Context, node string) error { return l.hit(node, syscall.SIGCONT) }

// hit sends a signal to every process of the nodes, at once: first all are hit, then the end of
// those that must end is awaited. An angel is hit before it could start another child.
func (l *Lab) hit(word string, s syscall.Signal) error {
	nodes, err := l.Select(word)
	if err != nil {
		return err
	}
	var hit []Process
	for _, n := range nodes {
		list, err := l.nodeProcesses(n)
		if err != nil {
			return err
		}
		hit = append(hit, list...)
	}
	if len(hit) == 0 {
		return fmt.Errorf("%s: %w", word, os.ErrProcessDone)
	}
	for _, p := range hit {
		if err := p.signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("send %v to %s, process %d: %w", s, p.Name, p.PID, err)
		}
	}
	for _, p := range hit {
		if err := p.obeyed(s); err != nil {
			return err
		}
	}
	return nil
}

// hit sends a signal, and waits until it was obeyed.
func (p Process) hit(s syscall.Signal) error {
	if err := p.signal(s); err != nil {
		return fmt.Errorf("send %v to %s, process %d: %w", s, p.Name, p.PID, err)
	}
	return p.obeyed(s)
}

// obeyed waits until the signal has done what it must: on busy cores that takes its time.
func (p Process) obeyed(s syscall.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // the kernel owes us this
	defer cancel()
	switch s {
	case syscall.SIGKILL:
		return poll(ctx, p.gone)
	case syscall.SIGSTOP:
		return poll(ctx, func(context.Context) error {
			if p.Alive() && !p.Frozen() {
				return fmt.Errorf("%s, process %d, goes on after SIGSTOP", p.Name, p.PID)
			}
			return nil
		})
	}
	return nil
}

// KillService, FreezeService and ThawService do the same to what the lab runs beside the servers.
// The sshd of a node's host is called "sshd n1".
func (l *Lab) KillService(name string) error { return l.hitService(name, syscall.SIGKILL) }

// FreezeService stops a service without ending it.
func (l *Lab) FreezeService(name string) error { return l.hitService(name, syscall.SIGSTOP) }

// ThawService lets a frozen service go on.
func (l *Lab) ThawService(name string) error { return l.hitService(name, syscall.SIGCONT) }

func (l *Lab) hitService(name string, s syscall.Signal) error {
	for _, p := range l.started() {
		if p.Name == name && p.Alive() {
			return p.hit(s)
		}
	}
	return fmt.Errorf("%s: %w", name, os.ErrProcessDone)
}

// Stop stops a node cleanly, as an operator does: through kagu-node, which remembers it, so
// that the remediator leaves the node alone. In a lab without sshd it is a plain shutdown.
func (l *Lab) Stop(ctx context.Context, name string) error {
	return l.each(name, func(n Node) error {
		if l.Has(SSH) {
			return l.ask(ctx, n.Name, node.Stop)
		}
		return l.kind().stop(ctx, l, n)
	})
}

// Start starts a node again, and forgets that an operator stopped it. Of several nodes it
// starts those that do not run.
func (l *Lab) Start(ctx context.Context, name string) error {
	return l.each(name, func(n Node) error {
		if l.Has(SSH) {
			return l.ask(ctx, n.Name, node.Start)
		}
		switch list, err := l.nodeProcesses(n); {
		case err != nil:
			return err
		case len(list) > 0 && n.Name == name:
			return fmt.Errorf("it runs already, process %d", list[0].PID)
		case len(list) > 0:
			return nil
		}
		_, err := l.kind().launch(l, n)
		return err
	})
}

// ask sends a verb to kagu-node in the operator's name.
func (l *Lab) ask(ctx context.Context, name string, verb node.Verb) error {
	n, err := l.Node(name)
	if err != nil {
		return err
	}
	client := node.Client{SSH: sshrun.Runner{Account: inventory.SSH{User: l.Account, KeyFile: l.sshKey(), KnownHostsFile: l.knownHosts()}}}
	reply, err := client.Do(ctx, inventory.Host{Name: n.Name, Address: n.Address, SSHPort: n.SSH}, node.Request{
		Verb: verb, Cluster: ClusterName, Node: name, ID: "lab-" + strings.ToLower(rand.Text()),
		NotAfter: time.Now().Add(time.Minute), By: l.Account, Why: "kagu lab break " + string(verb), Operator: true,
	})
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, name, err)
	}
	return nil
}
