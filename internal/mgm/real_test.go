package mgm_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/goldentest"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/needs"
)

// TestReal plays the protocol with a real management server. What they say to each other is
// compared with the transcripts; -update records them anew.
func TestReal(t *testing.T) {
	l := labtest.Up(t, lab.Options{Kind: cluster.KindNDB, Management: 1, Data: 2, SQL: 1})
	var (
		server = l.Members(cluster.RoleManagement)[0]
		data   = l.Members(cluster.RoleData)
		record tape
	)
	c := mgm.New(mgm.Options{Addresses: []string{server.ManagementAddress()}, Dial: record.dial})
	defer c.Close()
	ctx := t.Context()

	v, err := c.Version(ctx)
	if err != nil || v.NDB < mgm.MakeVersion(8, 0, 0) {
		t.Fatal(v, err)
	}
	if v.NDB != mgm.MakeVersion(9, 7, 2) {
		t.Logf("the transcripts are of 9.7.2, this is %s", v.NDB)
	}
	for _, step := range []struct {
		file string
		call func() error
		want string // in the error
	}{
		{"opening", func() error { _, err := c.NodeID(ctx); return err }, ""},
		{"status", func() error { _, err := c.Status(ctx); return err }, ""},
		{"status-data", func() error { _, err := c.Status(ctx, mgm.NodeData, mgm.NodeManagement); return err }, ""},
		{"config", func() error { _, err := c.Config(ctx); return err }, ""},
		{"show-config", func() error {
			_, err := c.ShowConfig(ctx, mgm.ConfigQuery{NodeID: data[0].ID, Name: "DataMemory"})
			return err
		}, ""},
		{"show-config-system", func() error { _, err := c.ShowConfig(ctx, mgm.ConfigQuery{Section: "SYSTEM"}); return err }, ""},
		{"variables", func() error { _, err := c.Variables(ctx); return err }, ""},
		{"log-levels", func() error { _, err := c.LogLevels(ctx); return err }, ""},
		{"log-severities", func() error { _, err := c.LogSeverities(ctx); return err }, ""},
		{"tls-stats", func() error { _, err := c.TLSStats(ctx); return err }, ""},
		{"certificates", func() error { _, err := c.Certificates(ctx); return err }, ""},
		{"memory", func() error { _, err := c.DumpEvents(ctx, mgm.MemoryUsage, data[0].ID); return err }, ""},
		{"backup-status", func() error { _, err := c.DumpEvents(ctx, mgm.BackupStatus, data[0].ID); return err }, ""},
		{"dump-unknown", func() error { _, err := c.DumpEvents(ctx, 5000); return err }, "not supported"},
		{"dump-state", func() error { return c.DumpState(ctx, data[0].ID, mgm.DumpMemoryUsage) }, ""},
		{"set-log-level", func() error { return c.SetLogLevel(ctx, mgm.CategoryStatistics, 7) }, ""},
		{"set-report-level", func() error { return c.SetReportLevel(ctx, mgm.CategoryStatistics, 7) }, ""},
		{"set-log-severity", func() error { return c.SetLogSeverity(ctx, mgm.SeverityDebug, true) }, ""},
		{"unset-log-severity", func() error { return c.SetLogSeverity(ctx, mgm.SeverityDebug, false) }, ""},
		{"set-log", func() error { return c.SetLog(ctx, true) }, ""},
		{"session-id", func() error { _, err := c.SessionID(ctx); return err }, ""},
		{"no-session", func() error { _, _, err := c.Session(ctx, 4_000_000); return err }, ""},
		{"purge", func() error { return c.PurgeStaleSessions(ctx) }, ""},
		{"start-all", func() error { _, err := c.StartAllNodes(ctx); return err }, ""},
		{"refused-start", func() error { return c.StartNode(ctx, 99) }, "5002"},
		{"refused-stop", func() error { return c.StopNode(ctx, 99) }, "5002"},
		{"refused-restart", func() error { return c.RestartNode(ctx, 99) }, "5002"},
		{"refused-single-user", func() error { return c.EnterSingleUser(ctx, data[0].ID) }, "5062"},
		{"exit-single-user", func() error { return c.ExitSingleUser(ctx) }, ""},
		{"refused-group", func() error { _, err := c.CreateNodeGroup(ctx, data[0].ID, data[1].ID); return err }, "322"},
		{"refused-drop", func() error { return c.DropNodeGroup(ctx, 7) }, "error: -1"},
		{"abort-backup", func() error { return c.AbortBackup(ctx, 3) }, ""},
	} {
		if err := step.call(); (err == nil) != (step.want == "") || err != nil && !strings.Contains(err.Error(), step.want) {
			t.Errorf("%s: %v, want %q", step.file, err, step.want)
		}
		goldentest.Compare(t, filepath.Join("testdata", "transcripts", step.file+".txt"), settled(record.rewind()))
	}

	t.Run("the configuration is the lab's, from the server and from a data node", func(t *testing.T) {
		for _, from := range []func() (*mgm.Config, error){
			func() (*mgm.Config, error) { return c.Config(ctx) },
			func() (*mgm.Config, error) { return c.ConfigOf(ctx, data[0].ID) },
		} {
			config, err := from()
			if err != nil {
				t.Fatal(err)
			}
			node, found := config.Node(data[1].ID)
			memory, _ := node.DataMemory()
			beat, _ := node.HeartbeatDB()
			if !found || config.Generation != 1 || config.Replicas() != 2 || memory != 64<<20 || beat != 1500*time.Millisecond || node.NodeGroup != 0 || node.HostName != data[1].Address {
				t.Errorf("generation %d, node %+v", config.Generation, node)
			}
			if m, _ := config.Node(server.ID); m.ArbitrationRank() != 1 {
				t.Errorf("node %+v", m)
			}
		}
	})

	t.Run("after a request that the server cannot read the next call is well", func(t *testing.T) {
		record.mu.Lock()
		record.spoil = "get nonsense"
		record.mu.Unlock()
		if _, err := c.Status(ctx, mgm.NodeData); !errors.Is(err, mgm.ErrDesynchronised) || !strings.Contains(err.Error(), "Unknown command, 'get nonsense'") {
			t.Errorf("got %v", err)
		}
		if nodes, err := c.Status(ctx, mgm.NodeData); err != nil || len(nodes) != 2 {
			t.Errorf("%d nodes, %v", len(nodes), err)
		}
	})

	t.Run("our session is among the sessions", func(t *testing.T) {
		id, err := c.SessionID(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := c.Sessions(ctx); err != nil || !slices.Contains(all, mgm.Session{ID: id}) {
			t.Errorf("%d is not in %v, %v", id, all, err)
		}
		record.rewind()
		if s, there, err := c.Session(ctx, id); err != nil || !there || s.ID != id || s.TLS {
			t.Errorf("%+v, %t, %v", s, there, err)
		}
		goldentest.Compare(t, filepath.Join("testdata", "transcripts", "session.txt"), settled(record.rewind()))
	})

	t.Run("a configuration that is read again is of a new generation, though nothing has changed", func(t *testing.T) {
		record.rewind()
		if err := c.ReloadConfig(ctx); err != nil {
			t.Fatal(err)
		}
		goldentest.Compare(t, filepath.Join("testdata", "transcripts", "reload-config.txt"), settled(record.rewind()))
		if config, err := c.Config(ctx); err != nil || config.Generation != 2 {
			t.Errorf("generation %d, %v", config.Generation, err)
		}
	})

	t.Run("in single user mode the data nodes say so, and the API node that has the cluster", func(t *testing.T) {
		api := l.Members(cluster.RoleSQL)[0].ID
		if err := c.EnterSingleUser(ctx, api); err != nil {
			t.Fatal(err)
		}
		until, stop := context.WithTimeout(ctx, time.Minute)
		defer stop()
		for _, n := range data {
			if err := l.AwaitState(until, n.Name, mgm.StateSingleUser); err != nil {
				t.Fatal(err)
			}
		}
		record.rewind()
		nodes, err := c.Status(ctx, mgm.NodeData, mgm.NodeAPI)
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Compare(t, filepath.Join("testdata", "transcripts", "status-single-user.txt"), settled(record.rewind()))
		for _, n := range nodes {
			if n.Type == mgm.NodeData && n.State != mgm.StateSingleUser || n.SingleUser != cluster.TruthOf(n.ID == api) {
				t.Errorf("got %+v", n)
			}
		}
		err = c.RestartNode(ctx, data[0].ID)
		if code, _ := mgm.CodeOf(err); code != mgm.CodeStartingOrStopping {
			t.Errorf("a restart meanwhile: %v", err)
		}
		if err := c.ExitSingleUser(ctx); err != nil {
			t.Fatal(err)
		}
		if err := l.AwaitData(until); err != nil { // started, and no longer in that mode
			t.Fatal(err)
		}
	})

	var ears tape
	events := mgm.New(mgm.Options{Addresses: []string{server.ManagementAddress()}, Dial: ears.dial}).Listen(ctx, mgm.DefaultFilter())
	defer events.Close()
	await(t, events, "the stream", func(mgm.Event) bool { return events.Stream().Up })

	var id uint32
	t.Run("a backup tells its start and its end", func(t *testing.T) {
		if id, err = c.StartBackup(ctx, mgm.Backup{ID: 4_000_000_000, Wait: mgm.UntilBackupStarted}); err != nil || id != 4_000_000_000 {
			t.Fatal(id, err)
		}
		isOurs := func(e mgm.Event) bool { n, _ := e.Value("backup_id"); return n == uint64(id) }
		await(t, events, "the start", func(e mgm.Event) bool { return e.Type == mgm.BackupStarted && isOurs(e) })
		done := await(t, events, "the end", func(e mgm.Event) bool { return e.Type == mgm.BackupCompleted && isOurs(e) })
		if stop, _ := done.Value("stop_gci"); stop == 0 {
			t.Errorf("got %+v", done)
		}
		_, err := nextBackup(ctx, c, mgm.Backup{ID: id, Wait: mgm.UntilBackupStarted})
		if code, _ := mgm.CodeOf(err); code != mgm.CodeBackupExists {
			t.Errorf("the same again: %v", err)
		}
	})

	t.Run("what happened while the stream was broken follows the gap", func(t *testing.T) {
		ears.cut()
		defer ears.mend()
		next, err := nextBackup(ctx, c, mgm.Backup{Wait: mgm.UntilBackupCompleted})
		if err != nil {
			t.Fatal(err)
		}
		ears.mend()
		gap := await(t, events, "the gap", func(e mgm.Event) bool { return e.Gap != nil })
		if !gap.Gap.Saved {
			t.Errorf("got %+v", gap.Gap)
		}
		for _, want := range []mgm.EventType{mgm.BackupStarted, mgm.BackupCompleted} {
			e := await(t, events, want.String(), func(e mgm.Event) bool { return e.Type == want })
			if n, _ := e.Value("backup_id"); !e.Saved || n != uint64(next) || e.Node("starting_node") != server.ID || time.Since(e.Time) > time.Minute {
				t.Errorf("got %+v, want backup %d", e, next)
			}
		}
	})

	t.Run("a killed data node is told at once", func(t *testing.T) {
		// The server passes a listener's levels on to the data nodes twice a second; until then they
		// report no more than the cluster log takes, and a failure (level 8) is more.
		for time.Since(events.Stream().Since) < 5*time.Second {
			time.Sleep(20 * time.Millisecond)
		}
		began := time.Now()
		if err := l.Kill(ctx, data[1].Name); err != nil {
			t.Fatal(err)
		}
		var disconnected, failed time.Duration // they come in either order
		await(t, events, "the disconnect and the failure", func(e mgm.Event) bool {
			switch {
			case e.Type == mgm.Disconnected && e.Node("node") == data[1].ID:
				disconnected = e.Time.Sub(began)
			case e.Type == mgm.NodeFailed && e.Node("failed_node") == data[1].ID && e.Source == data[0].ID:
				failed = e.Time.Sub(began)
			}
			return disconnected > 0 && failed > 0
		})
		t.Logf("told of the disconnect %s, of the failure %s after the kill began", disconnected, failed)
		// A data node tells of the failure before the management server has heard it of all of them:
		// for a moment its status is UNKNOWN.
		dead := func() mgm.NodeStatus {
			nodes, err := c.Status(ctx, mgm.NodeData)
			if err != nil {
				t.Fatal(err)
			}
			return nodes[slices.IndexFunc(nodes, func(n mgm.NodeStatus) bool { return n.ID == data[1].ID })]
		}
		n := dead()
		for until := time.Now().Add(30 * time.Second); n.State != mgm.StateNoContact && time.Now().Before(until); n = dead() {
			time.Sleep(20 * time.Millisecond)
		}
		if n.State != mgm.StateNoContact || n.NodeGroup.Known() {
			t.Errorf("the dead node: %+v", n)
		}
		err = c.StopNode(ctx, data[0].ID)
		if code, _ := mgm.CodeOf(err); code != mgm.CodeWouldCrash && code != mgm.CodeStartingOrStopping {
			t.Errorf("stopping the last node of the group: %v", err)
		}
	})

	t.Run("a server that requires TLS", func(t *testing.T) { testRealTLS(t, l) })
}

// nextBackup starts a backup after another one: the data nodes say that it has completed, and
// for a moment still refuse the next.
func nextBackup(ctx context.Context, c *mgm.Client, b mgm.Backup) (uint32, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		id, err := c.StartBackup(ctx, b)
		if n, _ := mgm.CodeOf(err); n != mgm.CodeBackupRunning {
			return id, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// await takes events until one fits.
func await(t *testing.T, l *mgm.Listener, what string, fits func(mgm.Event) bool) mgm.Event {
	t.Helper()
	patience := time.After(2 * time.Minute)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case e := <-l.Events():
			if fits(e) {
				return e
			}
		case <-look.C:
			if what == "the stream" && fits(mgm.Event{}) {
				return mgm.Event{}
			}
		case <-patience:
			t.Fatalf("%s did not come: %+v", what, l.Stream())
		}
	}
}

// testRealTLS starts a second management server, of a cluster of its own, with certificates
// that the test has made in the form of ndb_sign_keys.
func testRealTLS(t *testing.T, l *lab.Lab) {
	ours := newAuthority(t).folder(t)
	dir := t.TempDir()
	host := l.Network + ".99"
	port := needs.Port(t, host)
	config := filepath.Join(dir, "config.ini")
	text := "[ndbd default]\nNoOfReplicas=1\n[ndb_mgmd default]\nRequireTls=true\n" +
		"[ndb_mgmd]\nNodeId=1\nHostName=" + host + "\nPortNumber=" + port + "\nDataDir=" + dir + "\n[ndbd]\nNodeId=2\nHostName=" + host + "\n[api]\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(l.Home, "bin", "ndb_mgmd"), "--no-defaults", "--nodaemon", "--initial",
		"--config-file="+config, "--configdir="+dir, "--bind-address="+host, "--ndb-tls-search-path="+ours)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // it has nothing to lose
		_ = cmd.Wait()
	}()
	ask := func(policy *mgm.TLS) ([]mgm.Certificate, error) {
		c := mgm.New(mgm.Options{Addresses: []string{host + ":" + port}, TLS: policy})
		defer c.Close()
		if _, err := c.Status(t.Context()); err != nil {
			return nil, err
		}
		return c.Certificates(t.Context())
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	certificates, err := ask(inFolder(ours))
	for err != nil && ctx.Err() == nil { // it is starting
		time.Sleep(50 * time.Millisecond)
		certificates, err = ask(inFolder(ours))
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range certificates {
		names = append(names, c.Name)
		if c.Expires.IsZero() || c.Serial == "" {
			t.Errorf("got %+v", c)
		}
	}
	if !strings.Contains(strings.Join(names, ","), "NDB Node ") {
		t.Errorf("the server lists %q", names)
	}
	if _, err := ask(nil); !errors.Is(err, mgm.ErrAuthorization) {
		t.Errorf("in clear text: %v", err)
	}
	if _, err := ask(inFolder(newAuthority(t).folder(t))); err == nil {
		t.Error("certificates of another cluster were taken")
	}
}
