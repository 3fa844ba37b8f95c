package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRestoreGrants(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"into every schema", []string{"--host=10.0.0.%"}, `-- Restores of schemas into a running Galera cluster: kagu backup restore CLUSTER --schema. Who has its password can change everything; --schema keeps it to some schemas.
-- Write the password for <PASSWORD>. Accounts are replicated: run it on one node. In kagu.yaml name it as the credential restore.
-- SELECT: see that the schema is there, and set sequences.
-- INSERT: write rows.
-- CREATE: make the schema and its tables.
-- DROP: replace tables, if you agreed to that, and what a try left that was cut short.
-- CREATE VIEW: make views.
-- CREATE ROUTINE: make functions, procedures and packages.
-- ALTER ROUTINE: replace them.
-- EXECUTE: make views that call functions.
-- TRIGGER: make triggers.
-- EVENT: make events.
-- SUPER: let their definers stay who they were, and make functions and triggers on a server with a binary log.
CREATE USER IF NOT EXISTS 'kagu_restore'@'10.0.0.%' IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 2;
GRANT SELECT ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT INSERT ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT CREATE ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT DROP ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT CREATE VIEW ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT CREATE ROUTINE ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT ALTER ROUTINE ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT EXECUTE ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT TRIGGER ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT EVENT ON *.* TO 'kagu_restore'@'10.0.0.%';
GRANT SUPER ON *.* TO 'kagu_restore'@'10.0.0.%';
`},
		{"into two", []string{"--host=::1", "--user=rescue", "--schema=a_b", "--schema=c"}, strings.ReplaceAll(`-- Restores of schemas into a running Galera cluster: kagu backup restore CLUSTER --schema.
-- Write the password for <PASSWORD>. Accounts are replicated: run it on one node. In kagu.yaml name it as the credential restore.
-- SELECT: see that the schema is there, and set sequences.
-- INSERT: write rows.
-- CREATE: make the schema and its tables.
-- DROP: replace tables, if you agreed to that, and what a try left that was cut short.
-- CREATE VIEW: make views.
-- CREATE ROUTINE: make functions, procedures and packages.
-- ALTER ROUTINE: replace them.
-- EXECUTE: make views that call functions.
-- TRIGGER: make triggers.
-- EVENT: make events.
-- SUPER: let their definers stay who they were, and make functions and triggers on a server with a binary log.
CREATE USER IF NOT EXISTS 'rescue'@'::1' IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 2;
GRANT SELECT ON ~a\_b~.* TO 'rescue'@'::1';
GRANT INSERT ON ~a\_b~.* TO 'rescue'@'::1';
GRANT CREATE ON ~a\_b~.* TO 'rescue'@'::1';
GRANT DROP ON ~a\_b~.* TO 'rescue'@'::1';
GRANT CREATE VIEW ON ~a\_b~.* TO 'rescue'@'::1';
GRANT CREATE ROUTINE ON ~a\_b~.* TO 'rescue'@'::1';
GRANT ALTER ROUTINE ON ~a\_b~.* TO 'rescue'@'::1';
GRANT EXECUTE ON ~a\_b~.* TO 'rescue'@'::1';
GRANT TRIGGER ON ~a\_b~.* TO 'rescue'@'::1';
GRANT EVENT ON ~a\_b~.* TO 'rescue'@'::1';
GRANT SUPER ON *.* TO 'rescue'@'::1';
GRANT SELECT ON ~c~.* TO 'rescue'@'::1';
GRANT INSERT ON ~c~.* TO 'rescue'@'::1';
GRANT CREATE ON ~c~.* TO 'rescue'@'::1';
GRANT DROP ON ~c~.* TO 'rescue'@'::1';
GRANT CREATE VIEW ON ~c~.* TO 'rescue'@'::1';
GRANT CREATE ROUTINE ON ~c~.* TO 'rescue'@'::1';
GRANT ALTER ROUTINE ON ~c~.* TO 'rescue'@'::1';
GRANT EXECUTE ON ~c~.* TO 'rescue'@'::1';
GRANT TRIGGER ON ~c~.* TO 'rescue'@'::1';
GRANT EVENT ON ~c~.* TO 'rescue'@'::1';
`, "~", "`")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, grants(t, "restore", c.args...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
