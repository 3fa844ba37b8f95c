package galera

import (
	"bytes"
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
	for b := range 256 {
		for at := range 17 {
			v := bytes.Repeat([]byte{'x'}, 17)
			v[at] = byte(b)
			if got, want := appendQuoted(nil, v), slowly(v); !bytes.Equal(got, want) {
				t.Errorf("%q: %s, want %s", v, got, want)
			}
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
