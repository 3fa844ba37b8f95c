package galera

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// definitions writes what is not rows, as SQL for the client mariadb. It comes in two parts: what
// rows need is before, what would stand in their way, or needs them, is after.
type definitions struct {
	ctx    context.Context
	sql    *sqlconn.Session
	tables []table
	some   []string // schemas; none: all, and then accounts as well
	to     io.Writer
	notes  []string
	err    error // the first
}

// preamble sets a session up so that definitions mean what they meant.
const preamble = `SET NAMES utf8mb4;
SET SESSION time_zone='+00:00', foreign_key_checks=0, unique_checks=0, innodb_strict_mode=OFF, sql_mode='NO_AUTO_VALUE_ON_ZERO';
`

// preambleOfRows is the same for rows, which are bytes and nothing else.
const preambleOfRows = `SET NAMES binary;
SET SESSION time_zone='+00:00', foreign_key_checks=0, unique_checks=0, sql_mode='NO_AUTO_VALUE_ON_ZERO';
`

func (d *definitions) put(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.to, format, args...)
	}
}

func (d *definitions) ask(format string, args ...any) [][]string {
	if d.err != nil {
		return nil
	}
	rows, err := d.sql.Texts(d.ctx, fmt.Sprintf(format, args...))
	if err != nil {
		d.err = fmt.Errorf("read a definition: %w", err)
	}
	return rows
}

// one returns a field of the only row, which must hold something: a definition that the account
// may not see is empty.
func (d *definitions) one(what string, field int, format string, args ...any) string {
	rows := d.ask(format, args...)
	if d.err != nil {
		return ""
	}
	if len(rows) != 1 || len(rows[0]) <= field || rows[0][field] == "" {
		d.err = fmt.Errorf("the server shows no definition of %s: the account lacks a privilege; kagu grants backup prints them all", what)
		return ""
	}
	return rows[0][field]
}

// before writes accounts, schemas, sequences, tables, and a stand-in for each view.
func (d *definitions) before() error {
	d.put("%s", preamble)
	if len(d.some) == 0 {
		d.accounts()
	}
	where, err := within("SCHEMA_NAME", d.some)
	if err != nil {
		return err
	}
	var found []string
	for _, row := range d.ask("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE %s ORDER BY 1", where) {
		found = append(found, row[0])
		d.put("%s;\n", d.one("schema "+row[0], 1, "SHOW CREATE DATABASE IF NOT EXISTS %s", sqlconn.Name(row[0])))
	}
	if len(found) < len(d.some) && d.err == nil {
		return fmt.Errorf("of the schemas %v the server has %v only: correct the job's schemas in kagu.yaml", d.some, found)
	}
	for _, kind := range []string{"SEQUENCE", "BASE TABLE", "SYSTEM VERSIONED", "VIEW"} {
		for _, t := range d.tables {
			if t.kind == kind {
				d.table(t)
			}
		}
	}
	return d.err
}

func (d *definitions) table(t table) {
	switch t.kind {
	case "SEQUENCE":
		d.put("USE %s;\n%s;\n", sqlconn.Name(t.schema), d.one("sequence "+t.String(), 1, "SHOW CREATE SEQUENCE %s", t))
		if at := d.ask("SELECT next_not_cached_value, cycle_count FROM %s", t); len(at) == 1 {
			d.put("SELECT SETVAL(%s, %s, 0, %s);\n", t, at[0][0], at[0][1])
		}
	case "VIEW":
		if t.unusable() {
			d.notes = append(d.notes, "view "+t.String()+" cannot be used on the server itself: it is left out")
			return
		}
		var columns []string
		for _, c := range t.every {
			columns = append(columns, "1 AS "+sqlconn.Name(c))
		}
		d.put("CREATE OR REPLACE VIEW %s AS SELECT %s;\n", t, strings.Join(columns, ","))
	default:
		d.put("USE %s;\n%s;\n", sqlconn.Name(t.schema), d.one("table "+t.String(), 1, "SHOW CREATE TABLE %s", t))
		if t.kind == "SYSTEM VERSIONED" {
			d.notes = append(d.notes, "table "+t.String()+" keeps a history: its rows of now are in the backup, the history is not")
		}
		if !t.holds() {
			d.notes = append(d.notes, "table "+t.String()+" has its rows somewhere else ("+t.engine+"): only its definition is in the backup")
		} else if !t.snapshotted() {
			d.notes = append(d.notes, "table "+t.String()+" is of the engine "+t.engine+", which knows no snapshot: its rows may be a little newer")
		}
	}
}

// after writes routines, views, triggers, events and grants.
func (d *definitions) after() error {
	d.put("%s", preamble)
	for _, s := range d.routines() {
		d.body(s)
	}
	for _, t := range d.tables {
		if t.kind == "VIEW" && !t.unusable() {
			text := d.one("view "+t.String(), 1, "SHOW CREATE VIEW %s", t)
			d.put("CREATE OR REPLACE%s;\n", strings.TrimPrefix(text, "CREATE"))
		}
	}
	for _, s := range append(d.triggers(), d.events()...) {
		d.body(s)
	}
	if len(d.some) == 0 {
		d.grants()
	}
	return d.err
}

// delimited writes a statement that may hold semicolons, as the client mariadb reads it.
func delimited(text string) string {
	end := ";;"
	for n := 0; strings.Contains(text, end); n++ {
		end = fmt.Sprintf("$kagu%d$", n)
	}
	return fmt.Sprintf("DELIMITER %s\n%s\n%s\nDELIMITER ;\n", end, text, end)
}
