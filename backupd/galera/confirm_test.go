package galera

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
)

func TestTheLogThatABackupStandsIn(t *testing.T) {
	// Server 7 begun it at second 1000 and had written 40 transactions by then; two more follow.
	b := newBinlogAt(1000)
	state := binary.LittleEndian.AppendUint32(nil, 2)
	for _, n := range [][3]uint64{{0, 9, 12}, {0, 7, 40}} {
		state = binary.LittleEndian.AppendUint32(state, uint32(n[0]))
		state = binary.LittleEndian.AppendUint32(state, uint32(n[1]))
		state = binary.LittleEndian.AppendUint64(state, n[2])
	}
	b.event(eventState, 1000, state)
	begin := uint64(b.Len())
	b.transaction(41, 1001, 5)
	middle := uint64(b.Len())
	b.transaction(42, 1002, 6)
	end := uint64(b.Len())
	path := filepath.Join(t.TempDir(), "log.000007")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		at    uint64
		gtid  string
		ended int64
		err   string
	}{
		{name: "between two transactions", at: middle, gtid: "0-7-41", ended: 1001},
		{name: "at its begin", at: begin, gtid: "0-7-40", ended: 1000},
		{name: "at its end", at: end, gtid: "0-7-42", ended: 1002},
		{name: "another server's transaction is the newest that the backup knows", at: middle, gtid: "0-9-12,1-1-1", ended: 1001},
		{name: "no transaction is known", at: middle, ended: 1001},
		{name: "a clock that is a little behind", at: middle, gtid: "0-7-41", ended: 1000 - 60},
		{name: "the names were given again: begun after the backup", at: middle, gtid: "0-7-41", ended: 1000 - 3600, err: "it was begun at 1970-01-01T00:16:40Z, after that backup had ended"},
		{name: "the backup has seen fewer transactions", at: middle, gtid: "0-7-12", ended: 1001, err: "its newest transaction of that server is 0-7-41, and the backup's is 0-7-12"},
		{name: "or more", at: begin, gtid: "0-7-41", ended: 1001, err: "is 0-7-40, and the backup's is 0-7-41"},
		{name: "no event ends there", at: middle + 1, gtid: "0-7-41", ended: 1001, err: "the middle of an event"},
		{name: "it is not so long", at: end + 100, gtid: "0-7-42", ended: 1001, err: "cannot be read up to"},
	} {
		base := backupd.Manifest{ID: "base", Ended: time.Unix(c.ended, 0), Facts: backupd.Facts{Position: backupd.Position{File: "log.000007", Offset: c.at, GTID: c.gtid}}}
		err := confirm(path, base)
		if (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || !errors.Is(err, backupd.ErrBroken)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		}
	}
}

func TestABinaryLogIsKnownAgain(t *testing.T) {
	write := func(b *logWriter) (path string) {
		path = filepath.Join(t.TempDir(), "log.000007")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	look := func(b *logWriter) binlog.Mark {
		path := write(b)
		p, err := lookAt(path, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		m, err := markOf("u", path, 0, p)
		if err != nil || len(m.Sum) != 32 {
			t.Fatalf("%q, %v", m.Sum, err)
		}
		return m
	}
	same := look(newBinlogAt(1000).transaction(1, 1001, 5))
	if got := binlog.ParseMark(same.String()); got != same {
		t.Errorf("read again it is %+v, not %+v", got, same)
	}
	for name, b := range map[string]*logWriter{
		"begun at another second":     newBinlogAt(2000).transaction(1, 1001, 5),
		"another last transaction":    newBinlogAt(1000).transaction(1, 1001, 6),
		"at another second":           newBinlogAt(1000).transaction(1, 1002, 5),
		"nothing but its first event": newBinlogAt(1000),
	} {
		if look(b) == same {
			t.Errorf("%s: taken for the same", name)
		}
	}
	inUse := newBinlogAt(1000).transaction(1, 1001, 5)
	inUse.Bytes()[len(logMagic)+headSize-2] ^= flagInUse
	if look(inUse) != same {
		t.Error("a log that was closed since is not known again")
	}
	for _, text := range []string{"", "u/4", "u/x/5", "u/4/5/6"} {
		if got := binlog.ParseMark(text); got.Sum != "" {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
