package galera_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/lab/labtest"
	"github.com/kagu-db/kagu/internal/needs"
)

// states is a cluster that is brought into one state after the other: n1 is written to, n2 gives
// transfers, n3 comes and goes. An exporter stands on the host of each.
type states struct {
	*lab.Lab
	n1, n2, n3 vantage
}

// synced is what a member says that is well.
var synced = []string{
	"galera_up 1", "galera_ready 1", "galera_connected 1", `galera_cluster_status{status="primary"} 1`, `galera_local_state{state="synced"} 1`, `galera_evs_state{state="operational"} 1`,
	`galera_state_transfer_phase{phase="operational"} 1`, "galera_desync_requests 0", "galera_cluster_size 3", "galera_process_up 1",
}

// TestStates brings a real cluster into the states in which an exporter counts, and sees what the
// page says of each and what proxies are told.
func TestStates(t *testing.T) {
	s := &states{Lab: labtest.Up(t, lab.Options{Nodes: 3})}
	s.n1, s.n2, s.n3 = vantageOf(t, s.Lab, "n1"), vantageOf(t, s.Lab, "n2"), vantageOf(t, s.Lab, "n3")
	s.configure(t, "n3", "wsrep_sst_donor = n2\n")
	run(t, s.Lab, "n1", "CREATE TABLE "+held+" (id INT AUTO_INCREMENT PRIMARY KEY)")

	t.Run("an arbitrator is counted as one", s.arbitrator)
	t.Run("the group's own latency, and what it sent again", s.latency)
	t.Run("a peer that answers late is counted, once evs.auto_evict is set", s.latePeer)
	t.Run("flow control, and who asked for it", s.flowControl)
	t.Run("FLUSH TABLES WITH READ LOCK looks like a donor without a transfer", s.readLock)
	t.Run("wsrep_desync takes the writer's work away, and not its answers", s.desync)
	t.Run("a full transfer by rsync, its donor and its joiner", s.transferByRsync)
	t.Run("an incremental transfer, its donor and its joiner", s.transferOfChanges)
	t.Run("a full transfer by mariabackup, its donor and its joiner", s.transferByMariabackup)
	t.Run("a member that was told to leave its cluster is disconnected", s.disconnected)
	t.Run("a member that is cut off is not primary, and the others are", s.cutOff)
	t.Run("a member that was evicted, and those who remember it", s.evicted)
}

// held is a table that tests hold a lock on.
const held = lab.Schema + ".held"

// session carries out statements with all rights and keeps the connection, and with it their
// locks, until end is called or the test ends.
func (s *states) session(t *testing.T, node string, statements ...string) (end func()) {
	t.Helper()
	n, err := s.Node(node)
	if err != nil {
		t.Fatal(err)
	}
	db := openSQL(t, &mysql.Config{User: s.Account, Net: "unix", Addr: n.Socket()})
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return func() { _ = db.Close() } // its locks end with it
}

// back waits until all members are well again.
func (s *states) back(t *testing.T) {
	t.Helper()
	for _, v := range []vantage{s.n1, s.n2, s.n3} {
		v.says(t, "WRA synced", synced...)
	}
}

func (s *states) arbitrator(t *testing.T) {
	garbd := needs.Program(t, "garbd", "galera-arbitrator-4")
	address := s.Network + ".9"
	cmd := exec.Command(garbd, "--address", members(s.Lab), "--group", lab.ClusterName, "--name", "arbitrator",
		"--log", filepath.Join(t.TempDir(), "garbd.log"), "--options", "gmcast.listen_addr=tcp://"+address+":"+needs.Port(t, address))
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "KAGU_LAB="+s.ID) // it ends with the lab, if not before
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.n1.says(t, "WRA synced", "galera_cluster_size 4", "galera_cluster_weight 4", "galera_quorum_margin 1", "galera_cluster_expected_members 3",
		`galera_cluster_members{kind="data"} 3`, `galera_cluster_members{kind="arbitrator"} 1`)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was told to end
	s.n1.says(t, "WRA synced", append(synced, "galera_cluster_weight 3", `galera_cluster_members{kind="data"} 3`, `galera_cluster_members{kind="arbitrator"} 0`)...)
}

// latency wants figures each second, and the statistics that a server keeps only if it may log them.
func (s *states) latency(t *testing.T) {
	run(t, s.Lab, "n1", "SET GLOBAL wsrep_provider_options = 'evs.stats_report_period=PT1S'", "SET GLOBAL wsrep_provider_options = 'evs.info_log_mask=0x4'")
	lacks := settled(t, func() string {
		run(t, s.Lab, "n1", "INSERT INTO "+held+" VALUES ()")
		return strings.Join(s.n1.look(t).lacks("WRA synced", "galera_evs_replication_latency_min_seconds ", "galera_evs_replication_latency_mean_seconds ",
			"galera_evs_replication_latency_max_seconds ", "galera_evs_replication_latency_stddev_seconds ", "galera_evs_retransmitted_messages_total "), "\n")
	})
	if lacks != "" {
		t.Errorf("never said:\n%s", lacks)
	}
	run(t, s.Lab, "n1", "SET GLOBAL wsrep_provider_options = 'evs.info_log_mask=0'", "SET GLOBAL wsrep_provider_options = 'evs.stats_report_period=PT1M'")
}

// latePeer freezes n3 for longer than it is silent by itself (evs.keepalive_period, 1 s), and for less than the others take to
// suspect it (5 s). They note who is late only if they may put a member out for it: here after 200 times, which it
// does not come to.
func (s *states) latePeer(t *testing.T) {
	run(t, s.Lab, "n1", "SET GLOBAL wsrep_provider_options = 'evs.delay_margin=PT0.1S'", "SET GLOBAL wsrep_provider_options = 'evs.delayed_keep_period=PT5S'",
		"SET GLOBAL wsrep_provider_options = 'evs.auto_evict=200'")
	s.n1.says(t, "WRA synced", append(synced, "galera_evs_delayed_peers 0")...)
	lacks := settled(t, func() string {
		if err := s.Freeze(t.Context(), "n3"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		if err := s.Thaw(t.Context(), "n3"); err != nil {
			t.Fatal(err)
		}
		return strings.Join(s.n1.look(t).lacks("WRA synced", append(synced, "galera_evs_delayed_peers 1")...), "\n")
	})
	if lacks != "" {
		t.Errorf("never said:\n%s", lacks)
	}
	s.n1.says(t, "WRA synced", append(synced, "galera_evs_delayed_peers 0")...) // it was on time since
	run(t, s.Lab, "n1", "SET GLOBAL wsrep_provider_options = 'evs.auto_evict=0'", "SET GLOBAL wsrep_provider_options = 'evs.delayed_keep_period=PT30S'",
		"SET GLOBAL wsrep_provider_options = 'evs.delay_margin=PT1S'")
	s.back(t)
}

// flowControl keeps n2 from applying what n1 writes.
func (s *states) flowControl(t *testing.T) {
	run(t, s.Lab, "n2", "SET GLOBAL wsrep_provider_options = 'gcs.fc_limit=1'")
	release := s.session(t, "n2", "LOCK TABLES "+held+" WRITE")
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for ctx.Err() == nil && s.SQL(ctx, "n1", "INSERT INTO "+held+" VALUES ()") == nil {
			}
		})
	}
	s.n2.says(t, "WRA synced", "galera_flow_control_requested 1", "galera_flow_control_active 1", `galera_flow_control_queue_limit{bound="upper"} 2`, "galera_desync_requests 0")
	s.n1.says(t, "WRA synced", "galera_flow_control_requested 0", "galera_flow_control_active 1", "galera_flow_control_sent_total 0")
	s.n3.says(t, "WRA synced", "galera_flow_control_requested 0", "galera_flow_control_active 1", "galera_flow_control_sent_total 0")
	stop()
	release()
	clients.Wait()
	run(t, s.Lab, "n2", "SET GLOBAL wsrep_provider_options = 'gcs.fc_limit=16'")
	s.back(t)
}

func (s *states) readLock(t *testing.T) {
	release := s.session(t, "n2", "FLUSH TABLES WITH READ LOCK")
	const insert = "INSERT INTO " + held + " VALUES ()"
	run(t, s.Lab, "n1", insert, insert, insert) // the first is taken out of the queue, and waits
	s.n2.says(t, "--A donor, and rsync may block it", "galera_up 1", "galera_ready 1", `galera_local_state{state="donor"} 1`, "galera_desync_requests 1", "galera_desync_enabled 0",
		"galera_flow_control_active 0", `galera_state_transfer_phase{phase="donating"} 0`, "galera_local_recv_queue_length 2")
	s.n1.says(t, "WRA synced", "galera_flow_control_active 0")
	release()
	s.back(t)
}

func (s *states) desync(t *testing.T) {
	run(t, s.Lab, "n2", "SET GLOBAL wsrep_desync = ON")
	s.n2.says(t, "--A wsrep_desync is ON", "galera_ready 1", `galera_local_state{state="donor"} 1`, "galera_desync_requests 1", "galera_desync_enabled 1")
	run(t, s.Lab, "n2", "SET GLOBAL wsrep_desync = OFF")
	s.back(t)
}

// disconnected takes the address of its cluster from a member: its provider lets go of the group
// and the server goes on.
func (s *states) disconnected(t *testing.T) {
	address := members(s.Lab)
	run(t, s.Lab, "n3", "SET GLOBAL wsrep_cluster_address = ''")
	s.n3.says(t, "--- the component is disconnected", "galera_up 1", "galera_ready 0", "galera_connected 0", `galera_cluster_status{status="disconnected"} 1`, "galera_cluster_size 0", "galera_wsrep_on 1")
	s.n1.says(t, "WRA synced", "galera_cluster_size 2", `galera_cluster_members{kind="data"} 2`)
	run(t, s.Lab, "n3", "SET GLOBAL wsrep_cluster_address = '"+address+"'")
	s.back(t)
}

func (s *states) cutOff(t *testing.T) {
	if err := s.Cut(t.Context(), "n3", lab.CutGroup); errors.Is(err, lab.ErrNeedsRoot) {
		needs.Missing(t, err)
	} else if err != nil {
		t.Fatal(err)
	}
	s.n3.says(t, "--- the component is non_primary", "galera_up 1", "galera_ready 0", `galera_cluster_status{status="non_primary"} 1`, "galera_cluster_size 1", "galera_connected 1")
	for _, v := range []vantage{s.n1, s.n2} {
		v.says(t, "WRA synced", "galera_cluster_size 2", "galera_cluster_weight 2", "galera_quorum_margin 0", `galera_cluster_status{status="primary"} 1`)
	}
	if err := s.Join(t.Context(), "n3"); err != nil {
		t.Fatal(err)
	}
	s.back(t)
}

func (s *states) evicted(t *testing.T) {
	status, err := s.Wsrep(t.Context(), "n3")
	if err != nil {
		t.Fatal(err)
	}
	run(t, s.Lab, "n1", "SET GLOBAL wsrep_provider_options = 'evs.evict="+status["wsrep_gcomm_uuid"]+"'")
	s.n1.says(t, "WRA synced", "galera_evs_evicted_peers 1", "galera_cluster_size 2")
	s.n2.says(t, "WRA synced", "galera_evs_evicted_peers 1", "galera_cluster_size 2")
	s.n3.says(t, "--- the component is disconnected", "galera_up 1", "galera_ready 0", "galera_process_up 1")
}

func members(l *lab.Lab) string {
	var all []string
	for _, n := range l.Nodes {
		all = append(all, fmt.Sprintf("%s:%d", n.Address, n.Group))
	}
	return "gcomm://" + strings.Join(all, ",")
}
