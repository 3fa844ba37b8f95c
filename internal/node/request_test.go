package node

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const wellFormed = `{"v":1,"verb":"start","cluster":"backoffice","node":"db1","id":"0123456789","not_after":"2026-03-01T12:00:00Z","by":"remediator"}`

func TestParseRequest(t *testing.T) {
	start := Request{Version: 1, Verb: Start, Cluster: "backoffice", Node: "db1", ID: "0123456789", By: "remediator", NotAfter: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	report := Request{Version: 1, Verb: Report, Cluster: "b", Node: "n"}
	as := func(verb, more string) string {
		return strings.TrimSuffix(strings.Replace(wellFormed, `"start"`, `"`+verb+`"`, 1), "}") + more + "}"
	}
	farthest := start
	farthest.Verb, farthest.Since, farthest.Lineage = Backup, 1<<64-1, "0123456789abcdef"
	incremental := farthest
	incremental.Since, incremental.Parallel, incremental.Rate, incremental.Desync = 67214, 2, 16<<20, true
	growing := start
	growing.Verb, growing.BackupID, growing.Follow = Collect, 7, true
	with := func(more string) string { return `{"v":1,"verb":"report","cluster":"b","node":"n"` + more + `}` }
	for _, tc := range []struct {
		name, text string
		want       Request
		err        string
	}{
		{name: "plain JSON", text: wellFormed, want: start},
		{name: "base64 as it travels", text: base64.RawURLEncoding.EncodeToString([]byte(wellFormed)), want: start},
		{name: "blanks around", text: "\n " + with("") + " \n", want: report},

		{name: "nothing", text: "  ", err: "empty"},
		{name: "a shell command", text: "systemctl stop mariadb", err: "neither"},
		{name: "a shell command in base64", text: base64.RawURLEncoding.EncodeToString([]byte("rm -rf /")), err: "not a JSON object"},
		{name: "an array", text: "[]", err: "neither"},
		{name: "another version", text: strings.Replace(with(""), `"v":1`, `"v":2`, 1), err: "version is 2"},
		{name: "no version", text: `{"verb":"report","cluster":"b","node":"n"}`, err: "version is 0"},
		{name: "a version in quotes", text: strings.Replace(with(""), `"v":1`, `"v":"1"`, 1), err: "read request"},
		{name: "an unknown verb", text: strings.Replace(with(""), "report", "bootstrap", 1), err: "not one of report, start, stop, backup"},
		{name: "an unknown key", text: with(`,"argv":"sh"`), err: `unknown key "argv"`},
		{name: "a known key in another case", text: with(`,"Operator":true`), err: `unknown key "Operator"`},
		{name: "a key twice", text: with(`,"node":"other"`), err: `"node" twice`},
		{name: "null", text: with(`,"operator":null`), err: "plain value"},
		{name: "a nested value", text: with(`,"why":["x"]`), err: "plain value"},
		{name: "something behind", text: with("") + "{}", err: "something after"},
		{name: "cut short", text: with("")[:40], err: "read request"},
		{name: "a path for a node", text: strings.Replace(with(""), `"n"`, `"../n"`, 1), err: "is not a name"},
		{name: "shell text for a cluster", text: strings.Replace(with(""), `"b"`, `"$(reboot)"`, 1), err: "is not a name"},
		{name: "a line break in the reason", text: with(`,"why":"a\nb"`), err: "why must be"},
		{name: "an escape sequence in the name", text: with(`,"by":"\u001b[2J"`), err: "by must be"},
		{name: "text that reverses the line", text: with(`,"by":"a\u202eb"`), err: "by must be"},
		{name: "a long reason", text: with(`,"why":"` + strings.Repeat("x", 257) + `"`), err: "at most 256"},
		{name: "not UTF-8", text: with(",\"why\":\"\xff\""), err: "not UTF-8"},
		{name: "too large", text: with(strings.Repeat(" ", MaxRequest)), err: "larger than 4096"},
		{name: "start without an id", text: strings.Replace(wellFormed, `"id":"0123456789",`, "", 1), err: "id must be"},
		{name: "start with a short id", text: strings.Replace(wellFormed, "0123456789", "0123", 1), err: "id must be"},
		{name: "start with a path as id", text: strings.Replace(wellFormed, "0123456789", "../../../x", 1), err: "id must be"},
		{name: "start without a limit in time", text: strings.Replace(wellFormed, `"not_after":"2026-03-01T12:00:00Z",`, "", 1), err: "not_after is missing"},
		{name: "a limit that is no time", text: strings.Replace(wellFormed, "2026-03-01T12:00:00Z", "soon", 1), err: "read request"},
		{name: "a backup that follows another", text: as("backup", `,"since":67214,"lineage":"0123456789abcdef","parallel":2,"rate":16777216,"desync":true`), want: incremental},
		{name: "an LSN as large as there is", text: as("backup", `,"since":18446744073709551615,"lineage":"0123456789abcdef"`), want: farthest},
		{name: "a backup since an LSN of no lineage", text: as("backup", `,"since":67214`), err: "give both or none"},
		{name: "a lineage that is none", text: as("backup", `,"since":1,"lineage":"../../../../etc/x"`), err: "give both or none"},
		{name: "an LSN that is no number", text: as("backup", `,"since":"--target-dir=/"`), err: "read request"},
		{name: "a negative LSN", text: as("backup", `,"since":-1`), err: "read request"},
		{name: "a fraction of a thread", text: as("backup", `,"parallel":1.5`), err: "read request"},
		{name: "too many threads", text: as("backup", `,"parallel":65`), err: "parallel must be"},
		{name: "a negative rate", text: as("backup", `,"rate":-1`), err: "rate must be 65536"},
		{name: "a rate at which it would never end", text: as("backup", `,"rate":65535`), err: "rate must be 65536"},
		{name: "a throttle, of a backupd that counted reads", text: as("backup", `,"throttle":5`), err: `unknown key "throttle"`},
		{name: "a report that desyncs", text: with(`,"desync":true`), err: `"report" takes no desync`},
		{name: "a start with a rate", text: as("start", `,"rate":65536`), err: `"start" takes no rate`},
		{name: "a collection of no backup", text: as("collect", ""), err: "backup_id is missing"},
		{name: "a collection of a backup that is still being written", text: as("collect", `,"backup_id":7,"follow":true`), want: growing},
		{name: "a removal that follows", text: as("discard", `,"backup_id":7,"follow":true`), err: `"discard" takes no follow`},
		{name: "a path to follow", text: as("collect", `,"backup_id":7,"follow":"/etc"`), err: "read request"},
		{name: "a backup id that is a path", text: as("discard", `,"backup_id":"../1"`), err: "read request"},
		{name: "a backup id that is too large", text: as("discard", `,"backup_id":4294967296`), err: "read request"},
		{name: "consent for another node", text: as("restore", `,"operator":true,"consent":"backoffice/db2"`), err: "consent must be"},
		{name: "consent of nobody", text: as("restore", `,"consent":"backoffice/db1"`), err: "consent must be"},
		{name: "start by nobody", text: strings.Replace(wellFormed, `,"by":"remediator"`, "", 1), err: "by is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseRequest([]byte(tc.text))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got %v, want an error that says %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatTravelsIsHarmlessToAShell(t *testing.T) {
	r := Request{Version: 1, Verb: Stop, Cluster: "b", Node: "n", ID: "0123456789", NotAfter: time.Unix(1, 0).UTC(), By: "x; reboot", Why: "$(reboot) `reboot` 'a' \"b\" > /x"}
	wire, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if left := strings.Trim(wire, harmless); left != "" {
		t.Errorf("the wire form holds %q", left)
	}
	back, err := ParseRequest([]byte(wire))
	if diff := cmp.Diff(r, back); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestLate(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		ahead time.Duration
		err   string
	}{
		{name: "in time", ahead: time.Minute},
		{name: "at the last moment", ahead: 0},
		{name: "the longest allowed", ahead: 2 * time.Minute},
		{name: "late", ahead: -time.Millisecond, err: "1ms after"},
		{name: "an hour late", ahead: -time.Hour, err: "do the clocks agree"},
		{name: "too far ahead", ahead: 2*time.Minute + time.Second, err: "more than 2m0s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Request{NotAfter: now.Add(tc.ahead)}.Late(now)
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got %v, want %q", err, tc.err)
			}
		})
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(wellFormed))
	f.Add([]byte(base64.RawURLEncoding.EncodeToString([]byte(wellFormed))))
	f.Add([]byte(`{"v":1,"verb":"report","cluster":"b","node":"n","node":"m"}`))
	f.Add([]byte(`{"v":1,"verb":"stop","cluster":"b","node":"n","why":"\u202e\u0000"}`))
	f.Add([]byte(strings.Replace(wellFormed, `"start"`, `"backup","since":67214,"lineage":"0123456789abcdef","parallel":2,"rate":16777216,"desync":true,"alone":true`, 1)))
	f.Add([]byte(strings.Replace(wellFormed, `"start"`, `"discard","backup_id":7`, 1)))
	f.Add([]byte(strings.Replace(wellFormed, `"start"`, `"collect","backup_id":7,"follow":true`, 1)))
	f.Add([]byte(strings.Replace(wellFormed, `"start"`, `"restore","operator":true,"consent":"backoffice/db1"`, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseRequest(text)
		if err != nil {
			return
		}
		for _, free := range []string{r.By, r.Why} {
			if strings.ContainsFunc(free, func(c rune) bool { return c < ' ' || c == 0x7f }) {
				t.Errorf("control character let in: %q", free)
			}
		}
		if strings.ContainsAny(r.Cluster+r.Node+r.ID+r.Lineage+strings.Replace(r.Consent, "/", "", 1), "/\\ $'\"`") {
			t.Errorf("names: %q %q %q", r.Cluster, r.Node, r.ID)
		}
		wire, err := r.Encode()
		if err != nil {
			return // a text that only just fitted can be too long in base64
		}
		back, err := ParseRequest([]byte(wire))
		if diff := cmp.Diff(r, back); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}
