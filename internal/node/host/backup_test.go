package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
	"github.com/kagu-db/kagu/internal/wsrep"
)

func TestMayBackup(t *testing.T) {
	dir := t.TempDir()
	fit := func() member {
		return member{
			dataDir: dir, lsn: 1000,
			status: wsrep.Status{
				ClusterStatus: "primary", State: "synced", DesyncCount: wsrep.Int{Known: true},
				Members: wsrep.Members{Known: true, Addresses: []string{"10.0.0.11:3306", "10.0.0.12:3306"}},
			},
		}
	}
	one := wsrep.Int{Value: 1, Known: true}
	for _, tc := range []struct {
		name   string
		change func(*member)
		r      node.Request
		says   string // "" allows
	}{
		{name: "a member that is Synced"},
		{name: "nothing is known", change: func(m *member) { *m = member{dataDir: dir} }, says: "no primary component"},
		{name: "not primary", change: func(m *member) { m.status.ClusterStatus = "non_primary" }, says: "no primary component"},
		{name: "a joiner", change: func(m *member) { m.status.State = "joiner" }, says: "not Synced"},
		{name: "a donor", change: func(m *member) { m.status.State, m.status.DesyncCount = "donor", one }, says: "state transfer"},
		{name: "a donor that a human desynced before", change: func(m *member) {
			m.status.State, m.desync, m.status.DesyncCount = "donor", true, wsrep.Int{Value: 2, Known: true}
		}, says: "state transfer"},
		{name: "desynced by a human", change: func(m *member) { m.status.State, m.desync, m.status.DesyncCount = "donor", true, one }},
		{name: "desynced, and by how much is not known", change: func(m *member) {
			m.status.State, m.desync, m.status.DesyncCount = "donor", true, wsrep.Int{}
		}, says: "state transfer"},
		{name: "the members are not known", change: func(m *member) { m.status.Members = wsrep.Members{} }, says: "try again"},
		{name: "alone with an arbitrator", change: func(m *member) {
			m.status.Members = wsrep.Members{Known: true, Addresses: []string{"10.0.0.11:3306"}, Arbitrators: 1}
		}, says: "only member that holds data"},
		{name: "alone and allowed to be", r: node.Request{Alone: true}, change: func(m *member) { m.status.Members.Addresses = m.status.Members.Addresses[:1] }},
		{name: "another server's data directory", change: func(m *member) { m.dataDir = "/somewhere/else" }, says: "correct kagu.yaml"},
		{name: "from an LSN that it has not come to", r: node.Request{Since: 1001}, says: "take a full one"},
		{name: "from where it is", r: node.Request{Since: 1000}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := fit()
			if tc.change != nil {
				tc.change(&m)
			}
			err := mayBackup(tc.r, inventory.Node{DataDir: dir, SQL: "10.0.0.11:3306"}, m)
			if (err != nil) != (tc.says != "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, want %q", err, tc.says)
			}
			if _, refused := errors.AsType[*refusal](err); err != nil && !refused {
				t.Error("it is no refusal")
			}
		})
	}
}

func TestTheToolFitsItsServer(t *testing.T) {
	for _, tc := range []struct {
		tool, server string
		says         string
	}{
		{"10.11.14-MariaDB", "10.11.14-MariaDB-0+deb12u2-log", ""},
		{"10.11.14-MariaDB", "10.11.9-MariaDB", ""},
		{"10.11.9-MariaDB", "10.11.14-MariaDB", "series 10.11, not older"},
		{"11.4.2-MariaDB", "10.11.14-MariaDB", "series 10.11"},
		{"10.11.14-MariaDB", "8.0.36", "series 8.0"},
		{"10.11.14-MariaDB", "", "no version"},
	} {
		err := fits(tc.tool, tc.server)
		if (err != nil) != (tc.says != "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s and %s: got %v, want %q", tc.tool, tc.server, err, tc.says)
		}
	}
}

func TestNothingOfARequestBecomesTextOfACommand(t *testing.T) {
	args := backupArgs(node.Request{Since: 1<<64 - 1, Parallel: 3, Rate: 7 << 20, Why: "--target-dir=/", By: "x"}, "/run/kagu-backup-1")
	want := []string{
		"--defaults-file=/proc/self/fd/3", "--backup", "--stream=mbstream", "--galera-info", "--target-dir=/run/kagu-backup-1", "--tmpdir=/run/kagu-backup-1",
		"--extra-lsndir=/run/kagu-backup-1/lsn", "--parallel=3", "--loose-verbose", "--incremental-lsn=18446744073709551615",
	}
	if diff := cmp.Diff(want, args); diff != "" {
		t.Error(diff)
	}
}

func TestOptionFile(t *testing.T) {
	cred := inventory.Credential{User: "kagu", Password: inventory.NewSecret(`a"b\c#d 'e;`)}
	verify := &inventory.TLS{Mode: inventory.TLSVerify, CAFile: "/etc/ca.pem"}
	for _, tc := range []struct {
		name      string
		tls       *inventory.TLS
		encrypted bool
		want      string
	}{
		{name: "plain", want: "skip-ssl\n"},
		{name: "as our own connection", tls: &inventory.TLS{Mode: inventory.TLSPreferred}, encrypted: true, want: "ssl\n"},
		{name: "checked", tls: verify, encrypted: true, want: "ssl\nssl-ca=\"/etc/ca.pem\"\nssl-verify-server-cert\n"},
		{name: "a name that the tool cannot compare: its authority alone", tls: &inventory.TLS{Mode: inventory.TLSVerify, CAFile: "/etc/ca.pem", ServerName: "db"}, encrypted: true, want: "ssl\nssl-ca=\"/etc/ca.pem\"\n"},
		{name: "with a certificate of ours", tls: &inventory.TLS{Mode: inventory.TLSPreferred, CertFile: "/c", KeyFile: "/k"}, encrypted: true, want: "ssl\nssl-cert=\"/c\"\nssl-key=\"/k\"\n"},
	} {
		got, err := optionFile("[::1]:3306", cred, tc.tls, tc.encrypted)
		want := "[client]\nprotocol=tcp\nhost=\"::1\"\nport=\"3306\"\nuser=\"kagu\"\npassword=\"a\\\"b\\\\c#d 'e;\"\n" + tc.want
		if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tc.name, err, diff)
		}
	}
	named := &inventory.TLS{Mode: inventory.TLSVerify, ServerName: "db"}
	if got, err := optionFile("[::1]:3306", cred, named, true); err == nil || !strings.Contains(err.Error(), "mariadb-backup cannot check the server_name of tls: name a ca_file") {
		t.Errorf("a name, and authorities that vouch for everybody: %v\n%s", err, got)
	}
}

func TestLineageChangesWithTheData(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	lineage := func() string {
		t.Helper()
		l, err := lineageOf(dir)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	write("ibdata1", "pages")
	write("ib_logfile0", "log")
	if _, err := lineageOf(dir); err == nil {
		t.Error("a lineage without a file by which a transfer shows")
	}
	write("mysql/db.opt", "charset")
	first := lineage()
	write("ibdata1", "other pages") // as the server does all the time
	if lineage() != first {
		t.Error("writing to the tablespace changed it")
	}
	if err := os.Chmod(filepath.Join(dir, "mysql/db.opt"), 0o640); err != nil {
		t.Fatal(err)
	}
	if lineage() != first {
		t.Error("chmod changed it")
	}
	write("mysql/db.opt", "charset") // as rsync does
	second := lineage()
	if second == first {
		t.Error("a transfer into the same files did not change it")
	}
	if err := errors.Join(os.Rename(filepath.Join(dir, "ib_logfile0"), filepath.Join(dir, "old")), os.WriteFile(filepath.Join(dir, "ib_logfile0"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if lineage() == second {
		t.Error("another redo log did not change it")
	}
}

func TestFactsOfABackup(t *testing.T) {
	var got node.Stream
	err := errors.Join(
		parseCheckpoints("backup_type = incremental\nfrom_lsn = 67214\nto_lsn = 70728\nlast_lsn = 70800\nrecover_binlog_info = 0\n", &got),
		parseGaleraInfo("0d4d32ce-eb26-11f1-89d3-93e99cf6f869:15 0\n", &got),
		parseBinlogInfo("binlog.000002\t387\t1-1-15,11-1-3\n", &got),
	)
	want := node.Stream{
		FromLSN: 67214, ToLSN: 70728, LastLSN: 70800, UUID: "0d4d32ce-eb26-11f1-89d3-93e99cf6f869", Seqno: 15,
		Binlog: &node.Binlog{File: "binlog.000002", Pos: 387, GTID: "1-1-15,11-1-3"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, tc := range []struct{ checkpoints, galera, binlog string }{
		{checkpoints: ""},
		{checkpoints: "to_lsn = x\n"},
		{checkpoints: "to_lsn = -1\n"},
		{galera: ""},
		{galera: zeroUUID + ":5\n"},
		{galera: "0d4d32ce-eb26-11f1-89d3-93e99cf6f869:-1\n"},
		{galera: "0d4d32ce-eb26-11f1-89d3-93e99cf6f869\n"},
		{binlog: "binlog.000002"},
		{binlog: "../x\t4\n"},
		{binlog: "binlog.000002\tfour\n"},
	} {
		var s node.Stream
		if parseCheckpoints(tc.checkpoints, &s) == nil || parseGaleraInfo(tc.galera, &s) == nil || parseBinlogInfo(tc.binlog, &s) == nil {
			t.Errorf("accepted %+v as %+v", tc, s)
		}
	}
}

func FuzzFactsOfABackup(f *testing.F) {
	f.Add("from_lsn = 0\nto_lsn = 67214\nlast_lsn = 70728\n", "0d4d32ce-eb26-11f1-89d3-93e99cf6f869:15 0\n", "binlog.000002\t387\t1-1-15\n")
	f.Add("to_lsn=1", "0d4d32ce-eb26-11f1-89d3-93e99cf6f869:15", "b\t1")
	f.Fuzz(func(t *testing.T, checkpoints, galera, binlog string) {
		var s node.Stream
		if parseCheckpoints(checkpoints, &s) == nil && s.ToLSN == 0 {
			t.Errorf("no LSN in %q", checkpoints)
		}
		if parseGaleraInfo(galera, &s) == nil && (s.UUID == "" || s.UUID == zeroUUID || s.Seqno < 0) {
			t.Errorf("no position in %q", galera)
		}
		if parseBinlogInfo(binlog, &s) == nil && (s.Binlog.File == "" || strings.ContainsAny(s.Binlog.File, "/\\\x00\n")) {
			t.Errorf("let in %q", s.Binlog.File)
		}
	})
}

func TestTheLastLinesAreThoseThatSpeakOfAnError(t *testing.T) {
	var l lastLines
	_, _ = l.Write([]byte("[01] Streaming ./sys/statements_with_errors_or_warnings.frm\n[00] Error: missing required privilege PROCESS on *.*\n[01] Streaming ./a.frm\n"))
	if got := l.add(errors.New("exit status 1")).Error(); got != "exit status 1; it said: [00] Error: missing required privilege PROCESS on *.*" {
		t.Error(got)
	}
}
