package ndb

import (
	"context"
	"fmt"
	"strings"
)

// defined is what is defined on a SQL node and not in the native backup. The tables of NDB are not in
// it: ndb_restore makes them.
type defined struct {
	schemas []string // statements that make the schemas
	all     []byte   // a script with everything but events
	events  []byte   // a script with those: every SQL node that has them carries them out
}

func (s *seat) definitions(ctx context.Context) (d defined, err error) {
	out := newScript()
	names, err := s.Strings(ctx, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN "+systemSchemas+" ORDER BY 1")
	if err != nil {
		return d, fmt.Errorf("list the schemas: %w", err)
	}
	out.section("schemas")
	for _, name := range names {
		rows, err := s.Table(ctx, "SHOW CREATE DATABASE IF NOT EXISTS "+quote(name))
		if err != nil || len(rows) != 1 {
			return d, fmt.Errorf("read the definition of schema %s: %w", quote(name), err)
		}
		d.schemas = append(d.schemas, rows[0]["create database"])
		out.do(rows[0]["create database"])
	}
	for _, part := range []func(context.Context, *script) error{s.localTables, s.accounts, s.views, s.routines, s.triggers} {
		if err := part(ctx, out); err != nil {
			return d, err
		}
	}
	events := newScript()
	if err := s.events(ctx, events); err != nil {
		return d, err
	}
	d.all, d.events = []byte(out.b.String()), []byte(events.b.String())
	return d, nil
}

// localTables defines the tables that the SQL nodes have for themselves.
func (s *seat) localTables(ctx context.Context, out *script) error {
	rows, err := s.Table(ctx, "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'ndbcluster' AND TABLE_SCHEMA NOT IN "+systemSchemas+" ORDER BY 1, 2")
	if err != nil {
		return fmt.Errorf("list the local tables: %w", err)
	}
	out.section("tables of one SQL node alone: their definition, without rows")
	for _, r := range rows {
		name := quote(r["s"]) + "." + quote(r["t"])
		made, err := s.made(ctx, "TABLE", name, "create table")
		if err != nil {
			return err
		}
		out.do("USE " + quote(r["s"]))
		out.do(strings.Replace(made["create table"], "CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1))
	}
	return nil
}

// made asks for a definition.
func (s *seat) made(ctx context.Context, kind, name, column string) (map[string]string, error) {
	rows, err := s.Table(ctx, "SHOW CREATE "+kind+" "+name)
	if err != nil {
		return nil, fmt.Errorf("read the definition of %s %s: %w", strings.ToLower(kind), name, err)
	}
	if len(rows) != 1 || rows[0][column] == "" {
		return nil, fmt.Errorf("read the definition of %s %s: the server shows none: the account lacks a grant, kagu grants backup prints them all", strings.ToLower(kind), name)
	}
	return rows[0], nil
}

// views makes all of them as something with the same columns first, so that each may use any other.
func (s *seat) views(ctx context.Context, out *script) error {
	rows, err := s.Table(ctx, "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS v FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN "+systemSchemas+" ORDER BY 1, 2")
	if err != nil {
		return fmt.Errorf("list the views: %w", err)
	}
	columns, err := s.Table(ctx, `SELECT c.TABLE_SCHEMA AS s, c.TABLE_NAME AS v, c.COLUMN_NAME AS c FROM information_schema.COLUMNS c
		JOIN information_schema.VIEWS v ON v.TABLE_SCHEMA = c.TABLE_SCHEMA AND v.TABLE_NAME = c.TABLE_NAME
		WHERE c.TABLE_SCHEMA NOT IN `+systemSchemas+" ORDER BY 1, 2, c.ORDINAL_POSITION")
	if err != nil {
		return fmt.Errorf("list the columns of the views: %w", err)
	}
	stand := map[string][]string{}
	for _, c := range columns {
		name := quote(c["s"]) + "." + quote(c["v"])
		stand[name] = append(stand[name], "1 AS "+quote(c["c"]))
	}
	out.section("views")
	var full []map[string]string
	for _, r := range rows {
		name := quote(r["s"]) + "." + quote(r["v"])
		made, err := s.made(ctx, "VIEW", name, "create view")
		if err != nil {
			return err
		}
		made["s"] = r["s"]
		full = append(full, made)
		if len(stand[name]) > 0 { // one that cannot be read any more shows no columns
			out.do("CREATE OR REPLACE VIEW " + name + " AS SELECT " + strings.Join(stand[name], ", "))
		}
	}
	for _, made := range full {
		out.do("USE " + quote(made["s"]))
		out.under(map[string]string{"collation_connection": made["collation_connection"]})
		out.whole(strings.Replace(made["create view"], "CREATE ", "CREATE OR REPLACE ", 1))
	}
	out.plain()
	return nil
}

func (s *seat) routines(ctx context.Context, out *script) error {
	rows, err := s.Table(ctx, "SELECT ROUTINE_SCHEMA AS s, ROUTINE_NAME AS r, ROUTINE_TYPE AS k FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN "+systemSchemas+" ORDER BY 1, 3, 2")
	if err != nil {
		return fmt.Errorf("list the routines: %w", err)
	}
	out.section("routines")
	for _, r := range rows {
		kind := "PROCEDURE"
		if r["k"] == "FUNCTION" {
			kind = "FUNCTION"
		}
		name := quote(r["s"]) + "." + quote(r["r"])
		made, err := s.made(ctx, kind, name, "create "+strings.ToLower(kind))
		if err != nil {
			return err
		}
		out.do("USE " + quote(r["s"]))
		out.do("DROP " + kind + " IF EXISTS " + name)
		out.under(made)
		out.whole(made["create "+strings.ToLower(kind)])
	}
	out.plain()
	return nil
}

// triggers are the SQL node's own: each has to have them, or writes through one skip them.
func (s *seat) triggers(ctx context.Context, out *script) error {
	rows, err := s.Table(ctx, "SELECT TRIGGER_SCHEMA AS s, TRIGGER_NAME AS t FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN "+systemSchemas+" ORDER BY TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER")
	if err != nil {
		return fmt.Errorf("list the triggers: %w", err)
	}
	out.section("triggers")
	for _, r := range rows {
		name := quote(r["s"]) + "." + quote(r["t"])
		made, err := s.made(ctx, "TRIGGER", name, "sql original statement")
		if err != nil {
			return err
		}
		out.do("USE " + quote(r["s"]))
		out.do("DROP TRIGGER IF EXISTS " + name)
		out.under(made)
		out.whole(made["sql original statement"])
	}
	out.plain()
	return nil
}

func (s *seat) events(ctx context.Context, out *script) error {
	rows, err := s.Table(ctx, "SELECT EVENT_SCHEMA AS s, EVENT_NAME AS e FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN "+systemSchemas+" ORDER BY 1, 2")
	if err != nil {
		return fmt.Errorf("list the events: %w", err)
	}
	out.section("events")
	for _, r := range rows {
		name := quote(r["s"]) + "." + quote(r["e"])
		made, err := s.made(ctx, "EVENT", name, "create event")
		if err != nil {
			return err
		}
		out.do("USE " + quote(r["s"]))
		out.do("DROP EVENT IF EXISTS " + name)
		out.under(made)
		out.whole(made["create event"])
	}
	out.plain()
	return nil
}
