package galera

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// slowly is appendQuoted, byte by byte.
func slowly(v []byte) []byte {
	to := []byte{'\''}
	for _, b := range v {
		if e := escapes[b]; e != 0 {
			to = append(to, '\\', e)
		} else {
			to = append(to, b)
		}
	}
	return append(to, '\'')
}

func FuzzQuoted(f *testing.F) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	f.Add(every)
	f.Add([]byte("a text of some length that has no more than one quote: '"))
	f.Add(bytes.Repeat([]byte("12345678"), 4))
	f.Fuzz(func(t *testing.T, v []byte) {
		if got, want := appendQuoted(nil, v), slowly(v); !bytes.Equal(got, want) {
			t.Errorf("%q: %s, want %s", v, got, want)
		}
	})
}

func TestEveryByteIsEscapedAtEveryPlace(t *testing.T) {
	for size := range 26 {
		for b := range 256 {
			for at := range size {
				v := bytes.Repeat([]byte{'x'}, size)
				v[at] = byte(b)
				if got, want := appendQuoted(nil, v), slowly(v); !bytes.Equal(got, want) {
					t.Errorf("%q: %s, want %s", v, got, want)
				}
			}
		}
	}
}

func TestLongValuesAreEscapedFromEndToEnd(t *testing.T) {
	for _, text := range []string{"'", "plain text of which nothing need be escaped", "it's\n"} {
		v := bytes.Repeat([]byte(text), 100_000/len(text)+1)
		if got, want := appendQuoted([]byte("before"), v), append([]byte("before"), slowly(v)...); !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %q became %d, want %d", len(v), text, len(got), len(want))
		}
	}
}

func TestNumbersAreTheSameWhoeverReadsThem(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "0000": "0", "00042": "42", "42": "42", "-7": "-7", "0004.20": "4.20", "0.5": "0.5", "-0.5": "-0.5", "1e300": "1e300", "0000000.00": "0.00",
	} {
		if got := string(appendNumber(nil, []byte(text))); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// BenchmarkPacket writes rows of ten columns as they come from the wire, like those of bench's
// BenchmarkLogical. Memory is taken for an encoder, not for a row.
func BenchmarkPacket(b *testing.B) {
	values := []string{
		"1234567", "512", "176366.71", "2", "2026-01-15 06:56:07", "name of 1234567", "m1234567@example.net",
		strings.Repeat("a note's text 1234567 ", 5), "\x9a\x00'\\\n\x1a\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09", "333666.7567567568",
	}
	forms := []form{bare, bare, bare, bare, quoted, quoted, quoted, quoted, quoted, exact}
	var columns []column
	var packet []byte
	for i, v := range values {
		columns = append(columns, column{name: fmt.Sprint("c", i), form: forms[i]})
		packet = append(append(packet, byte(len(v))), v...)
	}
	e := newEncoder("shop", "t0", columns, func([]byte) error { return nil })
	b.SetBytes(int64(len(packet)))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.packet(packet); err != nil {
			b.Fatal(err)
		}
	}
}
