package galera

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// carries reports whether what names its schema can go along with a copy: only if the schema keeps
// its name.
func carries(step backupd.Step) bool { return step.Data[keyInto] == step.Data[keySchema] }

// carryStep comes behind all copies: views see tables of other schemas.
func carryStep(of backupd.Step) backupd.Step {
	schema, table := of.Data[keySchema], of.Data[keyTable]
	s := backupd.Step{Name: stepCarry, Data: of.Data}
	if table != "" {
		s.Why = "make the triggers of " + schema + "." + table + " again"
		return s
	}
	s.Why = "make the views, routines, triggers and events of " + schema + " again, in place of those of the same names; an event that was enabled runs from then on"
	return s
}

// carryOver makes what the schema of a copy holds beside tables in the running cluster. A definer
// stays who it was. Done twice it does no harm, and what could not be made is tried again by it.
func (s *spare) carryOver(ctx context.Context, c inventory.Cluster, step backupd.Step, to func(stage, detail string)) error {
	from, err := s.connect(ctx, forLong...)
	if err != nil {
		return err
	}
	defer from.Close()
	all, left, err := toCarry(ctx, from, step.Data[keySchema], step.Data[keyTable])
	if err != nil {
		return err
	}
	for _, view := range left {
		to("carry", view+" is left out: it could not be used when the backup was taken, since something that it names was not there")
	}
	into, n, err := writable(ctx, c)
	if err != nil {
		return err
	}
	defer into.Close()
	if err := into.Exec(ctx, "SET NAMES utf8mb4"); err != nil {
		return err
	}
	to("carry", fmt.Sprintf("%d views, routines, triggers and events into %s of %s, by %s", len(all), sqlconn.Name(step.Data[keySchema]), c.Name, n.Name))
	return makeAll(all, func(s stored) error {
		warnings, err := s.make(ctx, into)
		if err != nil {
			return err
		}
		if s.asleep {
			warnings = append(warnings, "it was asleep on the member that the backup is of, as it is on all but the one where it was made, and still is: ALTER EVENT "+
				sqlconn.Name(s.schema)+"."+sqlconn.Name(s.name)+" ENABLE on the member that shall run it")
		}
		for _, w := range warnings {
			to("carry", s.String()+": "+w)
		}
		return nil
	})
}

// toCarry reads what goes along with a schema, or with one table of it, in an order in which most of
// it can be made.
func toCarry(ctx context.Context, from *sqlconn.Session, schema, table string) (all []stored, left []string, err error) {
	if err := from.Exec(ctx, "SET NAMES utf8mb4"); err != nil {
		return nil, nil, err
	}
	tables, err := readTables(ctx, from, []string{schema})
	if err != nil {
		return nil, nil, err
	}
	d := &definitions{ctx: ctx, sql: from, some: []string{schema}}
	var list []stored
	if table == "" {
		list = d.routines()
		for _, t := range tables {
			switch {
			case t.kind != "VIEW":
			case t.unusable():
				left = append(left, "view "+t.String())
			default:
				list = append(list, stored{kind: "VIEW", schema: t.schema, name: t.name})
			}
		}
	}
	for _, s := range d.triggers() {
		if table == "" || s.table == table {
			list = append(list, s)
		}
	}
	if table == "" {
		list = append(list, d.events()...)
	}
	for _, s := range list {
		all = append(all, d.read(s))
	}
	return all, left, d.err
}

// makeAll makes one after the other. What cannot be made since something that it names is not there
// yet, such as a view of another view, is tried again as long as that helps.
func makeAll(all []stored, do func(stored) error) error {
	for {
		var later []stored
		var errs []error
		for _, s := range all {
			err := do(s)
			if errors.Is(err, sqlconn.ErrBroken) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			if err != nil {
				later, errs = append(later, s), append(errs, fmt.Errorf("make %s: %w", s, err))
			}
		}
		if len(later) == 0 {
			return nil
		}
		if len(later) == len(all) {
			return fmt.Errorf("%d of the views, routines, triggers and events could not be made, all tables and rows are there: mend what is said, or let go of them by SHUTDOWN of the scratch server, which still shows them: %w",
				len(later), errors.Join(errs...))
		}
		all = later
	}
}

// make makes a thing under the settings that it was made under first, and returns what the server
// had to say of it: above all, that its definer is not there.
func (s stored) make(ctx context.Context, into *sqlconn.Session) (warnings []string, err error) {
	text, isCreate := strings.CutPrefix(s.text, "CREATE ")
	if !isCreate {
		return nil, fmt.Errorf("its definition begins with %+.40q", s.text)
	}
	for _, statement := range append(s.under(), "CREATE OR REPLACE "+text) {
		if err := into.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	rows, err := into.Texts(ctx, "SHOW WARNINGS")
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		said := r[2]
		if r[1] == noSuchDefiner {
			said += ": it fails when it is used, until that account is made or it gets another definer"
		}
		warnings = append(warnings, said)
	}
	return warnings, nil
}

// noSuchDefiner is the number of the warning that a definer is no account.
const noSuchDefiner = "1449"
