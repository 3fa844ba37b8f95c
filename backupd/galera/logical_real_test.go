package galera

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// odd is a database of all that is hard to write as SQL.
func odd() []string {
	every := make([]string, 256)
	for i := range every {
		every[i] = fmt.Sprintf("%02x", i)
	}
	bytes := "x'" + strings.Join(every, "") + "'"
	return []string{
		"SET NAMES utf8mb4",
		"CREATE DATABASE `o``dd é` CHARACTER SET utf8mb4",
		"USE `o``dd é`",
		"CREATE SEQUENCE q START WITH 5 INCREMENT BY 3",
		"SELECT NEXTVAL(q), NEXTVAL(q)",
		"CREATE TABLE `t``é` (`i``d` BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(20) DEFAULT 'é''`;', l VARCHAR(300) CHARACTER SET latin1, u VARCHAR(300) CHARACTER SET ucs2, " +
			"e ENUM('é','b;\n') CHARACTER SET latin1, s SET('x','y')) COMMENT 'é;\n--'",
		"INSERT INTO `t``é` VALUES (18446744073709551615, 'a\\'b\\\\c\\nd\\0e\\Z', CONVERT(" + bytes + " USING latin1), 'ü€', 'é', 'x,y'), (0, '', '', '', 2, ''), (7, NULL, NULL, NULL, NULL, NULL)",
		"CREATE TABLE bin (b VARBINARY(300), bl LONGBLOB, bi BIT(13), c BINARY(4), g GEOMETRY, i6 INET6, u UUID, j JSON)",
		"INSERT INTO bin VALUES (" + bytes + ", REPEAT(" + bytes + ", 20000), b'1010101010101', 'a', ST_GeomFromText('POINT(1 2)'), '2001:db8::1', UUID(), '{\"é\": [1, \"\\\\n\"]}'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
		"CREATE TABLE num (f FLOAT, d DOUBLE, n DECIMAL(40,20), t TINYINT, y YEAR, zf INT(8) ZEROFILL, zd DECIMAL(10,2) ZEROFILL, dt DATETIME(6), ts TIMESTAMP(3) NULL, ti TIME(2), da DATE)",
		"INSERT INTO num VALUES (16777217, 0.1e0+0.2e0, -12345678901234567890.12345678901234567890, -128, 1901, 42, 4.2, '2026-11-28 12:00:00.123456', '2026-11-28 12:00:00.5', '-838:59:59', '0000-00-00'), (3.40282e38, 1e-300, 0, 127, 0, 0, 0, NULL, NULL, NULL, NULL), (1.1, -0.0, 1, 0, 2155, NULL, NULL, '0000-00-00', NULL, '00:00:00', '9999-12-31')",
		"CREATE TABLE gen (a INT PRIMARY KEY, n INT AUTO_INCREMENT UNIQUE, b INT AS (a * 2) VIRTUAL, c INT AS (a + 1) STORED, d INT INVISIBLE DEFAULT 4, CHECK (a < 1000000))",
		"INSERT INTO gen (a) SELECT seq FROM seq_1_to_5000",
		"CREATE TABLE allgen (c INT AS (1) STORED)",
		"INSERT INTO allgen VALUES (), (), ()",
		"CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES gen (a))",
		"INSERT INTO child VALUES (1, 4999)",
		"CREATE TABLE hist (a INT) WITH SYSTEM VERSIONING",
		"INSERT INTO hist VALUES (1), (2)", "DELETE FROM hist WHERE a = 1",
		"CREATE TABLE mem (a INT) ENGINE=Aria", "INSERT INTO mem VALUES (3)",
		"CREATE TABLE part (a INT) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)", "INSERT INTO part VALUES (1), (100)",
		"CREATE VIEW a_view AS SELECT * FROM z_view", // drop and make anew, so that it comes before what it needs
	}
}

func odder() []string {
	return []string{
		"CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC BEGIN DECLARE s TEXT DEFAULT ';;é'; RETURN x * 2; END",
		"CREATE PROCEDURE pr() BEGIN SELECT 1; SELECT 'DELIMITER ;'; END",
		"CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW BEGIN SET NEW.p = NEW.p; END",
		"CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM hist; END",
		"CREATE ROLE reader", "GRANT SELECT ON `o``dd é`.* TO reader",
		"CREATE USER `u;x`@`%` IDENTIFIED BY 'a'';b'", "GRANT reader TO `u;x`@`%`", "SET DEFAULT ROLE reader FOR `u;x`@`%`",
		"GRANT INSERT (a) ON `o``dd é`.gen TO `u;x`@`%` WITH GRANT OPTION",
	}
}

func TestLogicalBackup(t *testing.T) {
	t.Parallel()
	from := server(t, "--log-bin=binlog", "--server-id=3", "--sql-mode=ALLOW_INVALID_DATES")
	setUp := odd()
	last := len(setUp) - 1
	setUp[last] = "CREATE VIEW z_view AS SELECT `i``d`, v FROM `t``é`"
	setUp = append(setUp, "CREATE VIEW a_view AS SELECT `i``d`, 'é' AS lit FROM z_view WHERE v IS NOT NULL")
	from.sql(t, append(setUp, odder()...)...)
	c := clusterOf(from)
	l, err := take(t, kindOf(nil), c, backupd.Logical, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tb := range l.Manifest.Content {
		rows := int64(-1)
		if tb.Rows != nil {
			rows = *tb.Rows
		}
		t.Logf("%s.%s %s %d %s", tb.Schema, tb.Name, tb.Engine, rows, tb.Sum)
	}
	t.Log(l.Manifest.Position, strings.Join(l.Manifest.Notes, "; "))

	t.Run("rows from the wire are those that the driver reads", func(t *testing.T) {
		sql, err := from.connect(t.Context(), forLong...)
		if err != nil {
			t.Fatal(err)
		}
		defer sql.Close()
		tables, err := readTables(t.Context(), sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := sql.Exec(t.Context(), "SET NAMES binary"); err != nil {
			t.Fatal(err)
		}
		for _, tb := range tables {
			if !tb.holds() {
				continue
			}
			query := "SELECT " + selection(tb.columns) + " FROM " + tb.String()
			write := func([]byte) error { return nil }
			wire, driver := newEncoder(tb.schema, tb.name, tb.columns, write), newEncoder(tb.schema, tb.name, tb.columns, write)
			if ok, err := sql.Packets(t.Context(), query, wire.packet); !ok || err != nil {
				t.Fatal(tb, ok, err)
			}
			if err := sql.Rows(t.Context(), query, driver.row); err != nil {
				t.Fatal(tb, err)
			}
			if wire.rows != driver.rows || wire.sum != driver.sum {
				t.Errorf("%s: %d rows of %s, and %d of %s", tb, wire.rows, sumText(wire.sum), driver.rows, sumText(driver.sum))
			}
		}
		if ok, err := sql.Packets(t.Context(), "SELECT nothing", func([]byte) error { return nil }); !ok || !errors.Is(err, sqlconn.ErrMissing) {
			t.Error(ok, err)
		}
		if got, err := sql.Texts(t.Context(), "SELECT 7"); err != nil || got[0][0] != "7" {
			t.Errorf("the driver goes on: %v, %v", got, err)
		}
	})

	into, err := newSpare(t.Context(), filepath.Join(folder(t), "s"), inventory.Scratch{}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = into.remove() })
	if err := into.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := into.start(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := into.load(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"CHECKSUM TABLE `o``dd é`.`t``é`, `o``dd é`.bin, `o``dd é`.num, `o``dd é`.child, `o``dd é`.mem, `o``dd é`.part",
		"SELECT COUNT(*) FROM `o``dd é`.allgen", "SELECT * FROM `o``dd é`.hist",
		"SELECT SUM(CRC32(CONCAT_WS(',', a, n, b, c, d))) FROM `o``dd é`.gen",
		"SHOW CREATE TABLE `o``dd é`.`t``é`", "SHOW CREATE TABLE `o``dd é`.gen", "SHOW CREATE VIEW `o``dd é`.a_view", "SHOW CREATE VIEW `o``dd é`.z_view",
		"SELECT ROUTINE_NAME, ROUTINE_DEFINITION, SQL_MODE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN ('sys', 'mysql') ORDER BY 1",
		"SELECT TRIGGER_NAME, ACTION_STATEMENT, SQL_MODE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA <> 'sys'",
		"SELECT EVENT_NAME, EVENT_DEFINITION, TIME_ZONE FROM information_schema.EVENTS",
		"SHOW GRANTS FOR `u;x`@`%`", "SHOW CREATE USER `u;x`@`%`", "SHOW GRANTS FOR reader",
		"SELECT NEXTVAL(`o``dd é`.q) > 8, next_not_cached_value > 8 FROM `o``dd é`.q",
		"SELECT HEX(l), HEX(u), e + 0, HEX(e) FROM `o``dd é`.`t``é` ORDER BY `i``d`",
	} {
		if want, got := from.ask(t, query), into.ask(t, query); want != got {
			t.Errorf("%s\nwas: %s\nis:  %s", query, want, got)
		}
	}
}

// The account of backups may read everything and call nothing.
func TestAViewThatCallsAFunctionIsInALogicalBackup(t *testing.T) {
	t.Parallel()
	from := server(t, "--log-bin=binlog", "--server-id=3")
	from.sql(t, "CREATE DATABASE shop", "CREATE TABLE shop.t (i INT)", "CREATE DEFINER=root@localhost FUNCTION shop.twice(i INT) RETURNS INT DETERMINISTIC RETURN i * 2",
		"CREATE DEFINER=root@localhost VIEW shop.z AS SELECT i, shop.twice(i) AS x FROM shop.t", "CREATE DEFINER=root@localhost VIEW shop.a AS SELECT x FROM shop.z",
		"CREATE TABLE shop.lost (i INT)", "CREATE DEFINER=root@localhost VIEW shop.dead AS SELECT i FROM shop.lost", "DROP TABLE shop.lost",
		"CREATE USER kagu_backup@localhost IDENTIFIED BY 'pass'")
	for _, g := range Grants(true) {
		from.sql(t, "GRANT "+g.Privilege+" ON "+g.On+" TO kagu_backup@localhost")
	}
	c := clusterOf(from)
	c.Backup.Credential = inventory.Credential{Name: "backup", User: "kagu_backup", Password: inventory.NewSecret("pass")}
	l, err := take(t, kindOf(nil), c, backupd.Logical, nil)
	if err != nil {
		t.Fatal(err)
	}
	after := string(l.Source.(*memory).streams[streamAfter])
	for _, view := range []string{"VIEW `shop`.`a`", "VIEW `shop`.`z`"} {
		if !strings.Contains(after, view) {
			t.Errorf("%s is missing", view)
		}
	}
	if e, err := prove(t, c, l); err != nil || !e.Good() {
		t.Errorf("%v: %s", err, failing(e))
	}
	if notes := strings.Join(l.Manifest.Notes, "; "); strings.Contains(after, "dead") || notes != "view `shop`.`dead` cannot be used on the server itself: it is left out" {
		t.Errorf("of one that cannot be used it says %q", notes)
	}
}
