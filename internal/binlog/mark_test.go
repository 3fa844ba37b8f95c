package binlog_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/binlog"
)

// logOf is a log that was begun at a second, with events of these bodies.
func logOf(stamp uint32, bodies ...string) []byte {
	text := []byte(binlog.Magic)
	for i, body := range append([]string{strings.Repeat("v", 52) + "made" + "lengths" + "sum!"}, bodies...) {
		head := make([]byte, binlog.HeadSize)
		binary.LittleEndian.PutUint32(head, stamp)
		if i == 0 {
			head[4] = binlog.FormatEvent
		}
		binary.LittleEndian.PutUint32(head[9:], uint32(len(head)+len(body)))
		text = append(append(text, head...), body...)
	}
	return text
}

const (
	first  = 4 + binlog.HeadSize + 67 // where the event behind the format event begins in logOf
	second = first + binlog.HeadSize + 3
)

// A shelf is a server that has one log.
type shelf []byte

func (s shelf) Fetch(_ context.Context, dir, file string, offset uint64) (string, int64, error) {
	path := filepath.Join(dir, file)
	if offset == 0 {
		return path, 0, os.WriteFile(path, s, 0o600)
	}
	if end, _ := s.End(context.Background(), file, offset); end == 0 {
		return "", 0, errors.New("bogus data in log event")
	}
	text := append([]byte{}, s[:first]...)
	copy(text[4+binlog.HeadSize+52:], "\x00\x00\x00\x00") // what the server does not send, and so another sum
	copy(text[first-4:], "????")
	return path, first, os.WriteFile(path, append(text, s[offset:]...), 0o600)
}

func (s shelf) End(_ context.Context, _ string, at uint64) (uint64, error) {
	for begin := uint64(len(binlog.Magic)); begin < uint64(len(s)); {
		end := begin + uint64(binary.LittleEndian.Uint32(s[begin+9:]))
		if begin == at {
			return end, nil
		}
		begin = end
	}
	return 0, nil
}

func TestALogIsKnownAgain(t *testing.T) {
	was := shelf(logOf(1000, "one", "two"))
	path, _, err := was.Fetch(t.Context(), t.TempDir(), "log.000007", 0)
	if err != nil {
		t.Fatal(err)
	}
	mark, err := binlog.NewMark("u", path, first, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := binlog.ParseMark(mark.String()); got != mark {
		t.Errorf("read again it is %+v, not %+v", got, mark)
	}
	line := binlog.Line{Node: "n3", File: "log.000007", Offset: second, In: "log.000007", Mark: mark}
	next := binlog.Line{Node: "n3", File: "log.000008", In: "log.000007", Mark: mark}
	for _, c := range []struct {
		name  string
		has   shelf
		other bool
	}{
		{name: "the same", has: was},
		{name: "the same, which has grown", has: logOf(1000, "one", "two", "three")},
		{name: "begun at another second", has: logOf(1001, "one", "two"), other: true},
		{name: "another event at the place", has: logOf(1000, "eno", "two"), other: true},
		{name: "no event begins there", has: logOf(1000, "o", "two more"), other: true},
		{name: "a longer one does", has: logOf(1000, "one for all", "two"), other: true},
		{name: "nothing does", has: logOf(1000), other: true},
	} {
		for at, l := range map[string]binlog.Line{"in the middle": line, "at its end": next} {
			var err error
			if l.Offset > 0 {
				var skip int64
				path, skip, err = l.Fetch(t.Context(), t.TempDir(), c.has)
				if text, _ := os.ReadFile(path); err == nil && string(text[skip:]) != string(c.has[second:]) {
					t.Errorf("%s, %s: %q", c.name, at, text[skip:])
				}
			} else {
				err = l.Same(t.Context(), t.TempDir(), c.has)
			}
			if _, other := errors.AsType[*binlog.OtherError](err); other != c.other || (err != nil) != c.other {
				t.Errorf("%s, %s: %v", c.name, at, err)
			}
		}
	}
	for _, text := range []string{"", "u/4", "u/x/5", "u/4/5/6"} {
		if got := binlog.ParseMark(text); got.Sum != "" {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

func FuzzNewMark(f *testing.F) {
	f.Add(logOf(1000, "one"), uint64(first))
	f.Add([]byte(binlog.Magic), uint64(4))
	f.Fuzz(func(t *testing.T, text []byte, at uint64) {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := binlog.NewMark("u", path, at, 0)
		if err == nil && (len(m.Sum) != 32 || m.At != 0 && m.At+binlog.HeadSize > uint64(len(text))) {
			t.Errorf("%+v of %d bytes", m, len(text))
		}
		if got := binlog.ParseMark(m.String()); err == nil && got != m {
			t.Errorf("read again it is %+v, not %+v", got, m)
		}
	})
}
