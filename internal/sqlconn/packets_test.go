package sqlconn

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// scripted is a server that has its answer ready.
type scripted struct{ io.Reader }

func (scripted) Write(p []byte) (int, error) { return len(p), nil }

func (scripted) Close() error { return nil }

func packets(texts ...string) []byte {
	var all []byte
	for i, text := range texts {
		all = append(append(all, byte(len(text)), byte(len(text)>>8), byte(len(text)>>16), byte(i)), text...)
	}
	return all
}

func ask(answer []byte) (rows []string, err error) {
	w := &wire{conn: scripted{bytes.NewReader(answer)}, in: bufio.NewReaderSize(bytes.NewReader(answer), wireBuffer)}
	err = w.query("SELECT", func(p []byte) error { rows = append(rows, string(p)); return nil })
	return rows, err
}

const (
	mark = "\xfe\x00\x00\x02\x00"         // between columns and rows, and at the end, of the older protocol
	done = "\xfe\x00\x00\x02\x00\x00\x00" // at the end of the newer one
)

func TestPackets(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	longRow := "\xfd" + string([]byte{byte(len(long)), byte(len(long) >> 8), byte(len(long) >> 16)}) + long
	for _, c := range []struct {
		name   string
		answer []byte
		rows   int
		err    string
	}{
		{name: "the older protocol", answer: packets("\x01", "column", mark, "\x01a", "\xfb", mark), rows: 2},
		{name: "the newer one", answer: packets("\x01", "column", "\x01a", "\x00", done), rows: 2},
		{name: "no rows", answer: packets("\x01", "column", mark, mark)},
		{name: "no rows in the newer one", answer: packets("\x01", "column", done)},
		{name: "a row larger than the buffer", answer: packets("\x01", "column", longRow, done), rows: 1},
		{name: "refused", answer: packets("\xff\x7a\x04#42S02no such table"), err: "no such table"},
		{name: "refused in the middle", answer: packets("\x01", "column", "\x01a", "\xff\x7a\x04#42S02altered"), rows: 1, err: "altered"},
		{name: "cut short", answer: packets("\x01", "column", "\x01a"), rows: 1, err: "invalid connection"},
		{name: "cut in a packet", answer: packets("\x01", "column", "\x01a")[:15], err: "invalid connection"},
		{name: "no answer with rows", answer: packets("\x00\x00\x00\x02\x00\x00\x00"), err: "no rows for an answer"},
		{name: "an empty packet", answer: packets("\x01", "column", ""), err: "empty packet"},
	} {
		rows, err := ask(c.answer)
		if len(rows) != c.rows || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %d rows, %v", c.name, len(rows), err)
		}
	}
	var said *mysql.MySQLError
	if _, err := ask(packets("\xff\x7a\x04#42S02no such table")); !errors.As(err, &said) || said.Number != 1146 || string(said.SQLState[:]) != "42S02" {
		t.Errorf("%+v", said)
	}
}

func FuzzPackets(f *testing.F) {
	f.Add(packets("\x02", "a", "b", mark, "\x01a\xfb", "\xfc\x01\x00a\x00", mark))
	f.Add(packets("\x01", "a", "\xfe\x01\x00\x00\x00\x00\x00\x00\x00a", done))
	f.Fuzz(func(t *testing.T, answer []byte) {
		rows, _ := ask(answer)
		for _, r := range rows {
			p := []byte(r)
			for len(p) > 0 {
				_, text, rest, err := Column(p, false)
				if err != nil {
					break
				}
				if len(text) > len(p) || len(rest) >= len(p) {
					t.Fatalf("%q: %q and %q", p, text, rest)
				}
				p = rest
			}
		}
	})
}
