package galera

import (
	"context"
	"fmt"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/failpoint"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// copyTo writes a schema, or a table of it, from the scratch server into the running cluster. Tables
// and sequences go to whatever schema; views, routines, triggers and events name theirs, so they
// go to the same one only: see carryOver.
func (s *spare) copyTo(ctx context.Context, c inventory.Cluster, step backupd.Step, to func(stage, detail string)) error {
	from, err := s.connect(ctx, forLong...)
	if err != nil {
		return err
	}
	defer from.Close()
	into, n, err := writable(ctx, c)
	if err != nil {
		return err
	}
	defer into.Close()
	schema, target, only := step.Data[keySchema], step.Data[keyInto], step.Data[keyTable]
	if err := from.Exec(ctx, "SET NAMES utf8mb4"); err != nil {
		return err
	}
	tables, err := readTables(ctx, from, []string{schema})
	if err != nil {
		return err
	}
	cp := copying{ctx: ctx, from: from, into: into, target: target, replace: step.Data[keyReplace] == "yes"}
	if err := cp.schema(schema); err != nil {
		return err
	}
	var left []string
	for _, t := range inOrder(tables) {
		if only != "" && t.name != only {
			continue
		}
		if t.kind == "VIEW" {
			left = append(left, "view "+t.name)
			continue
		}
		to("copy", fmt.Sprintf("%s into %s of %s, by %s", t, sqlconn.Name(target), c.Name, n.Name))
		if err := cp.table(t); err != nil {
			return fmt.Errorf("copy %s into %s: %w", t, sqlconn.Name(target), err)
		}
	}
	if only == "" {
		left = append(left, "routines, triggers and events")
	} else {
		left = append(left, "triggers of "+only)
	}
	if !carries(step) {
		to("copy", "not copied, since they name their schema: "+strings.Join(left, ", ")+"; SHOW CREATE on the scratch server shows them")
	}
	return nil
}

// inOrder puts sequences first: tables may draw from them.
func inOrder(tables []table) (all []table) {
	for _, sequences := range []bool{true, false} {
		for _, t := range tables {
			if (t.kind == "SEQUENCE") == sequences {
				all = append(all, t)
			}
		}
	}
	return all
}

// copying is a copy from one session into another.
type copying struct {
	ctx        context.Context
	from, into *sqlconn.Session
	target     string
	replace    bool
}

func (c copying) exec(statements ...string) error {
	for _, s := range statements {
		if err := c.into.Exec(c.ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (c copying) schema(name string) error {
	where, err := within("SCHEMA_NAME", []string{name})
	if err != nil {
		return err
	}
	rows, err := c.from.Texts(c.ctx, "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE "+where)
	if err != nil {
		return err
	}
	if len(rows) != 1 || !plainWords.MatchString(rows[0][0]+rows[0][1]) {
		return fmt.Errorf("the restored server has no schema %s", sqlconn.Name(name))
	}
	make := fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %s CHARACTER SET %s COLLATE %s COMMENT '%s'", sqlconn.Name(c.target), rows[0][0], rows[0][1], madeByUs)
	if err := c.exec("SET NAMES utf8mb4", make, "USE "+sqlconn.Name(c.target)); err != nil || c.replace {
		return err
	}
	// Somebody may have made it since the plan was: what is in it then is not ours to replace.
	made, err := c.into.Texts(c.ctx, "SELECT SCHEMA_COMMENT FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()")
	if err == nil && (len(made) != 1 || made[0][0] != madeByUs) {
		err = fmt.Errorf("the schema %s was made by somebody since this restore was planned: nothing was changed; plan it again", sqlconn.Name(c.target))
	}
	return err
}

// madeByUs is the comment of a schema that a restore makes.
const madeByUs = "restored by kagu"

// table makes a table anew and fills it. Done twice it does no harm: what a copy that was cut short
// left is dropped, and so is, if that was consented to, what was there before.
func (c copying) table(t table) error {
	kind := "TABLE"
	if t.kind == "SEQUENCE" {
		kind = "SEQUENCE"
	}
	made, err := c.from.Texts(c.ctx, fmt.Sprintf("SHOW CREATE %s %s", kind, t))
	if err != nil {
		return err
	}
	name := sqlconn.Name(c.target) + "." + sqlconn.Name(t.name)
	if err := c.exec("SET NAMES utf8mb4", fmt.Sprintf("DROP %s IF EXISTS %s", kind, name), made[0][1]); err != nil {
		return err
	}
	if kind == "SEQUENCE" {
		at, err := c.from.Texts(c.ctx, fmt.Sprintf("SELECT next_not_cached_value, cycle_count FROM %s", t))
		if err != nil {
			return err
		}
		_, err = c.into.Texts(c.ctx, fmt.Sprintf("SELECT SETVAL(%s, %s, 0, %s)", name, at[0][0], at[0][1]))
		return err
	}
	failpoint.Here("restore-copying")
	failpoint.Here("restore-copying-" + t.name)
	if !t.holds() {
		return nil
	}
	for _, sql := range []*sqlconn.Session{c.from, c.into} {
		if err := sql.Exec(c.ctx, "SET NAMES binary"); err != nil {
			return err
		}
	}
	e := newEncoder(c.target, t.name, t.columns, func(p []byte) error {
		err := c.into.Exec(c.ctx, strings.TrimSuffix(string(p), ";\n"))
		failpoint.Here("restore-filling")
		return err
	})
	if err := e.read(c.ctx, c.from, "SELECT "+selection(t.columns)+" FROM "+t.String()); err != nil {
		return err
	}
	if err := e.flush(); err != nil {
		return err
	}
	return c.from.Exec(c.ctx, "SET NAMES utf8mb4")
}
