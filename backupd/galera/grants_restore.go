package galera

import (
	"strings"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// everywhere is where a privilege of the whole server is granted.
const everywhere = "*.*"

// restoreGrants are what writing a schema into a running cluster of MariaDB 10.11 needs; "" is for every
// schema. Each was taken away in turn to see what fails without it. SET USER with BINLOG ADMIN does not do
// in place of SUPER: a server with a binary log lets nobody without it make a function or trigger.
// Those that only views, routines, triggers and events need are left out where none go along.
func restoreGrants(schema string, stored bool) []sqlconn.Grant {
	on := everywhere
	if schema != "" {
		on = sqlconn.Name(escapeLike(schema)) + ".*"
	}
	all := []sqlconn.Grant{
		{Privilege: "SELECT", On: on, For: "see that the schema is there, and set sequences"},
		{Privilege: "INSERT", On: on, For: "write rows"},
		{Privilege: "CREATE", On: on, For: "make the schema and its tables"},
		{Privilege: "DROP", On: on, For: "replace tables, if you agreed to that, and what a try left that was cut short"},
	}
	if stored {
		all = append(
			all, sqlconn.Grant{Privilege: "CREATE VIEW", On: on, For: "make views"}, sqlconn.Grant{Privilege: "CREATE ROUTINE", On: on, For: "make functions, procedures and packages"},
			sqlconn.Grant{Privilege: "ALTER ROUTINE", On: on, For: "replace them"}, sqlconn.Grant{Privilege: "EXECUTE", On: on, For: "make views that call functions"},
			sqlconn.Grant{Privilege: "TRIGGER", On: on, For: "make triggers"}, sqlconn.Grant{Privilege: "EVENT", On: on, For: "make events"},
			sqlconn.Grant{Privilege: "SUPER", On: everywhere, For: "let their definers stay who they were, and make functions and triggers on a server with a binary log"},
		)
	}
	return all
}

// RestoreGrants are what restores into the schemas need; none named: into every schema, those of the
// server itself included.
func RestoreGrants(schemas ...string) []sqlconn.Grant {
	if len(schemas) == 0 {
		return restoreGrants("", true)
	}
	var all []sqlconn.Grant
	seen := map[sqlconn.Grant]bool{}
	for _, schema := range schemas {
		for _, g := range restoreGrants(schema, true) {
			if !seen[g] {
				seen[g] = true
				all = append(all, g)
			}
		}
	}
	return all
}

// escapeLike takes from a name what GRANT would read as a pattern.
func escapeLike(name string) string {
	return strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(name)
}

// RestoreConnections is how many connections a restore needs.
const RestoreConnections = 2
