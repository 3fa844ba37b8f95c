package lab_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/needs"
)

// TestNDB starts one NDB cluster, breaks it in every way, one after the other, and looks at what
// it leaves on the machine.
func TestNDB(t *testing.T) {
	l := labtest.Up(t, lab.Options{Kind: cluster.KindNDB})
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	process := func(t *testing.T, p lab.Process, err error) lab.Process {
		t.Helper()
		must(t, err)
		return p
	}
	child := func(t *testing.T, node string) lab.Process {
		t.Helper()
		p, err := l.Server(node)
		return process(t, p, err)
	}
	angel := func(t *testing.T, node string) lab.Process {
		t.Helper()
		p, err := l.Angel(node)
		return process(t, p, err)
	}
	gone := func(t *testing.T, node string) {
		t.Helper()
		if p, err := l.Server(node); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("%s has the process %v, error %v", node, p, err)
		}
	}

	ended := func(t *testing.T, p lab.Process) {
		t.Helper()
		for tick := time.Tick(20 * time.Millisecond); p.Alive(); <-tick {
			must(t, ctx.Err())
		}
	}

	t.Run("kagu.yaml is what the loader wants, secrets included", func(t *testing.T) {
		fleet, err := inventory.Load(l.Config())
		must(t, err)
		c, ok := fleet.Cluster(lab.ClusterName)
		if !ok || c.Kind != cluster.KindNDB || len(c.Management) != 2 || len(c.Data) != 2 || len(c.SQL) != 2 {
			t.Errorf("the cluster reads %+v", c)
		}
	})
	t.Run("the monitor sees the data nodes from every SQL node, and may change nothing", func(t *testing.T) {
		for _, n := range l.Members(cluster.RoleSQL) {
			config, err := l.MonitorConfig(n.SQLAddress())
			must(t, err)
			db := connect(t, config)
			for query, want := range map[string]int{
				"SELECT COUNT(*) FROM ndbinfo.nodes":                  2,
				"SELECT COUNT(*) FROM mysql.ndb_apply_status":         0,
				"SELECT COUNT(*) FROM mysql.ndb_binlog_index":         0,
				"SELECT COUNT(*) FROM information_schema.PROCESSLIST": 2, // not only its own
			} {
				var count int
				if err := db.QueryRowContext(ctx, query).Scan(&count); err != nil || count < want {
					t.Errorf("%s: %s: got %d, error %v", n.Name, query, count, err)
				}
			}
			for _, forbidden := range []string{"CREATE DATABASE x", "SELECT 1 FROM mysql.user", "SHUTDOWN", "CREATE TABLE " + lab.Schema + ".x (id INT)"} {
				if _, err := db.ExecContext(ctx, forbidden); err == nil {
					t.Errorf("%s is allowed", forbidden)
				}
			}
		}
	})
	t.Run("a row written through one SQL node is read through the other", func(t *testing.T) {
		sql := l.Members(cluster.RoleSQL)
		config, err := l.WriterConfig(sql[0].SQLAddress())
		must(t, err)
		config.DBName = lab.Schema
		db := connect(t, config)
		for _, s := range []string{"CREATE TABLE t (id INT PRIMARY KEY) ENGINE=NDB", "INSERT INTO t VALUES (7)"} {
			if _, err := db.ExecContext(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		config, err = l.WriterConfig(sql[1].SQLAddress())
		must(t, err)
		config.DBName = lab.Schema
		var id int
		if err := connect(t, config).QueryRowContext(ctx, "SELECT id FROM t").Scan(&id); err != nil || id != 7 {
			t.Errorf("got %d, error %v", id, err)
		}
	})
	t.Run("status tells every node's state, its group and its angel", func(t *testing.T) {
		nodes, services := l.Status(ctx)
		if len(services) != 0 {
			t.Errorf("services: %+v", services)
		}
		states := map[cluster.Role]string{cluster.RoleManagement: "CONNECTED", cluster.RoleData: "STARTED", cluster.RoleSQL: "serves tables"}
		for _, n := range nodes {
			data := n.Node.Role == cluster.RoleData
			if n.Process != "running" || n.State != states[n.Node.Role] || n.Err != nil || data != (n.Angel != 0) || data != (n.Cluster == "node group 0") {
				t.Errorf("%+v", n)
			}
		}
	})

	// The faults stand in an order in which each leaves the cluster whole.
	t.Run("a data process that is killed is started again by its angel", func(t *testing.T) {
		before, watcher := child(t, "d2"), angel(t, "d2")
		must(t, l.KillChild(ctx, "d2"))
		if before.Alive() || !watcher.Alive() {
			t.Error("the child is to be gone and the angel not")
		}
		must(t, l.AwaitNot(ctx, "d2", mgm.StateStarted))
		must(t, l.AwaitState(ctx, "d2", mgm.StateStarted))
		if after := child(t, "d2"); after == before || angel(t, "d2") != watcher {
			t.Errorf("the child was %v and is %v", before, after)
		}
	})
	t.Run("an angel that is killed leaves its child at work", func(t *testing.T) {
		worker := child(t, "d2")
		must(t, l.KillAngel(ctx, "d2"))
		if _, err := l.Angel("d2"); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("the angel is there: %v", err)
		}
		if child(t, "d2") != worker {
			t.Error("the child is another")
		}
	})
	t.Run("a data node without an angel that is killed stays away until it is started", func(t *testing.T) {
		must(t, l.Kill(ctx, "d2"))
		gone(t, "d2")
		must(t, l.AwaitState(ctx, "d2", mgm.StateNoContact))
		must(t, l.Start(ctx, "d2"))
		must(t, l.AwaitData(ctx))
		angel(t, "d2")
	})
	t.Run("the first management server is killed, then started", func(t *testing.T) {
		must(t, l.Kill(ctx, "m1"))
		gone(t, "m1")
		must(t, l.AwaitState(ctx, "d1", mgm.StateStarted)) // the other one answers
		must(t, l.Start(ctx, "m1"))
		must(t, l.AwaitManagement(ctx))
	})
	t.Run("an SQL node is killed, then started", func(t *testing.T) {
		must(t, l.Kill(ctx, "s2"))
		gone(t, "s2")
		must(t, l.Start(ctx, "s2"))
		must(t, l.AwaitSQL(ctx))
	})
	t.Run("a frozen data node is declared dead, and comes back when it is thawed", func(t *testing.T) {
		before, since := child(t, "d1"), time.Now()
		must(t, l.Freeze(ctx, "d1"))
		if !child(t, "d1").Frozen() || !angel(t, "d1").Frozen() {
			t.Error("a process of the node is not frozen")
		}
		must(t, l.AwaitVerdict(ctx, "d1", since))
		must(t, l.Thaw(ctx, "d1"))
		// For a moment it is what it was. Then it hears the verdict and ends, and its angel starts
		// another.
		ended(t, before)
		must(t, l.AwaitNot(ctx, "d1", mgm.StateStarted))
		must(t, l.AwaitData(ctx))
	})
	t.Run("a data node that is cut off is declared dead, ends for want of an arbitrator, and comes back when it is joined", func(t *testing.T) {
		before, since := child(t, "d2"), time.Now()
		err := l.Cut(ctx, "d2", lab.CutNode)
		if os.Geteuid() != 0 {
			if !errors.Is(err, lab.ErrNeedsRoot) {
				t.Fatalf("without root: got %v, want ErrNeedsRoot", err)
			}
			needs.Missing(t, errors.New("a cut of the network: run as root"))
		}
		must(t, err)
		must(t, l.AwaitVerdict(ctx, "d2", since))
		must(t, l.AwaitState(ctx, "d1", mgm.StateStarted))
		ended(t, before)
		must(t, l.Join(ctx, "d2"))
		must(t, l.AwaitNot(ctx, "d2", mgm.StateStarted))
		must(t, l.AwaitData(ctx))
	})
	t.Run("management servers get a configuration of a new generation", func(t *testing.T) {
		must(t, l.Reconfigure(ctx, map[string]string{"TimeBetweenLocalCheckpoints": "19"}))
		for _, address := range l.ManagementAddresses() {
			client := mgm.New(mgm.Options{Addresses: []string{address}})
			config, err := client.Config(ctx)
			must(t, errors.Join(err, client.Close()))
			if config.Generation != 2 {
				t.Errorf("%s has generation %d", address, config.Generation)
			}
		}
		must(t, l.AwaitState(ctx, "d1", mgm.StateStarted))
	})
	t.Run("a node that is not there is refused by name", func(t *testing.T) {
		if err := l.Kill(ctx, "d9"); err == nil || err.Error() != `no node "d9"; there are [m1 m2 d1 d2 s1 s2]` {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the whole node group is killed, then started", func(t *testing.T) {
		must(t, l.Kill(ctx, "group-0"))
		gone(t, "d1")
		gone(t, "d2")
		must(t, l.Start(ctx, "group-0"))
		must(t, l.AwaitData(ctx))
		must(t, l.AwaitSQL(ctx))
	})
	t.Run("down leaves no process and no folder", func(t *testing.T) {
		begun := time.Now()
		must(t, l.Down(ctx))
		t.Logf("down took %v", time.Since(begun))
		if left := marked(t, l.ID); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
		if _, err := os.Stat(l.Dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", l.Dir, err)
		}
	})
}
