package backupd

import (
	"fmt"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// piece is an archived piece of file number n of a member, from one offset to another; hour is when
// it was read, and its newest transaction is of half an hour before.
func piece(node string, n int, from, to uint64, hour int) Entry {
	file := fmt.Sprintf("binlog.%06d", n)
	m := Manifest{ID: fmt.Sprint(hour, node), Method: Binlog, Begun: oclock(hour), Ended: oclock(hour)}
	m.Origin.Nodes = []string{node}
	m.From, m.Position = &Position{File: file, Offset: from}, Position{File: file, Offset: to, Time: oclock(hour).Add(-30 * time.Minute)}
	return Entry{Manifest: m}
}

func full(hour int, records ...Record) Entry {
	return Entry{Manifest: Manifest{ID: fmt.Sprint("full", hour), Method: Physical, Begun: oclock(hour), Ended: oclock(hour).Add(10 * time.Minute)}, Records: records}
}

func oclock(hour int) time.Time { return time.Date(2026, 11, 28, hour, 0, 0, 0, time.UTC) }

func TestHowFarAClusterCanBeRestored(t *testing.T) {
	bad := Record{Look: Opened, Said: "part 3 is damaged"}
	for _, c := range []struct {
		name      string
		entries   []Entry
		stretches int
		reach     string // hours and minutes; "" for none
	}{
		{"nothing", nil, 0, ""},
		{"a backup without logs", []Entry{full(2)}, 0, ""},
		{"logs without a backup", []Entry{piece("n1", 1, 0, 100, 1), piece("n1", 1, 100, 200, 3)}, 1, ""},
		{"a backup within the logs", []Entry{piece("n1", 1, 0, 100, 1), full(2), piece("n1", 1, 100, 200, 9)}, 1, "02:10 to 08:30"},
		{"over the end of a file", []Entry{piece("n1", 9, 0, 100, 1), full(2), piece("n1", 10, 0, 200, 9)}, 1, "02:10 to 08:30"},
		{"a file is missing", []Entry{piece("n1", 1, 0, 100, 1), full(2), piece("n1", 3, 0, 200, 9)}, 2, ""},
		{"bytes are missing", []Entry{piece("n1", 1, 0, 100, 1), full(2), piece("n1", 1, 150, 200, 9)}, 2, ""},
		{"another member's log goes on: nobody knows where", []Entry{piece("n1", 1, 0, 100, 1), full(2), piece("n2", 1, 100, 200, 9)}, 2, ""},
		{"behind a gap counts what was taken since", []Entry{piece("n1", 1, 0, 100, 1), full(2), piece("n1", 5, 0, 9, 4), full(5), piece("n1", 5, 9, 20, 9)}, 2, "05:10 to 08:30"},
		{"a bad backup is no begin", []Entry{piece("n1", 1, 0, 100, 1), full(2, bad), full(3), piece("n1", 1, 100, 200, 9)}, 1, "03:10 to 08:30"},
		{"a backup that is newer than the logs", []Entry{piece("n1", 1, 0, 100, 1), full(2)}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := List(inventory.Cluster{Name: "backoffice"}, c.entries)
			stretches, reach := 0, ""
			if l.Logs != nil {
				stretches = len(l.Logs.Stretches)
			}
			if l.Reach != nil {
				reach = l.Reach.From.Format("15:04") + " to " + l.Reach.To.Format("15:04")
			}
			if stretches != c.stretches || reach != c.reach {
				t.Errorf("%d stretches, reach %q; want %d, %q", stretches, reach, c.stretches, c.reach)
			}
		})
	}
}

func TestWhyABackupIsNoGood(t *testing.T) {
	first, next := full(1), full(2)
	next.Manifest.Method, next.Manifest.Base = Incremental, "full1"
	for _, c := range []struct {
		name    string
		entries []Entry
		good    bool
		chain   int
	}{
		{"its base is there", []Entry{first, next}, true, 2},
		{"its base is missing", []Entry{next}, false, 0},
		{"its base is bad", []Entry{full(1, Record{Look: Opened, Said: "damaged"}), next}, false, 0},
	} {
		s, err := Show(c.entries, "backoffice", "full2")
		if err != nil || s.Good() != c.good || len(s.Chain) != c.chain || s.Bad != "" {
			t.Errorf("%s: %+v %v", c.name, s, err)
		}
	}
}
