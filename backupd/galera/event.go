package galera

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/kagu-db/kagu/internal/binlog"
)

// The events of MariaDB's binary log that we look into. All others pass unread.
const (
	eventStop    = 3
	eventRotate  = 4
	eventFormat  = binlog.FormatEvent
	eventXid     = 16
	eventGTID    = 162
	eventState   = 163 // the last transaction of each domain and server, at the begin of a log
	eventEncrypt = 164
)

const (
	logMagic  = binlog.Magic
	headSize  = binlog.HeadSize
	flagInUse = 0x01
)

// event is one event in a binary log.
type event struct {
	at     uint64 // where it begins in the file of the server
	size   uint32
	kind   byte
	stamp  uint32
	server uint32
	flags  uint16
	body   []byte // without checksum, of the kinds that are looked into; valid until the next one
}

func (e event) end() uint64 { return e.at + uint64(e.size) }

func (e event) time() time.Time { return time.Unix(int64(e.stamp), 0).UTC() }

// gtid is the number of a transaction: domain, server, sequence.
type gtid struct {
	domain, server uint32
	seqno          uint64
}

func (g gtid) String() string { return fmt.Sprintf("%d-%d-%d", g.domain, g.server, g.seqno) }

func (e event) gtid() (gtid, error) {
	if len(e.body) < 13 {
		return gtid{}, fmt.Errorf("the GTID event at %d has %d bytes", e.at, len(e.body))
	}
	return gtid{binary.LittleEndian.Uint32(e.body[8:]), e.server, binary.LittleEndian.Uint64(e.body)}, nil
}

func (e event) xid() (int64, error) {
	if len(e.body) < 8 {
		return 0, fmt.Errorf("the Xid event at %d has %d bytes", e.at, len(e.body))
	}
	return int64(binary.LittleEndian.Uint64(e.body)), nil
}

// A logReader reads the events of a binary log, or of a piece of one, and checks each: its
// length, its checksum, and that it stands where it says.
type logReader struct {
	from    *bufio.Reader
	at      uint64
	sums    bool // events end with a checksum
	fresh   bool // the format event must come
	head    [headSize]byte
	scratch []byte
}

// newLogReader reads a log whose first byte stands at the offset in the server's file. At 0 the
// mark of a binary log is expected. sums says whether events have checksums, where no format event
// is going to say it.
func newLogReader(r io.Reader, at uint64, sums bool) (*logReader, error) {
	l := &logReader{from: bufio.NewReaderSize(r, 256<<10), at: at, sums: sums}
	if at == 0 {
		var magic [len(logMagic)]byte
		if _, err := io.ReadFull(l.from, magic[:]); err != nil {
			return nil, fmt.Errorf("read a binary log: %w", torn(err))
		}
		if string(magic[:]) != logMagic {
			return nil, errors.New("it is no binary log, or an encrypted one")
		}
		l.at, l.fresh = uint64(len(logMagic)), true
	}
	return l, nil
}

func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return binlog.ErrTorn
	}
	return err
}

// next returns the next event, or io.EOF where one could begin.
func (l *logReader) next() (event, error) {
	if _, err := io.ReadFull(l.from, l.head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return event{}, io.EOF
		}
		return event{}, torn(err)
	}
	h := l.head[:]
	e := event{
		at: l.at, stamp: binary.LittleEndian.Uint32(h), kind: h[4], server: binary.LittleEndian.Uint32(h[5:]),
		size: binary.LittleEndian.Uint32(h[9:]), flags: binary.LittleEndian.Uint16(h[17:]),
	}
	if e.size < headSize || e.size > binlog.MaxEvent {
		return e, fmt.Errorf("at %d an event of %d bytes", e.at, e.size)
	}
	if next := binary.LittleEndian.Uint32(h[13:]); next != uint32(e.end()) && next != 0 { // positions are kept in 32 bits
		return e, fmt.Errorf("the event at %d of %d bytes says that the next one begins at %d", e.at, e.size, next)
	}
	if err := l.body(&e); err != nil {
		return e, err
	}
	if l.fresh && e.kind != eventFormat {
		return e, errors.New("it does not begin with what says how it is to be read")
	}
	l.at, l.fresh = e.end(), false
	return e, nil
}

// body reads what follows the head, checks it, and keeps it if somebody looks into it.
func (l *logReader) body(e *event) error {
	left := int64(e.size - headSize)
	sum := crc32.NewIEEE()
	if e.kind == eventFormat { // its checksum leaves out the flag that the log is being written
		head := l.head
		head[headSize-2] &^= flagInUse
		sum.Write(head[:])
	} else {
		sum.Write(l.head[:])
	}
	keep := e.kind == eventFormat || e.kind == eventState && left <= 1<<16 || e.kind == eventGTID || e.kind == eventXid || e.kind == eventRotate
	if keep {
		if left > 1<<16 {
			return fmt.Errorf("the event at %d of type %d has %d bytes", e.at, e.kind, e.size)
		}
		l.scratch = append(l.scratch[:0], make([]byte, left)...)
		if _, err := io.ReadFull(l.from, l.scratch); err != nil {
			return torn(err)
		}
		e.body = l.scratch
	}
	if e.kind == eventFormat {
		if len(e.body) < 5 {
			return fmt.Errorf("the format event at %d has %d bytes", e.at, len(e.body))
		}
		l.sums = e.body[len(e.body)-5] == 1
	}
	if e.kind == eventEncrypt {
		return errors.New("it is encrypted: only the server can read it")
	}
	trailer := int64(0)
	if l.sums || e.kind == eventFormat { // which always has one
		trailer = 4
	}
	if left < trailer {
		return fmt.Errorf("the event at %d has %d bytes", e.at, e.size)
	}
	var said [4]byte
	if keep {
		copy(said[:], e.body[len(e.body)-int(trailer):])
		e.body = e.body[:len(e.body)-int(trailer)]
		sum.Write(e.body)
	} else {
		if _, err := io.CopyN(sum, l.from, left-trailer); err != nil {
			return torn(err)
		}
		if _, err := io.ReadFull(l.from, said[:trailer]); err != nil {
			return torn(err)
		}
	}
	if trailer > 0 && binary.LittleEndian.Uint32(said[:]) != sum.Sum32() {
		return fmt.Errorf("the event at %d is damaged: its checksum is not right", e.at)
	}
	return nil
}
