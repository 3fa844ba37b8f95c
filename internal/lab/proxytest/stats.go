package proxytest

import (
	"encoding/csv"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// Command sends a command to HAProxy's socket and returns the answer.
func (r *Rig) Command(t testing.TB, command string) string {
	t.Helper()
	conn, err := net.DialTimeout("unix", r.Socket, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// Server returns one column of HAProxy's statistics of a server, such as "status".
func (r *Rig) Server(t testing.TB, backend, server, column string) string {
	t.Helper()
	table := csv.NewReader(strings.NewReader(r.Command(t, "show stat")))
	table.FieldsPerRecord = -1
	header, err := table.Read()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range header {
		at[name] = i
	}
	for {
		line, err := table.Read()
		if err != nil {
			t.Fatalf("HAProxy has no server %s/%s: %v", backend, server, err)
		}
		if line[0] == backend && line[1] == server {
			return line[at[column]]
		}
	}
}
