package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/lab"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// schema drops a schema and brings it back by the account that kagu grants restore prints, with exactly
// those grants; without any of them nothing is begun.
func (r rig) schema() {
	ask := func(node, query string) string { // once the node has carried out all that is committed
		r.until(node+" has caught up", func() bool {
			sql, err := sqlconn.Connect(r.t.Context(), r.node(node).Socket(), inventory.Credential{User: r.lab.Account}, nil, "wsrep_sync_wait=1")
			if err != nil {
				return false
			}
			defer sql.Close()
			_, err = sql.Texts(r.t.Context(), "SELECT 1")
			return err == nil
		})
		return r.ask(r.node(node).Socket(), r.lab.Account, query)
	}
	statements, grants := r.grantsOfRestores()
	for _, g := range grants {
		r.sql("n1", "REVOKE "+g+" ON *.* FROM "+lab.RestoreUser+"@'127.%'")
		out, err := r.kagu("restore", "lab", "--schema="+lab.Schema, "--into="+lab.Schema, "--plan")
		if err == nil || !strings.Contains(out, "lacks "+g+" ON ") || !strings.Contains(out, "kagu grants restore") {
			r.t.Errorf("without %s: %v", g, err)
		}
		r.sql("n1", "GRANT "+g+" ON *.* TO "+lab.RestoreUser+"@'127.%'")
	}
	r.sql("n1", "DROP USER "+lab.RestoreUser+"@'127.%'")
	if out, err := r.kagu("restore", "lab", "--schema="+lab.Schema, "--plan"); err == nil || !strings.Contains(out, "kagu grants restore prints how the account") {
		r.t.Errorf("an account that is not there: %v", err)
	}
	r.must("restore", "lab", "--dir="+filepath.Join(r.lab.Dir, "look"), "--plan") // nothing else needs it
	r.sql("n1", statements...)

	r.must("run", "lab", "dump")
	const all = "SELECT CONCAT_WS(' ', COUNT(*), SUM(id), MD5(GROUP_CONCAT(body ORDER BY id))) FROM kagu_lab.rows"
	want := ask("n2", all)
	const tablesThere = "SELECT GROUP_CONCAT(TABLE_NAME ORDER BY 1) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'kagu_lab' AND TABLE_TYPE = 'BASE TABLE'"
	tables := ask("n1", tablesThere)
	r.sql("n1", "DROP DATABASE "+lab.Schema)
	dir := filepath.Join(r.lab.Dir, "back")
	const others = "SELECT CONCAT((SELECT GROUP_CONCAT(SCHEMA_NAME ORDER BY 1) FROM information_schema.SCHEMATA), ';', (SELECT GROUP_CONCAT(User, '@', Host ORDER BY 1) FROM mysql.global_priv))"
	without := ask("n1", others)
	command := []string{"restore", "lab", r.newest(backupd.Logical), "--schema=" + lab.Schema, "--dir=" + dir, "--yes"}
	for _, point := range []string{"restore-copying", "restore-filling", "restore-copying-shelf", "restore-copy-done", "restore-carry-done"} {
		r.killedAt(point, command...)
	}
	out := r.must(command...)
	if got := ask("n1", tablesThere); got != tables {
		r.t.Errorf("tables %s came back, want %s", got, tables)
	}
	if got := strings.Replace(ask("n1", others), lab.Schema+",", "", 1); got != without {
		r.t.Errorf("after five kills there are %s, before %s", got, without)
	}
	if pid := r.scratchPID(dir); pid > 0 {
		r.t.Errorf("the scratch server %d was left", pid)
	}
	if strings.Contains(out, "not copied") {
		r.t.Error("something stayed behind")
	}
	for _, n := range []string{"n1", "n2", "n3"} {
		if got := ask(n, all); got != want {
			r.t.Errorf("%s: %s came back, want %s", n, got, want)
		}
		if got := ask(n, "SELECT COUNT(*) FROM kagu_lab.body_of WHERE twice > 0"); got != "2" {
			r.t.Errorf("%s: the view shows %s rows, want 2", n, got)
		}
	}
	r.sql("n1", "INSERT INTO kagu_lab.shelf VALUES (3, 'x')", "CALL kagu_lab.tell()")
	if got := ask("n1", "SELECT body FROM kagu_lab.shelf WHERE id = 3"); got != "x, seen" {
		r.t.Error("the trigger does not fire")
	}
	if holds, _ := filepath.Glob(filepath.Join(r.lab.Store(), "holds", "lab", "*", "*")); len(holds) > 0 {
		r.t.Errorf("what was restored is still held: %v", holds)
	}
}

// holdings fills the schema with what a dump must bring back beside rows.
func (r rig) holdings() {
	r.sql(
		"n1", "CREATE TABLE kagu_lab.shelf (id INT PRIMARY KEY, body VARCHAR(100))", "INSERT INTO kagu_lab.shelf VALUES (1, 'one'), (2, 'two')",
		"CREATE FUNCTION kagu_lab.twice(i INT) RETURNS INT DETERMINISTIC RETURN i * 2",
		"CREATE VIEW kagu_lab.body_of AS SELECT body, kagu_lab.twice(id) AS twice FROM kagu_lab.shelf",
		"CREATE PROCEDURE kagu_lab.tell() SELECT COUNT(*) FROM kagu_lab.shelf",
		"CREATE TRIGGER kagu_lab.seen BEFORE INSERT ON kagu_lab.shelf FOR EACH ROW SET NEW.body = CONCAT(NEW.body, ', seen')",
		"CREATE EVENT kagu_lab.sweep ON SCHEDULE EVERY 1 DAY DO DELETE FROM kagu_lab.shelf WHERE id = 0",
	)
}

// grantsOfRestores returns the statements that kagu prints, with the password of the lab in them, and
// the privileges that they grant.
func (r rig) grantsOfRestores() (statements, privileges []string) {
	out, err := exec.Command(filepath.Join(r.lab.Bin, "kagu"), "grants", "restore", "--host=127.%").Output()
	if err != nil {
		r.t.Fatal(err)
	}
	password, err := os.ReadFile(filepath.Join(r.lab.Dir, lab.RestoreUser+".pass"))
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "--") {
			continue
		}
		line = strings.TrimSuffix(strings.TrimSpace(line), ";")
		if rest, is := strings.CutPrefix(line, "GRANT "); is {
			privilege, _, _ := strings.Cut(rest, " ON ")
			privileges = append(privileges, privilege)
		}
		statements = append(statements, strings.Replace(line, "<PASSWORD>", strings.TrimSpace(string(password)), 1))
	}
	return statements, privileges
}

// newest returns the ID of the newest backup of a method.
func (r rig) newest(method backupd.Method) (id string) {
	for _, b := range r.list().Backups {
		if b.Manifest.Method == method {
			id = b.Manifest.ID
		}
	}
	return id
}

// idle restores to a time at which nothing had been written for a while: that the archive was up to
// date then is written down in the store.
func (r rig) idle() {
	newest := func() (at time.Time) {
		names, _ := filepath.Glob(filepath.Join(r.lab.Store(), "reached", "lab", "*"))
		for _, name := range names {
			if got, err := time.Parse("20060102T150405.000000000Z", filepath.Base(name)); err == nil && got.After(at) {
				at = got
			}
		}
		return at
	}
	var dumped time.Time // backupd was started again since, and looks for itself
	for _, b := range r.list().Backups {
		if b.Manifest.Method == backupd.Logical {
			dumped = b.Manifest.Ended
		}
	}
	r.until("the archive has seen that nothing is written", func() bool { return newest().Truncate(time.Second).After(dumped) })
	r.must("restore", "lab", r.newest(backupd.Logical), "--dir="+filepath.Join(r.lab.Dir, "idle"), "--time="+newest().Truncate(time.Second).Format(time.RFC3339), "--plan")
}
