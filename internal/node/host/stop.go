package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// stopPoll is how often a stopping server is looked at.
const stopPoll = 200 * time.Millisecond

// stop asks the server to end and waits for it. An operator's intent is written down first:
// if we die in the middle, the node stays down rather than being started behind his back.
// Only SIGTERM is ever sent; a server that does not end is a human's to judge.
func (s *Server) stop(ctx context.Context, r node.Request, n inventory.Node, d stateDir, f facts) error {
	switch f.state.Process {
	case cluster.ProcessFrozen:
		return refusef("process %d is frozen and could not end in order: thaw it first (kill -CONT %d), or end it by hand", f.state.PID, f.state.PID)
	case cluster.ProcessUnknown:
		return refusef("whether its process exists is not known: %s", f.doubt)
	case cluster.ProcessAbsent:
		if !r.Operator {
			return nil // nothing to stop, and nothing to remember
		}
	}
	record := intent(r, s.now())
	if err := s.keep(d, record); err != nil {
		return refusef("the stop cannot be written down: %w", err)
	}
	if f.state.Process == cluster.ProcessAbsent {
		record.Ended = record.At
		return s.keep(d, record)
	}
	if err := s.askToStop(ctx, n, f); err != nil {
		return err
	}
	if err := s.awaitEnd(ctx, n); err != nil {
		return err
	}
	record.Ended = s.now().UTC()
	return s.keep(d, record)
}

// keep writes the stop down; the remediator's stop never replaces an operator's intent.
func (s *Server) keep(d stateDir, record stop) error {
	if !record.Operator {
		if last, err := d.loadStop(); err != nil || last != nil && last.Operator {
			return err
		}
	}
	return d.save(stopFile, record)
}

func (s *Server) askToStop(ctx context.Context, n inventory.Node, f facts) error {
	if n.Service != "" && f.unit != nil && f.unit.Active != "inactive" && f.unit.Active != "failed" {
		manager, err := s.openUnits(ctx)
		if err != nil {
			return fmt.Errorf("systemd: %w", err)
		}
		defer manager.Close()
		if err := manager.Stop(ctx, n.Service); err != nil {
			return fmt.Errorf("stop %s: %w", n.Service, err)
		}
		return nil
	}
	return s.proc.terminate(f.state.PID, f.ticks)
}

// terminate sends SIGTERM to the process that was seen, and to no other that got its id since:
// the handle is taken first, then the start time is compared.
func (fs procfs) terminate(pid int, ticks int64) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take hold of process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	p, ok, err := fs.process(pid)
	if err != nil || !ok {
		return err
	}
	if p.start != ticks {
		return nil // the one we saw is gone
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("send SIGTERM to process %d: %w", pid, err)
	}
	return nil
}

// awaitEnd waits until no process is the server any more.
func (s *Server) awaitEnd(ctx context.Context, n inventory.Node) error {
	ctx, cancel := context.WithTimeout(ctx, s.StopWait)
	defer cancel()
	tick := time.NewTicker(stopPoll)
	defer tick.Stop()
	for {
		f := s.look(ctx, n)
		if f.state.Process == cluster.ProcessAbsent {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it was asked to stop and is still %s after %v; it may yet end", f.state.Process, s.StopWait)
		case <-tick.C:
		}
	}
}
