package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// startWait is how long a start is watched: a server that cannot read its options, its port
// or its disk ends within it.
const startWait = 1500 * time.Millisecond

// mayStart tells why the node must not be started. It decides on what was seen alone; nil
// allows. What could not be found out forbids.
func mayStart(r node.Request, n inventory.Node, policy inventory.Policy, f facts) error {
	switch f.state.Process {
	case cluster.ProcessAbsent:
	case cluster.ProcessRunning:
		return refusef("process %d is running", f.state.PID)
	case cluster.ProcessFrozen:
		return refusef("process %d exists and is frozen: thaw it or end it by hand, a second server beside it would damage the data", f.state.PID)
	default:
		return refusef("whether its process exists is not known: %s", f.doubt)
	}
	if f.state.StoppedBy != "" && !r.Operator {
		return refusef("stopped on purpose by %s; an operator may start it", f.state.StoppedBy)
	}
	if u := f.unit; u != nil && u.Active == "activating" {
		return refusef("systemd is about to start %s by itself (%s)", n.Service, u)
	}
	if n.DataDir != "" {
		if f.dataDir != nil {
			return refusef("the data directory is not there: %v", f.dataDir)
		}
		if f.noDisk != nil {
			return refusef("free disk space is not known: %v", f.noDisk)
		}
		if f.diskFree < policy.MinDiskFree {
			return refusef("only %.1f %% of the data directory's disk is free, policy wants %.1f %%", 100*f.diskFree, 100*policy.MinDiskFree)
		}
	}
	if n.Role == cluster.RoleMember && !r.Operator {
		if f.noSaved != nil {
			return refusef("its saved position is not known (%v), so it may need a full state transfer; an operator may start it", f.noSaved)
		}
		if f.saved.UUID == zeroUUID {
			return refusef("it has no position (zero UUID in grastate.dat) and needs a full state transfer; an operator may start it")
		}
	}
	return bootstraps(n.Start)
}

const zeroUUID = "00000000-0000-0000-0000-000000000000"

// start starts the node once, if every precondition holds.
func (s *Server) start(ctx context.Context, r node.Request, n inventory.Node, policy inventory.Policy, d stateDir, f facts, intentErr error) error {
	if intentErr != nil {
		return refusef("whether an operator stopped it is not known: %w", intentErr)
	}
	if err := mayStart(r, n, policy, f); err != nil {
		return err
	}
	if n.DataDir != "" {
		if who := s.proc.writers(n.DataDir); who != "" {
			return refusef("%s has files of the data directory open for writing: a state transfer or a restore may be going on", who)
		}
	}
	if n.Service != "" {
		return s.startUnit(ctx, r, n, d)
	}
	if len(n.Start) == 0 {
		return refusef("kagu.yaml has neither a service nor a start command for it")
	}
	if err := clearIntent(r, d); err != nil {
		return err
	}
	return launch(n, d)
}

// clearIntent forgets a stop: an operator wants the node up again. It comes last before the
// act, so that a refused start leaves the intent.
func clearIntent(r node.Request, d stateDir) error {
	if !r.Operator {
		return nil
	}
	if err := d.remove(stopFile); err != nil {
		return refusef("the stop intent cannot be cleared: %w", err)
	}
	return nil
}

func (s *Server) startUnit(ctx context.Context, r node.Request, n inventory.Node, d stateDir) error {
	manager, err := s.openUnits(ctx)
	if err != nil {
		return refusef("systemd: %w", err)
	}
	defer manager.Close()
	vars, err := within(unitLimit, func() ([]string, error) { return manager.Environment(ctx) })
	if err != nil {
		return refusef("whether systemd would bootstrap a cluster is not known: %w", err)
	}
	if err := bootstrapsByEnvironment(vars); err != nil {
		return err
	}
	if err := clearIntent(r, d); err != nil {
		return err
	}
	if err := manager.Start(ctx, n.Service, startWait); err != nil {
		return fmt.Errorf("start %s: %w", n.Service, err)
	}
	return nil
}

// isFile reports an error that came from the file system.
func isFile(err error) bool {
	_, ok := errors.AsType[*os.PathError](err)
	return ok
}
