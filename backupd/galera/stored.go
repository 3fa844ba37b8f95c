package galera

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// stored is what a schema holds beside tables: a view, routine, trigger or event.
type stored struct {
	kind         string // as SHOW CREATE has it
	schema, name string
	table        string // that a trigger belongs to
	asleep       bool   // an event that another member made: here nothing tells whether it is enabled there

	// How it is made, known when it was read.
	mode, collation, zone, text string
}

func (s stored) String() string {
	return strings.ToLower(s.kind) + " " + sqlconn.Name(s.schema) + "." + sqlconn.Name(s.name)
}

// fields say where in the answer of SHOW CREATE a thing stands.
type fields struct{ mode, zone, text, collation int }

var fieldsOf = map[string]fields{
	"VIEW":    {text: 1, collation: 3},
	"TRIGGER": {mode: 1, text: 2, collation: 4},
	"EVENT":   {mode: 1, zone: 2, text: 3, collation: 5},
}

// fieldsOfRoutines are those of every kind of routine.
var fieldsOfRoutines = fields{mode: 1, text: 2, collation: 4}

// routines lists functions, procedures and packages, in an order in which they can be made.
func (d *definitions) routines() (all []stored) {
	order := "FIELD(ROUTINE_TYPE, 'PACKAGE', 'FUNCTION', 'PROCEDURE', 'PACKAGE BODY')"
	for _, r := range d.askIn("ROUTINE_SCHEMA", "SELECT ROUTINE_SCHEMA, ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE %s ORDER BY "+order+", 1, 3") {
		all = append(all, stored{schema: r[0], kind: r[1], name: r[2]})
	}
	return all
}

// triggers lists triggers. Those of one table and moment fire in the order in which they are made.
func (d *definitions) triggers() (all []stored) {
	for _, r := range d.askIn("TRIGGER_SCHEMA", `SELECT TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE %s
		ORDER BY 1, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER`) {
		all = append(all, stored{kind: "TRIGGER", schema: r[0], name: r[1], table: r[2]})
	}
	return all
}

func (d *definitions) events() (all []stored) {
	for _, r := range d.askIn("EVENT_SCHEMA", "SELECT EVENT_SCHEMA, EVENT_NAME, STATUS FROM information_schema.EVENTS WHERE %s ORDER BY 1, 2") {
		all = append(all, stored{kind: "EVENT", schema: r[0], name: r[1], asleep: r[2] == "SLAVESIDE_DISABLED"})
	}
	return all
}

// askIn asks a question that is bound to the schemas, by a condition on that column.
func (d *definitions) askIn(column, question string) [][]string {
	where, err := within(column, d.some)
	if err != nil && d.err == nil {
		d.err = err
	}
	return d.ask(question, where)
}

var plainWords = regexp.MustCompile(`^[A-Za-z0-9_,]*$`)

// read fills in how something is made. What goes into a statement as it is must be plain words.
func (d *definitions) read(s stored) stored {
	rows := d.ask("SHOW CREATE %s %s.%s", s.kind, sqlconn.Name(s.schema), sqlconn.Name(s.name))
	if d.err != nil {
		return s
	}
	at, known := fieldsOf[s.kind]
	if !known {
		at = fieldsOfRoutines
	}
	if len(rows) != 1 || len(rows[0]) <= at.collation || rows[0][at.text] == "" {
		d.err = fmt.Errorf("the server shows no definition of %s: the account lacks a privilege; kagu grants backup prints them all", s)
		return s
	}
	s.collation, s.text = rows[0][at.collation], rows[0][at.text]
	if at.mode > 0 {
		s.mode = rows[0][at.mode]
	}
	if !plainWords.MatchString(s.mode) || !plainWords.MatchString(s.collation) {
		d.err = fmt.Errorf("%s has the odd mode %q or collation %q", s, s.mode, s.collation)
		return s
	}
	if at.zone > 0 {
		s.zone, d.err = sqlconn.Literal("time zone", rows[0][at.zone])
	}
	return s
}

// under are the statements that set a session to what it was when something was made.
func (s stored) under() []string {
	all := []string{
		"USE " + sqlconn.Name(s.schema),
		fmt.Sprintf("SET SESSION sql_mode='%s', collation_connection=%s", s.mode, s.collation),
	}
	if s.zone != "" {
		all = append(all, "SET SESSION time_zone="+s.zone)
	}
	return all
}

// body writes something for the client mariadb, in the mode in which it was made.
func (d *definitions) body(s stored) {
	s = d.read(s)
	if d.err != nil {
		return
	}
	d.put("%s;\n%s%s", strings.Join(s.under(), ";\n"), delimited(s.text), preamble)
}
