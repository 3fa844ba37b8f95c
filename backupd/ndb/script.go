package ndb

import (
	"fmt"
	"strings"
)

// A script is SQL for the program mysql: what it makes exists or is replaced, so it may be run again.
type script struct {
	b     strings.Builder
	modes string // what was last set, so that it is not set again and again
}

func newScript() *script {
	s := &script{}
	s.b.WriteString("-- Written by kagu. Carry it out with: mysql --binary-mode --comments < this file\n")
	s.b.WriteString("SET NAMES utf8mb4;\nSET sql_mode='';\nSET foreign_key_checks=0;\n")
	return s
}

// section begins a part.
func (s *script) section(what string) { fmt.Fprintf(&s.b, "\n-- %s\n", what) }

// do adds a statement that holds no semicolon of its own but in quotes.
func (s *script) do(statement string) { s.b.WriteString(statement + ";\n") }

// whole adds a statement with a body, after a delimiter that is not in it.
func (s *script) whole(statement string) {
	end := ";;"
	for strings.Contains(statement, end) {
		end += ";"
	}
	fmt.Fprintf(&s.b, "DELIMITER %s\n%s%s\nDELIMITER ;\n", end, statement, end)
}

// under sets the session as it was when something with a body was made.
func (s *script) under(row map[string]string) {
	modes := fmt.Sprintf("SET sql_mode=%s, collation_connection=%s", text(row["sql_mode"]), text(row["collation_connection"]))
	if zone := row["time_zone"]; zone != "" {
		modes += ", time_zone=" + text(zone)
	}
	if modes != s.modes {
		s.do(modes)
		s.modes = modes
	}
}

// plain sets the session back.
func (s *script) plain() {
	s.do("SET sql_mode='', collation_connection='utf8mb4_0900_ai_ci', time_zone='SYSTEM'")
	s.modes = ""
}
