package galera

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A member that was rebuilt gives its binary logs the same names again, and some day they are as long as
// what was archived. The archive goes on with the logs that it knows, and with no others.
func TestAnArchiveKnowsItsLogsAgain(t *testing.T) {
	t.Parallel()
	s := server(t, "--log-bin=binlog", "--log-slave-updates=ON", "--binlog-format=ROW", "--server-id=3", "--skip-networking=OFF", "--bind-address=127.0.0.1", "--port="+port(t))
	s.sql(t, "CREATE DATABASE shop", "CREATE TABLE shop.rows (id INT AUTO_INCREMENT PRIMARY KEY, text TEXT)",
		"CREATE USER kagu_backup@'127.%' IDENTIFIED BY 'secret'", "GRANT SELECT, BINLOG MONITOR, REPLICATION SLAVE, RELOAD ON *.* TO kagu_backup@'127.%'")
	c := clusterOf(s, "binlog")
	c.Nodes = c.Nodes[1:]
	c.Nodes[0].SQL = "127.0.0.1:" + s.ask(t, "SELECT @@port")
	c.Backup.Credential = inventory.Credential{Name: "backup", User: "kagu_backup", Password: inventory.NewSecret("secret")}
	k := kindOf(fakeHosts{server: s})
	kept := &archiving{}
	a := backupd.Archive{Cluster: c, Dir: folder(t), Every: time.Hour, Keep: kept.keep, Tell: func(stage, detail string) { t.Log(stage, detail) }}
	write := func(n, size int) {
		t.Helper()
		for range n {
			s.sql(t, fmt.Sprintf("INSERT INTO shop.rows (text) VALUES (REPEAT('x', %d))", size))
		}
	}
	// round archives all there is, as a backupd that was just started, and returns the notes of what it kept.
	round := func() (notes []string) {
		t.Helper()
		before := len(kept.links())
		if before > 0 {
			a.Last = kept.newest()
		}
		if err := k.archiveOnce(t.Context(), a, newLine(a.Last)); err != nil {
			t.Fatal(err)
		}
		for _, l := range kept.links()[before:] {
			notes = append(notes, strings.Join(l.Manifest.Notes, "; "))
		}
		if at := strings.Split(s.ask(t, "SHOW MASTER STATUS"), "|"); kept.newest().To.File != at[0] || fmt.Sprint(kept.newest().To.Offset) != at[1] {
			t.Errorf("archived to %+v, and the server is at %v", kept.newest().To, at)
		}
		return notes
	}
	expect := func(what string, got []string, want ...string) {
		t.Helper()
		ok := len(got) == len(want)
		for i := range min(len(got), len(want)) {
			ok = ok && strings.HasPrefix(got[i], want[i]) && (got[i] == "") == (want[i] == "")
		}
		if !ok {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	anew := binlog.NoteNew + "binlog.000001 of n2 does not hold what was archived of it"

	write(3, 10)
	expect("the first round", round(), binlog.NoteNew+"there was none before")
	expect("nothing was written", round())
	write(2, 10)
	expect("something was", round(), "")
	s.nextLog(t)
	write(1, 10)
	expect("a file was closed", round(), "", "")
	s.sql(t, "RESET MASTER")
	write(1, 10)
	expect("a log that is shorter than before", round(), binlog.NoteNew+"after binlog.000002")

	write(3, 10) // of the same sizes, so that an event ends where one ended before
	expect("goes on", round(), "")
	s.sql(t, "RESET MASTER")
	write(9, 10)
	expect("the same transactions at the same places", round(), anew)
	s.sql(t, "RESET MASTER")
	write(30, 33)
	expect("no event begins where the last one did", round(), anew)
	s.nextLog(t)
	write(1, 10)
	expect("two files", round(), "", "")
	s.nextLog(t)
	expect("an empty one", round(), "", "")
	s.sql(t, "RESET MASTER")
	write(40, 100)
	s.nextLog(t)
	s.nextLog(t)
	write(9, 100)
	expect("files of the same names", round(), binlog.NoteNew+"binlog.000003 of n2 does not hold what was archived")

	// Nothing is left to archive of the file, and a later one is there.
	a.Last = kept.newest()
	s.sql(t, "RESET MASTER")
	s.nextLog(t)
	s.nextLog(t)
	for { // just as long as what was archived
		at := strings.Split(s.ask(t, "SHOW MASTER STATUS"), "|")
		var size uint64
		fmt.Sscan(at[1], &size)
		if size >= a.Last.To.Offset {
			break
		}
		write(1, 100)
	}
	s.nextLog(t)
	expect("the file before is another one", round(), binlog.NoteNew+"binlog.000003 of n2 does not hold what was archived")

	legacy := newLine(kept.newest())
	legacy.Mark = binlog.Mark{}
	before := len(kept.links())
	if err := k.archiveOnce(t.Context(), a, legacy); err != nil {
		t.Fatal(err)
	}
	if l := kept.links()[before:]; len(l) != 1 || !strings.Contains(l[0].Manifest.Notes[0], "is known again was not noted") || startOf(l[0].Manifest) != 0 {
		t.Errorf("an archive that says nothing of its log: %+v", l)
	}
}
