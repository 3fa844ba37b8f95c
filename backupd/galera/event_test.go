package galera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/binlog"
)

// logWriter writes a binary log as a server does, for tests of what reads them.
type logWriter struct{ bytes.Buffer }

func newBinlog() *logWriter { return newBinlogAt(0) }

// newBinlogAt is one that was begun at a second.
func newBinlogAt(stamp uint32) *logWriter {
	b := &logWriter{}
	b.WriteString(logMagic)
	body := make([]byte, 60)
	body[len(body)-1] = 1 // events end with a checksum
	b.event(eventFormat, stamp, body)
	return b
}

func (b *logWriter) event(kind byte, stamp uint32, body []byte) *logWriter {
	head := make([]byte, headSize)
	binary.LittleEndian.PutUint32(head, stamp)
	head[4] = kind
	binary.LittleEndian.PutUint32(head[5:], 7)
	binary.LittleEndian.PutUint32(head[9:], uint32(headSize+len(body)+4))
	binary.LittleEndian.PutUint32(head[13:], uint32(b.Len()+headSize+len(body)+4))
	all := append(head, body...)
	b.Write(binary.LittleEndian.AppendUint32(all, crc32.ChecksumIEEE(all)))
	return b
}

// transaction appends one: its number, its second, and its Xid; 0 for a change of definitions.
func (b *logWriter) transaction(seqno uint64, stamp uint32, xid uint64) *logWriter {
	b.event(eventGTID, stamp, append(binary.LittleEndian.AppendUint64(nil, seqno), make([]byte, 11)...))
	b.event(2, stamp, []byte("what it did"))
	if xid != 0 {
		b.event(eventXid, stamp, binary.LittleEndian.AppendUint64(nil, xid))
	}
	return b
}

func TestPieces(t *testing.T) {
	b := newBinlog()
	head := b.Len()
	b.transaction(1, 100, 11)
	middle := b.Len()
	b.transaction(2, 200, 0)

	p, err := readPiece(bytes.NewReader(b.Bytes()), 0, false)
	if err != nil || p.to != uint64(b.Len()) || p.first.String() != "0-7-1" || p.last.String() != "0-7-2" || p.transactions != 2 || !p.newest.Equal(time.Unix(200, 0)) {
		t.Errorf("the whole: %+v, %v", p, err)
	}
	p, err = readPiece(bytes.NewReader(b.Bytes()[middle:]), uint64(middle), true)
	if err != nil || p.to != uint64(b.Len()) || p.first.String() != "0-7-2" || p.transactions != 1 {
		t.Errorf("the end: %+v, %v", p, err)
	}
	if _, err := readPiece(bytes.NewReader(b.Bytes()[middle:]), uint64(middle)-1, true); err == nil || !strings.Contains(err.Error(), "says that the next one begins at") {
		t.Errorf("at another place: %v", err)
	}
	for cut := head + 1; cut < b.Len(); cut++ {
		_, err := readPiece(bytes.NewReader(b.Bytes()[:cut]), 0, false)
		if whole := err == nil; whole && cut != middle && !errors.Is(err, binlog.ErrTorn) && !atEvent(b.Bytes(), cut) {
			t.Errorf("cut at %d of %d: %v", cut, b.Len(), err)
		}
	}
	for at := range b.Len() { // every byte counts
		if at == len(logMagic)+headSize-2 { // whether it is being written
			continue
		}
		bad := bytes.Clone(b.Bytes())
		bad[at] ^= 1
		if p, err := readPiece(bytes.NewReader(bad), 0, false); err == nil {
			t.Errorf("byte %d of %d was changed, and it reads as %+v", at, b.Len(), p)
		}
	}
	if _, err := readPiece(strings.NewReader("no log"), 0, false); err == nil {
		t.Error("what is no binary log is read as one")
	}
}

// atEvent reports whether an event ends at an offset.
func atEvent(log []byte, at int) bool {
	l, err := newLogReader(bytes.NewReader(log), 0, false)
	for err == nil {
		var e event
		if e, err = l.next(); err == nil && int(e.end()) == at {
			return true
		}
	}
	return false
}

func TestWhereAReplayEnds(t *testing.T) {
	b := newBinlog()
	ends := []int{b.Len()}
	for i, second := range []uint32{100, 100, 103, 102, 104} {
		b.transaction(uint64(i+1), second, uint64(i+1))
		ends = append(ends, b.Len())
	}
	for _, c := range []struct {
		name  string
		until until
		want  int // transactions
		found bool
	}{
		{"before all", until{before: time.Unix(50, 0)}, 0, true},
		{"at the second of the first: none of that second", until{before: time.Unix(100, 0)}, 0, true},
		{"a second later: all of it", until{before: time.Unix(101, 0)}, 2, true},
		{"clocks of members differ: the first one that is late ends it", until{before: time.Unix(103, 0)}, 2, true},
		{"behind all", until{before: time.Unix(105, 0)}, 5, false},
		{"with one", until{with: "0-7-3"}, 3, true},
		{"with the last one", until{with: "0-7-5"}, 5, true},
		{"with one that is not there", until{with: "0-7-6"}, 5, false},
		{"of another server", until{with: "0-8-3"}, 5, false},
		{"no end", until{}, 5, false},
	} {
		at, found, err := c.until.find(bytes.NewReader(b.Bytes()))
		if err != nil || at != uint64(ends[c.want]) || found != c.found {
			t.Errorf("%s: at %d, %v, %v; want %d, %v", c.name, at, found, err, ends[c.want], c.found)
		}
	}
}

func TestWhereAStateOfTheClusterStands(t *testing.T) {
	// Xids 5 and 6, a DDL that has number 7, Xid 8, a DDL, a change of membership and a DDL
	// of which one cannot tell who has which number, Xid 12; then a second file with 13.
	b := newBinlog()
	var begins, ends []int
	for i, xid := range []uint64{5, 6, 0, 8, 0, 0, 12} {
		begins = append(begins, b.Len())
		b.transaction(uint64(i+1), 100, xid)
		ends = append(ends, b.Len())
	}
	b.event(eventRotate, 100, append(make([]byte, 8), "binlog.000002"...))
	second := newBinlog()
	second.transaction(8, 100, 13)
	end := second.Len()

	for seqno, want := range map[int64]string{
		3: "begin with the transaction 5", 4: place{0, uint64(begins[0])}.text(), 5: place{0, uint64(ends[0])}.text(), 6: place{0, uint64(ends[1])}.text(),
		7: place{0, uint64(begins[3])}.text(), 8: place{0, uint64(ends[3])}.text(), 9: "nothing tells which", 10: "nothing tells which",
		11: place{0, uint64(begins[6])}.text(), 12: place{0, uint64(ends[6])}.text(), 13: place{1, uint64(end)}.text(), 14: "not so far",
	} {
		s := &seqnoSearch{seqno: seqno}
		got := ""
		for i, log := range []*logWriter{b, second} {
			at, found, err := s.read(i, bytes.NewReader(log.Bytes()))
			if err != nil {
				got = err.Error()
				break
			}
			if found {
				got = at.text()
				break
			}
		}
		if got == "" {
			got = "not so far"
			if at, certain := s.last(); certain {
				got = at.text()
			}
		}
		if !strings.Contains(got, want) {
			t.Errorf("%d: %s, want %s", seqno, got, want)
		}
	}
}

func (p place) text() string {
	return strings.Repeat("file ", p.log+1) + time.Duration(p.offset).String()
}

func FuzzBinlog(f *testing.F) {
	b := newBinlog().transaction(1, 100, 5).transaction(2, 101, 0)
	f.Add(b.Bytes(), uint64(0))
	f.Add(b.Bytes()[84:], uint64(84))
	f.Add([]byte(logMagic), uint64(0))
	f.Fuzz(func(t *testing.T, log []byte, from uint64) {
		p, err := readPiece(bytes.NewReader(log), from, true)
		if err == nil && p.to-p.from != uint64(len(log)) {
			t.Errorf("%d bytes read as a piece from %d to %d", len(log), p.from, p.to)
		}
		l, err := newLogReader(bytes.NewReader(log), 0, false)
		for err == nil {
			_, err = l.next()
		}
		_, _, _ = until{with: "0-1-1"}.find(bytes.NewReader(log))
		if l, err := newLogReader(bytes.NewReader(log), 0, false); err == nil {
			for e, err := l.next(); err == nil; e, err = l.next() {
				_ = e.state(map[numbering]uint64{})
			}
		}
		_, _, _ = (&seqnoSearch{seqno: 1}).read(0, io.LimitReader(bytes.NewReader(log), 1<<20))
	})
}
