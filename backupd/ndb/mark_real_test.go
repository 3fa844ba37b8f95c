package ndb

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
)

// knowsItsLogs gives the binary logs of the SQL node the same names again, as one does that was rebuilt. The
// archive goes on with the logs that it knows, and with no others.
func (b *bench) knowsItsLogs(t *testing.T) {
	var last *backupd.Piece
	var notes []string // of what was kept in the newest round
	a := backupd.Archive{
		Cluster: b.cluster, Dir: t.TempDir(), Tell: func(stage, detail string) { t.Log(stage+":", detail) },
		Keep: func(ctx context.Context, write func(context.Context, backupd.Sink) (backupd.Facts, error)) (backupd.Manifest, error) {
			facts, err := write(ctx, &shelf{})
			m := backupd.Manifest{ID: backupd.NewID(backupd.Binlog, time.Now()), Method: backupd.Binlog, Facts: facts}
			if err == nil {
				piece := backupd.PieceOf(m)
				last, notes = &piece, append(notes, strings.Join(m.Notes, "; "))
			}
			return m, err
		},
	}
	// archived begins as a backupd that was just started, until the archive has come to where enough says.
	archived := func(enough func() bool) []string {
		t.Helper()
		for notes = nil; ; {
			l := lineOf(last)
			if err := (&Kind{}).archiveOnce(t.Context(), a, &l); err != nil {
				t.Fatal(err)
			}
			if enough() {
				return notes
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-t.Context().Done():
				t.Fatal("the archive does not come so far")
			}
		}
	}
	asked, err := sit(t.Context(), b.cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Close()
	// insert returns when what it did stands in the binary log, a little later than it was committed.
	insert := func() {
		t.Helper()
		b.sql(t, "INSERT INTO shop.busy (note) VALUES ('the same again')")
		committed := committed(t, asked)
		for {
			handled, err := asked.handled(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if handled >= committed {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	some := func() bool { return len(notes) > 0 }
	first := func(what string, want string) {
		t.Helper()
		if got := archived(some)[0]; !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	sizeOf := func(file string) (size uint64) {
		t.Helper()
		logs, err := asked.binaryLogs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, log := range logs {
			if log.Name == file {
				size = log.Size
			}
		}
		return size
	}
	anew := func(file string) {
		t.Helper()
		var n int
		if _, err := fmt.Sscanf(file, "binlog.%d", &n); err != nil {
			t.Fatal(err)
		}
		b.sql(t, fmt.Sprintf("RESET BINARY LOGS AND GTIDS TO %d", n))
	}
	grow := func(file string, size uint64) {
		t.Helper()
		for sizeOf(file) < size {
			insert()
		}
	}

	insert()
	first("the first round", binlog.NoteNew+"there was none before")
	insert()
	first("goes on", "")
	b.sql(t, "FLUSH BINARY LOGS")
	first("a file was closed", "")
	if last.To.Offset != 0 {
		t.Errorf("a closed file ends at %+v", last.To)
	}
	insert()
	first("the next file", "")

	at := last.To
	anew(at.File)
	grow(at.File, at.Offset)
	insert()
	first("a log of the same name that is as long", binlog.NoteNew+at.File+" of s1 does not hold what was archived of it up to")

	at = last.To
	anew(at.File)
	insert()
	first("another one of any length", binlog.NoteNew)

	insert()
	first("goes on again", "")
	closed := last.To
	b.sql(t, "FLUSH BINARY LOGS")
	archived(func() bool { return last.To.Offset == 0 })
	size := sizeOf(closed.File)
	anew(closed.File)
	grow(closed.File, size)
	b.sql(t, "FLUSH BINARY LOGS")
	insert()
	first("the file before is another one", binlog.NoteNew+closed.File+" of s1 does not hold what was archived of it, so")
	if last.From.File != last.To.File || closed.File == last.To.File {
		t.Errorf("the new line begins at %+v", last.From)
	}
}
