package galera

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A form is how the values of a column are written.
type form byte

const (
	quoted form = iota // bytes as they are stored, in quotes: all text and binary types
	bare               // a number
	hex                // bits
	worded             // text that a binary string would not be taken for: addresses, UUIDs
	lossy              // FLOAT: the server prints 6 digits of it, so it is read as DOUBLE, and that as text
	exact              // DOUBLE, read as text: as the server prints it, whoever reads
)

// forms of the types that are not quoted, by DATA_TYPE.
var forms = map[string]form{
	"tinyint": bare, "smallint": bare, "mediumint": bare, "int": bare, "bigint": bare, "decimal": bare, "double": exact, "year": bare,
	"float": lossy, "bit": hex, "inet4": worded, "inet6": worded, "uuid": worded,
}

// column is one that is written: a generated one is not.
type column struct {
	name string
	form form
}

// An encoder writes rows as statements, and adds up what they were.
type encoder struct {
	head   string // INSERT INTO … VALUES
	forms  []form
	text   []byte // of the statement that is being written
	rows   int64
	sum    uint64
	write  func([]byte) error
	opened bool
}

// statementSize is when a statement is ended: large enough that its overhead is none, small
// enough for any server.
const statementSize = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func newEncoder(schema, table string, columns []column, write func([]byte) error) *encoder {
	e := &encoder{write: write, text: make([]byte, 0, statementSize+statementSize/4)}
	var names []string
	for _, c := range columns {
		names = append(names, sqlconn.Name(c.name))
		e.forms = append(e.forms, c.form)
	}
	e.head = fmt.Sprintf("INSERT INTO %s.%s (%s) VALUES\n", sqlconn.Name(schema), sqlconn.Name(table), strings.Join(names, ","))
	return e
}

// selection returns what is selected so that row gets what it expects.
func selection(columns []column) string {
	if len(columns) == 0 {
		return "1"
	}
	var all []string
	for _, c := range columns {
		name := sqlconn.Name(c.name)
		switch c.form {
		case lossy:
			name = "CAST(CAST(" + name + " AS DOUBLE) AS CHAR)"
		case exact:
			name = "CAST(" + name + " AS CHAR)"
		}
		all = append(all, name)
	}
	return strings.Join(all, ",")
}

// row writes one row. Its checksum is of the text, so it is the same wherever the row is read.
func (e *encoder) row(values []driver.Value) error {
	begin := e.begin()
	for i, form := range e.forms {
		if i > 0 {
			e.text = append(e.text, ',')
		}
		var err error
		if e.text, err = appendValue(e.text, values[i], form); err != nil {
			return err
		}
	}
	return e.end(begin)
}

// packet writes one row as it comes from the wire, with the same outcome.
func (e *encoder) packet(p []byte) error {
	begin := e.begin()
	for i, form := range e.forms {
		if i > 0 {
			e.text = append(e.text, ',')
		}
		_, text, rest, err := sqlconn.Column(p, false)
		if err != nil {
			return err
		}
		p = rest
		if text == nil {
			e.text = append(e.text, "NULL"...)
		} else {
			e.text = appendText(e.text, text, form)
		}
	}
	return e.end(begin)
}

// begin opens a row, in a statement of its own if none is open.
func (e *encoder) begin() int {
	if !e.opened {
		e.text = append(e.text[:0], e.head...)
		e.opened = true
	} else {
		e.text = append(e.text, ",\n"...)
	}
	begin := len(e.text)
	e.text = append(e.text, '(')
	return begin
}

func (e *encoder) end(begin int) error {
	e.text = append(e.text, ')')
	e.rows++
	e.sum += uint64(crc32.Checksum(e.text[begin:], castagnoli))
	if len(e.text) >= statementSize {
		return e.flush()
	}
	return nil
}

// flush ends the statement that is being written, if one is.
func (e *encoder) flush() error {
	if !e.opened {
		return nil
	}
	e.opened = false
	return e.write(append(e.text, ";\n"...))
}

// sumText writes a checksum as a manifest holds it. The sum does not depend on the order of the
// rows; the name says how it was made.
func sumText(sum uint64) string { return fmt.Sprintf("crc32c-sum:%016x", sum) }

func appendValue(to []byte, v driver.Value, form form) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(to, "NULL"...), nil
	case int64:
		return strconv.AppendInt(to, v, 10), nil
	case uint64:
		return strconv.AppendUint(to, v, 10), nil
	case []byte:
		return appendText(to, v, form), nil
	default:
		return nil, fmt.Errorf("a value of the type %T is not understood", v)
	}
}

// appendText writes a value that is not NULL.
func appendText(to, v []byte, form form) []byte {
	switch form {
	case bare, lossy, exact:
		return appendNumber(to, v)
	case hex:
		return appendHex(to, v)
	case worded:
		to = append(to, "_utf8mb4"...)
	}
	return appendQuoted(to, v)
}

// appendNumber writes a number without the zeros that a column with ZEROFILL has in front.
func appendNumber(to, v []byte) []byte {
	for len(v) > 1 && v[0] == '0' && v[1] >= '0' && v[1] <= '9' {
		v = v[1:]
	}
	return append(to, v...)
}

const digits = "0123456789abcdef"

func appendHex(to, v []byte) []byte {
	to = append(to, "x'"...)
	for _, b := range v {
		to = append(to, digits[b>>4], digits[b&15])
	}
	return append(to, '\'')
}

// escapes are the bytes that cannot stand in a literal by themselves. A line feed is one so that
// each statement ends where a line does.
var escapes = [256]byte{0: '0', '\n': 'n', '\r': 'r', '\\': '\\', '\'': '\'', 26: 'Z'}

// appendQuoted writes a literal. A long value is looked at in pieces, since room is made for the
// worst of each.
func appendQuoted(to, v []byte) []byte {
	const piece = 16 << 10
	to = append(to, '\'')
	for ; len(v) > piece; v = v[piece:] {
		to = appendEscaped(to, v[:piece])
	}
	to = appendEscaped(to, v)
	return append(to, '\'')
}

// appendEscaped copies eight bytes at once, and then looks how many of them could stay. What it
// writes behind the end is overwritten or left out.
func appendEscaped(to, v []byte) []byte {
	n := len(to)
	to = slices.Grow(to, 2*len(v)+8)
	out := to[n : n+2*len(v)+8]
	i, o := 0, 0
	for i+8 <= len(v) {
		x := binary.LittleEndian.Uint64(v[i:])
		binary.LittleEndian.PutUint64(out[o:], x)
		s := suspects(x)
		if s == 0 {
			i, o = i+8, o+8
			continue
		}
		stay := bits.TrailingZeros64(s) / 8
		i, o = i+stay, o+stay
		o += escape(out[o:], v[i])
		i++
	}
	if rest := len(v) - i; rest > 0 && len(v) >= 8 { // the same with eight bytes of which some are new
		x := binary.LittleEndian.Uint64(v[len(v)-8:])>>(64-8*rest) | ones*'x'<<(8*rest)
		if suspects(x) == 0 {
			binary.LittleEndian.PutUint64(out[o:], x)
			return to[:n+o+rest]
		}
	}
	for ; i < len(v); i++ {
		o += escape(out[o:], v[i])
	}
	return to[:n+o]
}

// escape writes one byte of a literal, and returns how many that took.
func escape(out []byte, b byte) int {
	e := escapes[b]
	if e == 0 {
		out[0] = b
		return 1
	}
	out[0], out[1] = '\\', e
	return 2
}

const ones, tops = 0x0101010101010101, 0x8080808080808080

// suspects marks, of eight bytes, those that may have to be escaped: a quote, a backslash or one
// below 27. The lowest bit that is set belongs to the first; those above it can be wrong. 0: there
// is none.
func suspects(x uint64) uint64 {
	quote, slash := x^ones*'\'', x^ones*'\\'
	return ((x-ones*27)&^x | (quote-ones)&^quote | (slash-ones)&^slash) & tops
}
