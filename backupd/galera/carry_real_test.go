package galera

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// shelf is a schema with one of everything that a schema can hold.
func shelf() []string {
	return []string{
		"SET NAMES utf8mb4", "CREATE DATABASE `sh``op`", "USE `sh``op`",
		"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))", "INSERT INTO t SELECT seq, 'é' FROM seq_1_to_100",
		"CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES t (id))", "INSERT INTO child VALUES (1, 99)",
		"CREATE SEQUENCE q", "SELECT NEXTVAL(q)",
		"CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2",
		"CREATE DEFINER=gone@localhost PROCEDURE pr() SELECT ';;é'",
		"SET SESSION sql_mode=ORACLE", "CREATE PACKAGE pk AS FUNCTION f RETURN INT; END", "CREATE PACKAGE BODY pk AS FUNCTION f RETURN INT AS BEGIN RETURN 1; END; END",
		"SET SESSION sql_mode='ANSI_QUOTES'",
		"CREATE VIEW z AS SELECT id, twice(id) AS d FROM t", "CREATE VIEW a AS SELECT d FROM z", // which comes before what it needs
		"CREATE TABLE lost (i INT)", "CREATE VIEW dead AS SELECT * FROM lost", "DROP TABLE lost",
		"CREATE TRIGGER b_first BEFORE INSERT ON t FOR EACH ROW SET NEW.v = CONCAT(NEW.v, 'b')", "CREATE TRIGGER a_second BEFORE INSERT ON t FOR EACH ROW SET NEW.v = CONCAT(NEW.v, 'a')",
		"CREATE TRIGGER other BEFORE INSERT ON child FOR EACH ROW SET NEW.p = NEW.p",
		"SET SESSION time_zone='+11:00'", "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE id = 0",
		"CREATE EVENT elsewhere ON SCHEDULE EVERY 1 DAY DO DO 1", "ALTER EVENT elsewhere DISABLE ON SLAVE",
	}
}

// what is asked of a schema that was brought back.
var shelfQueries = []string{
	"SELECT COUNT(*), SUM(CRC32(v)) FROM `sh``op`.t", "SELECT * FROM `sh``op`.child", "SELECT next_not_cached_value FROM `sh``op`.q",
	"SELECT ROUTINE_TYPE, ROUTINE_NAME, ROUTINE_DEFINITION, SQL_MODE, DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'sh`op' ORDER BY 1, 2",
	"SELECT SUM(d) FROM `sh``op`.a", "SHOW CREATE VIEW `sh``op`.a", "SHOW CREATE VIEW `sh``op`.z",
	"SELECT TRIGGER_NAME, ACTION_ORDER, ACTION_STATEMENT, SQL_MODE, DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'sh`op' ORDER BY 1",
	"SELECT EVENT_NAME, EVENT_DEFINITION, SQL_MODE, TIME_ZONE, STATUS, STARTS, DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'sh`op' ORDER BY 1",
}

func TestASchemaComesBackWithAllThatItHeld(t *testing.T) {
	t.Parallel()
	target, scratch := server(t, "--log-bin=binlog", "--server-id=3"), server(t)
	scratch.sql(t, shelf()...)
	c := clusterOf(target)
	c.Backup.RestoreAs = inventory.Credential{Name: "restore", User: "kagu_restore", Password: inventory.NewSecret("pass")}
	grant := func(t *testing.T, grants []sqlconn.Grant) {
		t.Helper()
		target.sql(t, "CREATE OR REPLACE USER kagu_restore@localhost IDENTIFIED BY 'pass'")
		for _, g := range grants {
			target.sql(t, "GRANT "+g.Privilege+" ON "+g.On+" TO kagu_restore@localhost")
		}
	}
	var told []string
	restore := func(t *testing.T, data map[string]string) error {
		t.Helper()
		told = nil
		to := func(stage, detail string) { told = append(told, detail) }
		step := backupd.Step{Name: stepCopy, Data: data}
		if err := scratch.copyTo(t.Context(), c, step, to); err != nil || !carries(step) {
			return err
		}
		return scratch.carryOver(t.Context(), c, step, to)
	}
	same := map[string]string{keySchema: "sh`op", keyInto: "sh`op", keyReplace: "yes"}
	needed := RestoreGrants("sh`op", "other")
	grant(t, needed)

	t.Run("under its own name", func(t *testing.T) {
		for _, again := range []string{"the first time", "over what is there"} {
			if err := restore(t, same); err != nil {
				t.Fatal(again, err)
			}
			for _, query := range shelfQueries {
				if want, got := scratch.ask(t, query), target.ask(t, query); want != got {
					t.Errorf("%s: %s\nwas: %s\nis:  %s", again, query, want, got)
				}
			}
			said := strings.Join(told, "\n")
			for _, want := range []string{"view `sh``op`.`dead` is left out", "gone", "until that account is made", "event `sh``op`.`elsewhere`: it was asleep"} {
				if !strings.Contains(said, want) {
					t.Errorf("%s: it does not tell %q:\n%s", again, want, said)
				}
			}
		}
		target.sql(t, "INSERT INTO `sh``op`.t VALUES (1000, '')")
		if got := target.ask(t, "SELECT v FROM `sh``op`.t WHERE id = 1000"); got != "ba" {
			t.Errorf("the triggers fire as %q, want the order in which they were made", got)
		}
	})
	t.Run("one table, with its triggers alone", func(t *testing.T) {
		target.sql(t, "DROP DATABASE `sh``op`")
		one := map[string]string{keySchema: "sh`op", keyInto: "sh`op", keyTable: "t", keyReplace: "yes"}
		if err := restore(t, one); err != nil {
			t.Fatal(err)
		}
		if got := target.ask(t, "SELECT COUNT(*), (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'sh`op') FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'sh`op'"); got != "2|0" {
			t.Errorf("%s triggers and routines", got)
		}
	})
	t.Run("under another name nothing goes along that names its schema", func(t *testing.T) {
		if err := restore(t, map[string]string{keySchema: "sh`op", keyInto: "other"}); err != nil {
			t.Fatal(err)
		}
		if got := target.ask(t, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'other'"); got != "3" {
			t.Errorf("%s tables and sequences, want 3", got)
		}
		if said := strings.Join(told, "\n"); !strings.Contains(said, "not copied") || !strings.Contains(said, "view a") {
			t.Errorf("it does not tell what stayed behind:\n%s", said)
		}
	})
	t.Run("a view of what is not here is told, the rest is there", func(t *testing.T) {
		scratch.sql(t, "CREATE DATABASE away", "CREATE TABLE away.far (i INT)", "CREATE VIEW `sh``op`.b AS SELECT * FROM away.far")
		defer scratch.sql(t, "DROP VIEW `sh``op`.b")
		err := restore(t, same)
		if err == nil || !strings.Contains(err.Error(), "view `sh``op`.`b`") || !strings.Contains(err.Error(), "1 of the views") || strings.Contains(err.Error(), "`z`") {
			t.Errorf("got %v", err)
		}
		if got := target.ask(t, "SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'sh`op'"); got != "2" {
			t.Errorf("%s views, want 2", got)
		}
	})
	t.Run("each grant is needed", func(t *testing.T) {
		target.sql(t, "SET GLOBAL automatic_sp_privileges=OFF") // who makes a function may not call it by that
		for _, without := range RestoreGrants("sh`op") {
			grant(t, needed)
			target.sql(t, "REVOKE "+without.Privilege+" ON "+without.On+" FROM kagu_restore@localhost")
			if err := restore(t, same); err == nil {
				t.Errorf("without %s it succeeds", without.Privilege)
			} else {
				t.Logf("without %s: %v", without.Privilege, err)
			}
			sql, _, err := writable(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			err = mayWrite(t.Context(), sql, "kagu_restore", []backupd.Step{{Name: stepCopy, Data: same}})
			_ = sql.Close() // it was asked only
			if want := fmt.Sprintf("lacks %s ON %s (", without.Privilege, without.On); !errors.Is(err, backupd.ErrTarget) || !strings.Contains(fmt.Sprint(err), want) || strings.Count(fmt.Sprint(err), " ON ") != 1 {
				t.Errorf("want %q, got %v", want, err)
			}
		}
		grant(t, needed)
		if err := restore(t, same); err != nil {
			t.Errorf("with all of them: %v", err)
		}
	})
}
