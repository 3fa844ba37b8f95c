package binlog_test

import (
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/binlog"
)

func TestALineMeetsItsServer(t *testing.T) {
	known := binlog.Mark{Of: "u", At: 4, Sum: "5"}
	at := func(node, file string, offset uint64) binlog.Line {
		return binlog.Line{Node: node, File: file, Offset: offset, In: file, Mark: known}
	}
	behind := func(in, file string) binlog.Line { return binlog.Line{Node: "n3", File: file, In: in, Mark: known} }
	fresh := func(file, why string) binlog.Line {
		return binlog.Line{Node: "n3", File: file, In: file, Mark: binlog.Mark{Of: "u"}, Note: binlog.NoteNew + why}
	}
	for _, c := range []struct {
		name string
		line binlog.Line
		want binlog.Line // of its note the begin
	}{
		{name: "the first one begins with the newest file", want: fresh("log.000008", "there was none before")},
		{name: "goes on", line: at("n3", "log.000007", 900), want: at("n3", "log.000007", 900)},
		{name: "goes on in the middle", line: at("n3", "log.000007", 200), want: at("n3", "log.000007", 200)},
		{name: "goes on with the next file", line: behind("log.000007", "log.000008"), want: behind("log.000007", "log.000008")},
		{name: "another member", line: at("n2", "log.000007", 200), want: fresh("log.000008", "the one before was of n2")},
		{name: "what followed was purged", line: at("n3", "log.000005", 200), want: fresh("log.000007", "a gap, since what followed log.000005 at 200 was purged")},
		{name: "the file before the next one was purged", line: behind("log.000006", "log.000007"), want: fresh("log.000007", "log.000006, by which log.000007 at 0 is known again, was purged")},
		{name: "the file is shorter than what was archived of it", line: at("n3", "log.000008", 301), want: fresh("log.000008", "after log.000008 at 301 the server has begun")},
		{name: "numbers began anew", line: at("n3", "log.000900", 4), want: fresh("log.000008", "after log.000900")},
		{name: "the next file is not there", line: behind("log.000008", "log.000009"), want: fresh("log.000008", "after log.000009")},
		{name: "files have another name", line: at("n3", "old.000005", 4), want: fresh("log.000008", "after old.000005")},
		{
			name: "nothing tells whether it is the same file", line: binlog.Line{Node: "n3", File: "log.000007", Offset: 200, In: "log.000007"},
			want: fresh("log.000007", "by what log.000007 at 200 is known again was not noted"),
		},
		{
			name: "nothing tells whether the one before is", line: binlog.Line{Node: "n3", File: "log.000008", In: "log.000007"},
			want: fresh("log.000008", "by what log.000008 at 0 is known again was not noted"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := c.line
			l.Meet(binlog.Server{Name: "n3", Of: "u", Logs: []binlog.Log{{Name: "log.000007", Size: 900}, {Name: "log.000008", Size: 300}}})
			note, want := l.Note, c.want.Note
			if l.Note, c.want.Note = "", ""; l != c.want || !strings.HasPrefix(note, want) || (note == "") != (want == "") {
				t.Errorf("%+v, %q", l, note)
			}
		})
	}
}

func TestAReasonStaysUntilAPieceSaysIt(t *testing.T) {
	s := binlog.Server{Name: "n3", Logs: []binlog.Log{{Name: "log.000007", Size: 900}}}
	l := binlog.Line{}
	l.Meet(s)
	l.Meet(s) // nothing could be archived meanwhile
	if l.Note != binlog.NoteNew+"there was none before" {
		t.Errorf("note %q", l.Note)
	}
	l.Kept(900, binlog.Mark{At: 800, Sum: "5"})
	if l.Meet(s); l.Note != "" || l.Offset != 900 {
		t.Errorf("%+v", l)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		file, other string
		after       bool
	}{
		{"log.000007", "log.000007", true},
		{"log.000010", "log.000009", true},
		{"log.1000000", "log.999999", true},
		{"log.000006", "log.000007", false},
		{"old.000008", "log.000007", false},
	} {
		if got := binlog.After(c.file, c.other); got != c.after {
			t.Errorf("%s after %s: %v", c.file, c.other, got)
		}
	}
	for _, bad := range []string{"", "log", "../log.000001", "log.01", "-log.000001", "a b.000001", "log'.000001"} {
		if name, err := binlog.Name(bad); err == nil {
			t.Errorf("%q passed as %q", bad, name)
		}
	}
}
