package lab_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/needs"
)

// TestFaults breaks one cluster in every way, one after the other; what the cluster says is
// read from a node that was not touched.
func TestFaults(t *testing.T) {
	l := labtest.Up(t, lab.Options{Profile: lab.ProfileLAN, Services: []lab.Service{lab.SSH}})
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()

	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	size := func(t *testing.T, want string) {
		t.Helper()
		must(t, l.AwaitStatus(ctx, "n1", "wsrep_cluster_size", want))
	}
	for _, fault := range []struct {
		name     string
		do, undo func(context.Context, string) error
		root     bool
		check    func(t *testing.T)
	}{
		{
			name: "killed, then started", do: l.Kill, undo: l.Start,
			check: func(t *testing.T) {
				if _, err := l.Server("n3"); !errors.Is(err, os.ErrProcessDone) {
					t.Errorf("after kill the server is there: %v", err)
				}
			},
		},
		{
			name: "frozen, then thawed", do: l.Freeze, undo: l.Thaw,
			check: func(t *testing.T) {
				p, err := l.Server("n3")
				must(t, err)
				if !p.Frozen() {
					t.Error("the frozen server is not stopped")
				}
			},
		},
		{
			name: "stopped by an operator, then started", do: l.Stop, undo: l.Start,
			check: func(t *testing.T) {
				if _, err := l.Server("n3"); !errors.Is(err, os.ErrProcessDone) {
					t.Errorf("after stop the server is there: %v", err)
				}
			},
		},
		{
			name: "cut off in the group, then joined", root: true, undo: l.Join,
			do: func(ctx context.Context, node string) error { return l.Cut(ctx, node, lab.CutGroup) },
			check: func(t *testing.T) {
				must(t, l.AwaitStatus(ctx, "n3", "wsrep_cluster_status", "non-Primary"))
				reached(t, l, "n3") // clients are not cut off
			},
		},
		{
			name: "cut off as a node, then joined", root: true, undo: l.Join,
			do: func(ctx context.Context, node string) error { return l.Cut(ctx, node, lab.CutNode) },
			check: func(t *testing.T) {
				must(t, l.AwaitStatus(ctx, "n3", "wsrep_cluster_status", "non-Primary"))
				if err := dial(t, l, "n3"); err == nil {
					t.Error("a client reaches a node that is cut off")
				}
				reached(t, l, "n2") // it is not cut off
			},
		},
	} {
		t.Run(fault.name, func(t *testing.T) {
			if fault.root && os.Geteuid() != 0 {
				if err := fault.do(ctx, "n3"); !errors.Is(err, lab.ErrNeedsRoot) {
					t.Fatalf("without root: got %v, want ErrNeedsRoot", err)
				}
				needs.Missing(t, errors.New("a cut of the network: run as root"))
			}
			must(t, fault.do(ctx, "n3"))
			size(t, "2")
			fault.check(t)
			must(t, fault.undo(ctx, "n3"))
			must(t, l.AwaitSynced(ctx))
		})
	}

	t.Run("a node that is not there is refused by name", func(t *testing.T) {
		if err := l.Kill(ctx, "n9"); err == nil || err.Error() != `no node "n9"; there are [n1 n2 n3]` {
			t.Errorf("got %v", err)
		}
	})
	t.Run("sshd killed, then started", func(t *testing.T) {
		must(t, l.KillService("sshd n2"))
		if err := l.KillService("sshd n2"); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("killed twice: %v", err)
		}
		must(t, l.StartSSHD(ctx, "n2"))
	})
}

// reached logs in to a node as the monitor does. On a busy machine that may take more than a second.
func reached(t *testing.T, l *lab.Lab, node string) {
	t.Helper()
	err := dial(t, l, node)
	for until := time.Now().Add(time.Minute); err != nil && time.Now().Before(until); {
		err = dial(t, l, node)
	}
	if err != nil {
		t.Errorf("a client does not reach %s: %v", node, err)
	}
}

// dial logs in to a node as the monitor does, within a second.
func dial(t *testing.T, l *lab.Lab, node string) error {
	t.Helper()
	n, err := l.Node(node)
	if err != nil {
		t.Fatal(err)
	}
	config, err := l.MonitorConfig(n.SQLAddress())
	if err != nil {
		t.Fatal(err)
	}
	config.Timeout, config.ReadTimeout = time.Second, time.Second
	return ping(t, config)
}
