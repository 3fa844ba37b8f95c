package sqlconn

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// wire is the connection of a session under the driver, for answers of millions of rows: there the
// driver's values, each parsed and boxed, would cost more than all the rest. There is none if the
// connection is encrypted, since that is done in the driver.
type wire struct {
	conn io.ReadWriteCloser
	in   *bufio.Reader
	long []byte
	wide bool // the server sends large pieces; see widen
}

const (
	maxPacket  = 1<<24 - 1
	wireBuffer = 256 << 10
	serverWide = 128 << 10 // bytes that the server shall send at once
)

// Packets calls row for each row of an answer with the row as it stands on the wire: for each
// column a length and so many bytes of text, as Column reads them. ok is false, and nothing was
// done, if the session cannot do that: then Rows does.
func (s *Session) Packets(ctx context.Context, query string, row func(packet []byte) error) (ok bool, err error) {
	if s.wire == nil {
		return false, nil
	}
	if err := s.widen(ctx); err != nil {
		return true, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.wire.conn.Close() }) // ends a read that waits
	err = wrap(s.address, s.wire.query(tag+query, row))
	if !stop() {
		err = errors.Join(context.Cause(ctx), err)
	}
	var said *mysql.MySQLError
	if err != nil && !errors.As(err, &said) { // something of the answer may be left: nobody shall take it for another's
		_ = s.wire.conn.Close()
	}
	return true, err
}

// widen has the server send long answers in large pieces. It sends what fits into its buffer, which
// has net_buffer_length at first, 16 KiB by default, and that cannot be set for a session. But the
// same buffer takes in statements, so it grows with a long one, and stays so (seen of MariaDB
// 10.11). With pieces eight times as large each side is woken a quarter as often.
func (s *Session) widen(ctx context.Context) error {
	if s.wire.wide {
		return nil
	}
	s.wire.wide = true
	most, err := s.Texts(ctx, "SELECT @@max_allowed_packet")
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(most[0][0]); err != nil || n < 2*serverWide {
		return nil // it would end the session
	}
	return s.Exec(ctx, "DO 0"+strings.Repeat(" ", serverWide))
}

func (w *wire) query(text string, row func([]byte) error) error {
	if len(text)+1 >= maxPacket {
		return errors.New("the statement is too long")
	}
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(text)+1)) // three bytes of length, then the number 0
	if _, err := w.conn.Write(append(append(head, 3), text...)); err != nil {
		return err
	}
	first, err := w.next()
	if err != nil {
		return err
	}
	if first[0] == 0 || first[0] == 0xfb {
		return errors.New("the statement has no rows for an answer")
	}
	columns, _, _, err := Column(append([]byte(nil), first...), true)
	if err != nil {
		return err
	}
	for range columns {
		if _, err := w.next(); err != nil {
			return err
		}
	}
	for begun := false; ; begun = true {
		p, err := w.next()
		switch {
		case err != nil:
			return err
		case p[0] == 0xfe && len(p) == 5 && !begun: // a mark between columns and rows, of an older protocol
			continue
		case p[0] == 0xfe && len(p) < maxPacket && (len(p) < 9 || !isRow(p, columns)):
			return nil
		}
		if err := row(p); err != nil {
			return err
		}
	}
}

// isRow tells a row that begins with a very long text from the end of an answer.
func isRow(p []byte, columns uint64) bool {
	for range columns {
		_, _, rest, err := Column(p, false)
		if err != nil {
			return false
		}
		p = rest
	}
	return len(p) == 0
}

// next returns the next packet, which is valid until the one after. An error of the server is a
// *mysql.MySQLError.
func (w *wire) next() ([]byte, error) {
	w.long = w.long[:0]
	for {
		head, err := w.in.Peek(4)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", mysql.ErrInvalidConn, err)
		}
		size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
		if size+4 <= wireBuffer && len(w.long) == 0 {
			p, err := w.in.Peek(size + 4)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", mysql.ErrInvalidConn, err)
			}
			_, _ = w.in.Discard(size + 4) // it is there: it was looked at
			return packet(p[4:])
		}
		_, _ = w.in.Discard(4) // likewise
		at := len(w.long)
		w.long = append(w.long, make([]byte, size)...)
		if _, err := io.ReadFull(w.in, w.long[at:]); err != nil {
			return nil, fmt.Errorf("%w: %w", mysql.ErrInvalidConn, err)
		}
		if size < maxPacket {
			return packet(w.long)
		}
	}
}

func packet(p []byte) ([]byte, error) {
	if len(p) == 0 {
		return nil, fmt.Errorf("%w: an empty packet", mysql.ErrInvalidConn)
	}
	if p[0] != 0xff {
		return p, nil
	}
	if len(p) < 3 {
		return nil, fmt.Errorf("%w: an error without a number", mysql.ErrInvalidConn)
	}
	said := &mysql.MySQLError{Number: binary.LittleEndian.Uint16(p[1:])}
	text := p[3:]
	if len(text) > 6 && text[0] == '#' {
		copy(said.SQLState[:], text[1:6])
		text = text[6:]
	}
	said.Message = string(text)
	return nil, said
}

var errColumn = fmt.Errorf("%w: a row that ends too early", mysql.ErrInvalidConn)

// Column reads the next column of a packet: its text, nil for NULL, and what follows. If it is only
// a number that is wanted, that is the length.
func Column(p []byte, number bool) (length uint64, text, rest []byte, err error) {
	if len(p) == 0 {
		return 0, nil, nil, errColumn
	}
	more := 0
	switch first := p[0]; {
	case first < 0xfb:
		length = uint64(first)
	case first == 0xfb:
		return 0, nil, p[1:], nil
	case first == 0xfc:
		more = 2
	case first == 0xfd:
		more = 3
	case first == 0xfe:
		more = 8
	default:
		return 0, nil, nil, errColumn
	}
	if len(p) < 1+more {
		return 0, nil, nil, errColumn
	}
	for i := range more {
		length |= uint64(p[1+i]) << (8 * i)
	}
	p = p[1+more:]
	if number {
		return length, nil, p, nil
	}
	if uint64(len(p)) < length {
		return 0, nil, nil, errColumn
	}
	return length, p[:length:length], p[length:], nil
}
