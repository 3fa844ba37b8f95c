package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBackupGrants(t *testing.T) {
	print := func(args ...string) string {
		t.Helper()
		var statements []string
		for line := range strings.Lines(grants(t, "backup", append([]string{"--host=10.0.0.%"}, args...)...)) {
			if !strings.HasPrefix(line, "--") {
				statements = append(statements, strings.TrimSpace(line))
			}
		}
		return strings.Join(statements, "\n")
	}
	const always = `CREATE USER IF NOT EXISTS 'kagu_backup'@'10.0.0.%' IDENTIFIED BY '<PASSWORD>' WITH MAX_USER_CONNECTIONS 24;
GRANT RELOAD ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT PROCESS ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT BINLOG MONITOR ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT REPLICATION SLAVE ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT SELECT ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT SHOW VIEW ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT TRIGGER ON *.* TO 'kagu_backup'@'10.0.0.%';
GRANT EVENT ON *.* TO 'kagu_backup'@'10.0.0.%';`
	if diff := cmp.Diff(always+"\nGRANT SUPER ON *.* TO 'kagu_backup'@'10.0.0.%';", print()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff(always, print("--no-desync")); diff != "" {
		t.Errorf("without the right to desync: want -, got +:\n%s", diff)
	}
}
