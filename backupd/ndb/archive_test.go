package ndb

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
	"github.com/kagu-db/kagu/internal/inventory"
)

// pieceOf is a piece of the log of s1 with the global checkpoints up to stop. The last of a file ends
// where the next one begins: to is 0.
func pieceOf(file string, from, to, stop uint64, next ...string) backupd.Link {
	changed := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	m := backupd.Manifest{Method: backupd.Binlog, Begun: changed.Add(9 * time.Second)}
	m.Origin.Nodes = []string{"s1"}
	m.From = &backupd.Position{File: file, Offset: from}
	m.Position = backupd.Position{File: file, Offset: to, Stop: stop, Time: changed}
	for _, name := range next {
		m.Position.File = name
	}
	return backupd.Link{Manifest: m}
}

func TestWhatAnArchiveLeadsTo(t *testing.T) {
	m := restoreOf(backupd.ToScratch).Links[0].Manifest // binlog.000003 at 99, checkpoint 114
	foreign := pieceOf("binlog.000003", 200, 300, 130)
	foreign.Manifest.Origin.Nodes = []string{"s2"}
	whole := []backupd.Link{
		pieceOf("binlog.000002", 0, 0, 90, "binlog.000003"), pieceOf("binlog.000003", 0, 80, 110), pieceOf("binlog.000003", 80, 200, 120),
		foreign, pieceOf("binlog.000003", 200, 0, 125, "binlog.000004"), pieceOf("binlog.000004", 0, 60, 140),
	}
	begins := func(l backupd.Link, start uint64, notes ...string) backupd.Link {
		l.Manifest.From.Start, l.Manifest.Notes = start, notes
		return l
	}
	anew := begins(pieceOf("binlog.000003", 0, 200, 121), 0, binlog.NoteNew+"the server has begun its binary logs anew")
	epoch := func(gci uint64) backupd.Point { return backupd.Point{Epoch: gci<<32 | 7} }
	for _, c := range []struct {
		name   string
		logs   []backupd.Link
		to     backupd.Point
		pieces int
		err    string
	}{
		{name: "all of it", logs: whole, to: epoch(139), pieces: 4},
		{name: "beyond its end", logs: whole, to: epoch(141), pieces: 4, err: "ends with global checkpoint 140"},
		{name: "a piece is missing", logs: append(whole[:3:3], whole[5]), to: epoch(130), pieces: 2, err: "ends with global checkpoint 120"},
		{name: "a file is missing", logs: append(whole[:5:5], pieceOf("binlog.000005", 0, 60, 140)), to: epoch(130), pieces: 3, err: "ends with global checkpoint 125"},
		{name: "the first piece is missing", logs: whole[2:], to: epoch(120), err: "no archived binary log goes on"},
		{name: "none", to: epoch(120), err: "no archived binary log goes on"},
		{name: "it ends before the backup does", logs: whole[:2], to: epoch(120), pieces: 1, err: "before the end of the backup at 99"},
		{
			name: "the logs were begun anew after the file: those of the same name and size are not taken for the rest of it",
			logs: append(whole[:3:3], anew, whole[4], whole[5]), to: epoch(130), pieces: 2, err: "ends with global checkpoint 120",
		},
		{
			name: "what was there before is not taken for it either", logs: append([]backupd.Link{pieceOf("binlog.000003", 0, 80, 110), pieceOf("binlog.000003", 80, 160, 112)}, anew, whole[4], whole[5]),
			to: epoch(130), pieces: 3,
		},
		{
			name: "a log of the same name from after the backup", logs: []backupd.Link{begins(pieceOf("binlog.000003", 0, 90, 210), 200), pieceOf("binlog.000003", 90, 300, 230)},
			to: epoch(130), err: "not the one that backup 20261128T021500Z-native-abcdefgh stands in: up to 90 it has global checkpoint 210, and the backup ends with 114",
		},
		{
			name: "a log of a cluster that was made anew", logs: []backupd.Link{pieceOf("binlog.000003", 0, 100, 10), begins(pieceOf("binlog.000003", 100, 300, 20), 11)},
			to: epoch(130), err: "binlog.000003 from 100 on has global checkpoint 11, and the backup ends with 114",
		},
		{name: "a time before the newest piece", logs: whole, to: backupd.Point{Time: time.Date(2026, 11, 28, 2, 59, 0, 0, time.UTC)}, pieces: 4},
		{name: "the second of its newest change", logs: whole, to: backupd.Point{Time: time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)}, pieces: 4},
		{name: "a time between its newest change and when it was stored: the next one may hold some from before it", logs: whole, to: backupd.Point{Time: time.Date(2026, 11, 28, 3, 0, 5, 0, time.UTC)}, pieces: 4, err: "the archive ends at 2026-11-28T03:00:00Z: give a time up to that"},
		{name: "a time after it", logs: whole, to: backupd.Point{Time: time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)}, pieces: 4, err: "the archive ends at 2026-11-28T03:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := piecesOf(m, c.logs); len(got) != c.pieces {
				t.Errorf("%d pieces, want %d", len(got), c.pieces)
			}
			err := reachedBy(m, c.logs, c.to)
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// logOf is a binary log of empty events with these bodies' sizes.
func logOf(sizes ...int) []byte {
	text := []byte(binlog.Magic)
	for i, n := range sizes {
		head := make([]byte, binlog.HeadSize+n)
		if i == 0 {
			head[4] = binlog.FormatEvent
		}
		binary.LittleEndian.PutUint32(head[9:], uint32(len(head)))
		binary.LittleEndian.PutUint32(head[13:], uint32(len(text)+len(head)))
		text = append(text, head...)
	}
	return text
}

func TestAPieceThatIsSound(t *testing.T) {
	text := logOf(10, 0, 5) // ends: 33, 52, 76
	damaged := append([]byte{}, text...)
	damaged[33+9]++
	for _, c := range []struct {
		name     string
		text     []byte
		skip     int64
		from, to uint64
		err      string
	}{
		{name: "a whole file", text: text, to: 76},
		{name: "up to an event", text: text, to: 52},
		{name: "not where an event ends", text: text, to: 60, err: "no event ends at 60"},
		{name: "cut short", text: text[:72], to: 76, err: "no event ends at 76"},
		{name: "the head of an event is cut", text: text[:60], to: 76, err: "read the event at 52"},
		{name: "an event that stands elsewhere", text: damaged, to: 76, err: "says that the next one begins at"},
		{name: "something else", text: []byte("hello, world, and more"), to: 22, err: "no binary log"},
		{name: "the rest of a file, behind a format event", text: append(append([]byte{}, text[:33]...), text[52:]...), skip: 33, from: 52, to: 76},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, c.text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := soundPiece(path, c.skip, c.from, c.to)
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v", err)
			}
			if skip, err := afterFormat(path); c.name == "a whole file" && (skip != 33 || err != nil) {
				t.Errorf("the format event ends at %d, %v", skip, err)
			}
		})
	}
}

func TestAPieceInWhichChangesAreMissing(t *testing.T) {
	text := logOf(10, 0, 5) // ends: 33, 52, 76
	binary.LittleEndian.PutUint32(text[33:], 1234)
	text[33+4] = lostType
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := soundPiece(path, 0, 0, 76); err != nil || len(got.lost) != 1 || got.lost[0] != (epochEnd{To: 52, Lost: 1234}) {
		t.Errorf("%v, %v", got, err)
	}

	m := restoreOf(backupd.ToScratch).Links[0].Manifest // binlog.000003 at 99, checkpoint 114
	holed := pieceOf("binlog.000003", 200, 300, 130)
	holed.Manifest.Notes = []string{lostNote}
	// Epochs 121 and 125, a restart at 03:00, epoch 130.
	at := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	holed.Source = &shelf{streams: map[string][]byte{indexStream: fmt.Appendf(nil,
		`[{"epoch": %d, "to": 220}, {"epoch": %d, "to": 240}, {"epoch": 0, "to": 250, "lost": %d}, {"epoch": %d, "to": 300}]`, uint64(121)<<32, uint64(125)<<32, at.Unix(), uint64(130)<<32)}}
	pieces := []backupd.Link{pieceOf("binlog.000003", 0, 200, 120), holed}
	late := m
	late.Position.Offset = 250
	for _, c := range []struct {
		name string
		from backupd.Manifest
		to   backupd.Point
		err  string
	}{
		{name: "an epoch before it", from: m, to: backupd.Point{Epoch: 125 << 32}},
		{name: "an epoch after it", from: m, to: backupd.Point{Epoch: 130 << 32}, err: "binlog.000003 at 250, s1 has missed changes"},
		{name: "a second before it", from: m, to: backupd.Point{Time: at}},
		{name: "a second after it", from: m, to: backupd.Point{Time: at.Add(time.Second)}, err: "before 2026-11-28T03:00:00Z"},
		{name: "a backup that was taken after it", from: late, to: backupd.Point{Epoch: 130 << 32}},
	} {
		err := unbroken(t.Context(), c.from, pieces, c.to)
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if end, over, err := endOf(t.Context(), holed, 125<<32|7); err != nil || end != 240 || !over {
		t.Errorf("ends at %d, %v, %v", end, over, err)
	}
}

func FuzzSoundPiece(f *testing.F) {
	f.Add(logOf(10, 0, 5), uint64(76))
	f.Add([]byte(binlog.Magic), uint64(4))
	f.Fuzz(func(t *testing.T, text []byte, to uint64) {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = afterFormat(path) // whether it panics is what is looked for
		if _, err := soundPiece(path, 0, 0, to); err == nil && to > uint64(len(text)) {
			t.Errorf("%d bytes are sound to %d", len(text), to)
		}
	})
}

func TestALoginHoldsNoLineEnd(t *testing.T) {
	c := inventory.Cluster{Backup: &inventory.Backup{Credential: inventory.Credential{User: "u", Password: inventory.NewSecret(`a"b\c`)}}}
	got, err := loginOf(c, inventory.Node{SQL: "10.0.0.1:3306"})
	if err != nil || !strings.Contains(got, `password="a\"b\\c"`) || !strings.Contains(got, `ssl-mode="DISABLED"`) {
		t.Errorf("got %s, %v", got, err)
	}
	c.Backup.Credential.Password = inventory.NewSecret("a\nssl-mode=DISABLED")
	if _, err := loginOf(c, inventory.Node{SQL: "10.0.0.1:3306"}); err == nil || strings.Contains(err.Error(), "ssl-mode=DISABLED") {
		t.Errorf("got %v", err)
	}
}

func TestALoginChecksTheServer(t *testing.T) {
	for _, c := range []struct {
		name string
		tls  inventory.TLS
		want []string
		err  string
	}{
		{name: "by the address that it was certified for", tls: inventory.TLS{CAFile: "/ca"}, want: []string{`ssl-mode="VERIFY_IDENTITY"`, `ssl-ca="/ca"`}},
		{name: "a name, which mysqlbinlog cannot compare: by the authority alone", tls: inventory.TLS{CAFile: "/ca", ServerName: "db"}, want: []string{`ssl-mode="VERIFY_CA"`, `ssl-ca="/ca"`}},
		{name: "a name, and authorities that vouch for everybody", tls: inventory.TLS{ServerName: "db"}, err: "mysqlbinlog cannot check the server_name of tls: name a ca_file"},
	} {
		c.tls.Mode = inventory.TLSVerify
		n := inventory.Cluster{TLS: &c.tls, Backup: &inventory.Backup{Credential: inventory.Credential{User: "u"}}}
		got, err := loginOf(n, inventory.Node{SQL: "10.0.0.1:3306"})
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, line := range c.want {
			if !strings.Contains(got, line+"\n") {
				t.Errorf("%s: no %s in %s", c.name, line, got)
			}
		}
	}
}

func TestTheTimeOfThePieceIsThatOfItsNewestEvent(t *testing.T) {
	text := logOf(10, 0, 5)
	for i, at := range []int{4, 33, 52} {
		binary.LittleEndian.PutUint32(text[at:], []uint32{1700000000, 1800000000, 0}[i]) // some events have none
	}
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := soundPiece(path, 0, 0, 76); err != nil || p.newest.Unix() != 1800000000 {
		t.Errorf("%v, %v", p.newest, err)
	}
}

// The lists of pieces that were put together stand one behind the other.
func TestEpochsOfSeveralPieces(t *testing.T) {
	got, err := readEpochs([]byte(`[{"epoch":7,"to":100}]null[{"epoch":8,"to":200},{"epoch":9,"to":300}]`))
	if err != nil || len(got) != 3 || got[2] != (epochEnd{Epoch: 9, To: 300}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := readEpochs([]byte(`[{"epoch":7,"to":100}][{"epoch":8`)); err == nil {
		t.Error("a list that is cut short was taken for a whole one")
	}
}
