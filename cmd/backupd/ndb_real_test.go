package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/lab"
)

// ndbContent is what the cluster holds: each sort of table that NDB has, and each sort of thing that is
// an SQL node's own.
var ndbContent = []string{
	"USE kagu_lab",
	"CREATE TABLE goods (id INT PRIMARY KEY AUTO_INCREMENT, body VARCHAR(100), tag INT UNIQUE, KEY by_body (body)) ENGINE=NDB",
	"INSERT INTO goods (body, tag) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT CONCAT('row ', i), 2 * i FROM n",
	"CREATE TABLE letters (id INT PRIMARY KEY, body LONGTEXT, raw BLOB, data JSON) ENGINE=NDB",
	"INSERT INTO letters VALUES (1, REPEAT('ü', 20000), REPEAT(x'00ff', 3000), '{\"a\": [1, null]}'), (2, '', NULL, NULL)",
	"CREATE TABLE ram (id INT PRIMARY KEY, body VARCHAR(100)) ENGINE=NDB COMMENT='NDB_TABLE=NOLOGGING=1'", "INSERT INTO ram VALUES (1, 'in memory alone')",
	"CREATE LOGFILE GROUP lg1 ADD UNDOFILE 'undo.log' INITIAL_SIZE 8M UNDO_BUFFER_SIZE 2M ENGINE=NDB",
	"CREATE TABLESPACE ts1 ADD DATAFILE 'space.dat' USE LOGFILE GROUP lg1 INITIAL_SIZE 8M ENGINE=NDB",
	"CREATE TABLE disk (id INT PRIMARY KEY, body VARCHAR(500)) TABLESPACE ts1 STORAGE DISK ENGINE=NDB", "INSERT INTO disk VALUES (1, REPEAT('d', 400)), (2, NULL)",
	"CREATE TABLE sale (id INT PRIMARY KEY, item INT, FOREIGN KEY (item) REFERENCES goods (id)) ENGINE=NDB", "INSERT INTO sale VALUES (1, 500)",
	"CREATE TABLE `odd-name` (a INT, b INT) ENGINE=NDB", "INSERT INTO `odd-name` VALUES (1, 2), (1, 2)",
	"CREATE TABLE alone (id INT PRIMARY KEY) ENGINE=InnoDB",
	"CREATE VIEW small AS SELECT id FROM goods WHERE tag < 10",
	"CREATE PROCEDURE fill(n INT) INSERT INTO goods (body) VALUES (CONCAT('a;;b', n))",
	"CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2",
	"CREATE TRIGGER stamp BEFORE INSERT ON goods FOR EACH ROW SET NEW.body = COALESCE(NEW.body, 'by trigger')",
	"CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2027-01-01' DO DELETE FROM goods WHERE id < 0",
	"CREATE ROLE clerk", "GRANT INSERT ON kagu_lab.sale TO clerk",
	"CREATE USER app@'10.0.0.%' IDENTIFIED BY 'x''y'", "GRANT SELECT ON kagu_lab.* TO app@'10.0.0.%'", "GRANT NDB_STORED_USER ON *.* TO app@'10.0.0.%'",
	"GRANT clerk TO app@'10.0.0.%'", "SET DEFAULT ROLE clerk TO app@'10.0.0.%'",
	"CREATE USER here@'10.0.0.%' IDENTIFIED BY 'z'", "GRANT EXECUTE ON kagu_lab.* TO here@'10.0.0.%'",
}

// ndbQuestions show all of that, the events apart: one SQL node carries them out.
var ndbQuestions = []string{
	"SELECT * FROM goods ORDER BY id", "SELECT body FROM goods FORCE INDEX (by_body) WHERE body LIKE 'row 49%' ORDER BY 1", "SELECT id FROM goods WHERE tag = 902",
	"SELECT id, SHA2(body, 256), SHA2(raw, 256), data FROM letters ORDER BY id", "SELECT * FROM ram", "SELECT * FROM disk ORDER BY id", "SELECT * FROM sale", "SELECT * FROM `odd-name`",
	"SHOW CREATE TABLE goods", "SHOW CREATE TABLE letters", "SHOW CREATE TABLE ram", "SHOW CREATE TABLE disk", "SHOW CREATE TABLE sale", "SHOW CREATE TABLE `odd-name`", "SHOW CREATE TABLE alone",
	"SELECT FILE_NAME, FILE_TYPE, TABLESPACE_NAME, LOGFILE_GROUP_NAME FROM information_schema.FILES WHERE ENGINE = 'ndbcluster' AND FILE_NAME IS NOT NULL ORDER BY 1",
	"SELECT * FROM small ORDER BY id", "SHOW CREATE VIEW small", "SHOW CREATE PROCEDURE fill", "SHOW CREATE FUNCTION twice", "SELECT twice(21)",
	"SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'kagu_lab'",
	"SET print_identified_with_as_hex = ON; SHOW CREATE USER app@'10.0.0.%'; SHOW CREATE USER here@'10.0.0.%'; SHOW CREATE USER clerk",
	"SHOW GRANTS FOR app@'10.0.0.%'", "SHOW GRANTS FOR here@'10.0.0.%'", "SHOW GRANTS FOR clerk",
}

const ndbEvents = "SELECT EVENT_NAME, EVENT_DEFINITION, STATUS, STARTS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'kagu_lab'"

// client is the program mysql on an SQL node, with all rights.
func (r rig) client(node string, args ...string) *exec.Cmd {
	r.t.Helper()
	n, err := r.lab.Node(node)
	if err != nil {
		r.t.Fatal(err)
	}
	words := append(strings.Fields(r.lab.Client(n)), args...)
	return exec.CommandContext(r.t.Context(), words[0], words[1:]...)
}

// counters are where an auto-increment goes on, which is no content.
var counters = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// shows asks an SQL node for all that is compared.
func (r rig) shows(node string, questions ...string) string {
	r.t.Helper()
	var b strings.Builder
	for _, q := range questions {
		out, err := r.client(node, "--batch", "--raw", "--skip-column-names", "--execute="+q, "kagu_lab").CombinedOutput()
		if err != nil {
			r.t.Errorf("%s: %s: %v: %s", node, q, err, out)
		}
		fmt.Fprintf(&b, "%s\n%s\n", q, counters.ReplaceAll(out, nil))
	}
	return b.String()
}

func TestNDBIsBackedUpProvenAndMadeAnew(t *testing.T) {
	r := newRig(t, lab.Options{Kind: cluster.KindNDB, Management: 1, SQL: 2})
	r.sql("s1", ndbContent...)
	r.must("run", "lab", "full")
	r.must("verify", "lab")
	if got := r.proven(); !slices.Equal(got, []backupd.Method{backupd.Native}) {
		t.Errorf("proven: %v", got)
	}
	for _, at := range []struct{ program, stage string }{{"ndbmtd", "start"}, {"ndbmtd", "restore"}} {
		t.Run(at.program+" is killed while a proof is at "+at.stage, func(t *testing.T) { rig{t, r.lab}.proofKilled(at.program, at.stage) })
	}
	r.must("verify", "lab") // the next one goes well
	left, err := filepath.Glob(filepath.Join(r.lab.Dir, "d*", "data", "BACKUP", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left on the data nodes: %v %v", left, err)
	}
	t.Run("a whole new cluster", func(t *testing.T) { rig{t, r.lab}.madeAnew() })
}

// madeAnew loses the cluster and brings it back by the commands of docs/backup-ndb.md.
func (r rig) madeAnew() {
	ctx := r.t.Context()
	was, events := r.shows("s1", ndbQuestions...), r.shows("s1", ndbEvents)
	if out, err := r.kagu("restore", "lab", "--cluster", "--yes", "--consent=lab"); err == nil || !strings.Contains(out, "are there already") {
		r.t.Errorf("the cluster that is there was not refused: %v", err)
	}
	if err := r.lab.Kill(ctx, "all"); err != nil {
		r.t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(r.t.TempDir(), "restore.log"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer said.Close()
	tells := func(what string) bool {
		text, err := os.ReadFile(said.Name())
		return err == nil && bytes.Contains(text, []byte(what))
	}
	restore := exec.CommandContext(ctx, filepath.Join(r.lab.Bin, "kagu"), "--config.file="+r.lab.Config(), "backup", "restore", "lab", "--cluster", "--yes", "--consent=lab")
	restore.Stdout, restore.Stderr = said, said
	if err := restore.Start(); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- restore.Wait() }() // with the test's context at the latest
	r.until("it waits for the new cluster", func() bool { return tells("waiting for the new cluster") })
	if err := r.lab.Renew(ctx); err != nil {
		r.t.Error(err)
		_ = restore.Process.Kill() // it waits for nothing
	}
	err = <-ended
	text, _ := os.ReadFile(said.Name())
	r.t.Logf("%s", text)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, s := range []struct{ node, file string }{{"s1", "definitions.sql"}, {"s2", "definitions.sql"}, {"s1", "events.sql"}} {
		in, err := os.Open(filepath.Join(r.lab.Dir, "scratch", "restore-lab", "ndb", s.file))
		if err != nil {
			r.t.Fatal(err)
		}
		c := r.client(s.node, "--binary-mode", "--comments")
		c.Stdin = in
		if out, err := c.CombinedOutput(); err != nil {
			r.t.Errorf("%s on %s: %v: %s", s.file, s.node, err, out)
		}
		in.Close()
	}
	for _, node := range []string{"s1", "s2"} {
		if is := r.shows(node, ndbQuestions...); is != was {
			r.t.Errorf("on %s: %s", node, differing(is, was))
		}
	}
	if is := r.shows("s1", ndbEvents); is != events {
		r.t.Errorf("events: %s", differing(is, events))
	}
	if is := r.shows("s2", ndbEvents); strings.Contains(is, "nightly") && strings.Contains(is, "ENABLED") {
		r.t.Errorf("an event would be carried out twice: %s", is)
	}
	// It takes new rows, and the next backup.
	r.sql("s2", "INSERT INTO kagu_lab.goods (tag) VALUES (7001)", "CALL kagu_lab.fill(1)")
	if got := r.shows("s1", "SELECT COUNT(*), MIN(body) FROM goods WHERE tag = 7001 OR body = 'a;;b1'"); !strings.Contains(got, "2\ta;;b1") {
		r.t.Errorf("new rows: %s", got)
	}
	r.must("run", "lab", "full")
	if out, err := r.kagu("restore", "lab", "--cluster", "--yes", "--consent=lab"); err == nil {
		r.t.Errorf("what was restored is restored again: %s", out)
	}
}

// differing shows the first lines that differ.
func differing(is, was string) string {
	i, w := strings.Split(is, "\n"), strings.Split(was, "\n")
	for n := range min(len(i), len(w)) {
		if i[n] != w[n] {
			return fmt.Sprintf("line %d is\n%.300s\nand was\n%.300s", n, i[n], w[n])
		}
	}
	return fmt.Sprintf("%d lines, there were %d", len(i), len(w))
}
