package galera_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/needs"
)

// forget stops n3 and takes its position from it, so that it must ask for a full transfer.
func (s *states) forget(t *testing.T) {
	t.Helper()
	if err := s.Stop(t.Context(), "n3"); err != nil {
		t.Fatal(err)
	}
	n, err := s.Node("n3")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(n.DataDir(), "grastate.dat")); err != nil {
		t.Fatal(err)
	}
}

// configure adds lines to the configuration of a node, for its next start and its next transfer.
func (s *states) configure(t *testing.T, node, lines string) {
	t.Helper()
	n, err := s.Node(node)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(n.Dir, "my.cnf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(lines); err != nil {
		t.Fatal(err)
	}
}

// joins starts n3 and looks at it, and at its donor n2, until it is synced. A joiner whose transfer
// fails ends itself, and is started again, as a unit would.
func (s *states) joins(t *testing.T) (joiner, donor film) {
	t.Helper()
	if err := s.Start(t.Context(), "n3"); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(3 * time.Minute); time.Now().Before(until); <-tick.C {
		joiner, donor = append(joiner, s.n3.look(t)), append(donor, s.n2.look(t))
		if joiner[len(joiner)-1].lacks("WRA synced", synced...) == nil {
			return joiner, donor
		}
		if joiner[len(joiner)-1].lines["galera_process_up 0"] && s.Start(t.Context(), "n3") == nil {
			t.Logf("n3 ended and is started again; %s", s.Logs())
		}
	}
	t.Fatal("n3 does not join")
	return nil, nil
}

// transferByRsync holds the donor before it sends: it takes a lock on all tables first, and somebody
// has one.
func (s *states) transferByRsync(t *testing.T) {
	s.forget(t)
	release := s.session(t, "n2", "LOCK TABLES "+held+" WRITE")
	if err := s.Start(t.Context(), "n3"); err != nil {
		t.Fatal(err)
	}
	s.n2.says(t, "--A donor, and rsync may block it", "galera_up 1", "galera_ready 1", `galera_local_state{state="donor"} 1`, "galera_desync_requests 1", "galera_desync_enabled 0",
		`galera_state_transfer_phase{phase="donating"} 1`)
	s.n3.says(t, "--- the server does not answer: connection refused", "galera_up 0", "galera_process_up 1", `galera_state_transfer_phase{phase="receiving_sst"} 1`)
	s.n1.says(t, "WRA synced", "galera_cluster_size 3", `galera_cluster_members{kind="data"} 3`)
	release()
	s.back(t)
}

// transferOfChanges has n3 miss changes that take long to apply: each row of a table without a
// primary key is looked for from the start.
func (s *states) transferOfChanges(t *testing.T) {
	const keyless = lab.Schema + ".keyless"
	run(t, s.Lab, "n1", "CREATE TABLE "+keyless+" (a INT, b INT)", "INSERT INTO "+keyless+" SELECT seq, 0 FROM mysql.seq_1_to_700")
	var joiner, donor film
	asJoiner := []string{
		"galera_up 1", "galera_ready 0", "galera_process_up 1", `galera_cluster_status{status="non_primary"} 1`, `galera_local_state{state="joiner"} 1`, `galera_state_transfer_phase{phase="receiving_ist"} 1`,
	}
	const lonely, asked, donates = "--- the component is non_primary", "--A donor, and rsync may block it", `galera_local_state{state="donor"} 1`
	for try := range 5 { // the donor may be one for less time than a look takes
		if err := s.Stop(t.Context(), "n3"); err != nil {
			t.Fatal(err)
		}
		run(t, s.Lab, "n1", "BEGIN NOT ATOMIC FOR i IN 1..2500 DO INSERT INTO "+held+" VALUES (); END FOR; END")
		for i := range 6 {
			run(t, s.Lab, "n1", fmt.Sprintf("UPDATE %s SET b = %d", keyless, 6*try+i+1))
		}
		joiner, donor = s.joins(t)
		if joiner.has(lonely, asJoiner...) && donor.has(asked, donates) {
			break
		}
		s.back(t)
	}
	joiner.shows(t, "joiner", lonely, asJoiner...)
	donor.shows(t, "donor", asked, donates)
	s.back(t)
}

// transferByMariabackup sends slowly. Its script empties the joiner's data directory, of the status
// file too.
func (s *states) transferByMariabackup(t *testing.T) {
	needs.Program(t, "pv", "pv") // which holds it back
	needs.Program(t, "socat", "socat")
	needs.Program(t, "mariadb-backup", "mariadb-backup")
	const password = "of-the-transfer"
	run(t, s.Lab, "n1", "CREATE USER transfer@localhost IDENTIFIED BY '"+password+"'", "GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO transfer@localhost")
	run(t, s.Lab, "n2", "SET GLOBAL wsrep_sst_method = 'mariabackup'", "SET GLOBAL wsrep_sst_auth = 'transfer:"+password+"'")
	s.configure(t, "n2", "[sst]\nrlimit = 8m\nsockopt = retry=50,interval=0.1\n")
	s.configure(t, "n3", "wsrep_sst_method = mariabackup\n")
	s.forget(t)
	joiner, donor := s.joins(t)
	joiner.shows(t, "joiner", "--- the server does not answer: connection refused",
		"galera_up 0", "galera_process_up 1", `galera_state_transfer_phase{phase="receiving_sst"} 1`)
	joiner.showsWithout(t, "galera_status_file_timestamp_seconds ", `galera_state_transfer_phase{phase="receiving_sst"} 1`)
	donor.shows(t, "donor", "-RA donor",
		`galera_local_state{state="donor"} 1`, `galera_state_transfer_phase{phase="donating"} 1`)
	s.back(t)
}
