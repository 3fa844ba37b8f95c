package mbstream_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/mbstream"
)

// chunk writes one chunk; with a nil content the one that ends the file.
func chunk(name string, offset uint64, content []byte) []byte {
	b := []byte("XBSTCK01\x00P")
	if content == nil {
		b[9] = 'E'
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(name)))
	b = append(b, name...)
	if content == nil {
		return b
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(content)))
	b = binary.LittleEndian.AppendUint64(b, offset)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(content))
	return append(b, content...)
}

func join(chunks ...[]byte) []byte { return bytes.Join(chunks, nil) }

var whole = join(
	chunk("ibdata1", 0, []byte("pages")), chunk("./mysql/user.frm", 0, []byte("x")),
	chunk("ibdata1", 5, []byte("more")), chunk("ibdata1", 0, nil), chunk("./mysql/user.frm", 0, nil), chunk("empty", 0, nil),
)

func TestScanner(t *testing.T) {
	flipped := bytes.Clone(whole)
	flipped[bytes.Index(flipped, []byte("pages"))] ^= 1
	for _, tc := range []struct {
		name   string
		stream []byte
		err    string
	}{
		{name: "two files mixed, and an empty one", stream: whole},
		{name: "nothing", err: "no file"},
		{name: "something else", stream: []byte("Access denied for user"), err: "no chunk begins"},
		{name: "cut in a head", stream: whole[:len(whole)-3], err: "middle of a chunk"},
		{name: "cut in a content", stream: whole[:40], err: "middle of a chunk"},
		{name: "cut between two chunks", stream: whole[:len(whole)-len(chunk("empty", 0, nil))-len(chunk("./mysql/user.frm", 0, nil))], err: "ends before"},
		{name: "a flipped bit", stream: flipped, err: "wrong checksum"},
		{name: "a chunk is missing", stream: chunk("ibdata1", 5, []byte("more")), err: "goes on at 5"},
		{name: "a kind that is not known", stream: bytes.Replace(whole, []byte("\x00P"), []byte("\x00S"), 1), err: `kind 'S'`},
		{name: "a name that leads out", stream: chunk("../../etc/cron.d/x", 0, []byte("x")), err: "leads out"},
		{name: "a name that leads out by a detour", stream: chunk("a/../../x", 0, []byte("x")), err: "leads out"},
		{name: "an absolute name", stream: chunk("/etc/passwd", 0, []byte("x")), err: "leads out"},
		{name: "a name without end", stream: []byte("XBSTCK01\x00P\xff\xff\xff\x7f"), err: "a name of"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, piece := range []int{1, 7, 1 << 20} {
				err := scan(tc.stream, piece, new(mbstream.Scanner))
				if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
					t.Errorf("in pieces of %d: %v, want %q", piece, err, tc.err)
				}
			}
		})
	}
}

func TestSmallFilesAreKept(t *testing.T) {
	s := &mbstream.Scanner{Keep: func(name string) bool { return name == "ibdata1" }}
	if err := scan(whole, 3, s); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.Kept("ibdata1"); !ok || string(got) != "pagesmore" || s.Files() != 3 {
		t.Errorf("%q %v, %d files", got, ok, s.Files())
	}
	if _, ok := s.Kept("./mysql/user.frm"); ok {
		t.Error("more was kept than asked for")
	}
}

func TestWhatComesNext(t *testing.T) {
	s := new(mbstream.Scanner)
	head := len(whole[:bytes.Index(whole, []byte("pages"))])
	was := 0
	for _, step := range []struct {
		to   int
		file string
		left uint64
	}{
		{to: 0}, {to: head - 1}, {to: head, file: "ibdata1", left: 5}, {to: head + 3, file: "ibdata1", left: 2}, {to: head + 5},
	} {
		_, err := s.Write(whole[was:step.to])
		was = step.to
		if file, left := s.Reading(); err != nil || file != step.file || left != step.left {
			t.Errorf("after %d bytes: %q, %d left, %v", step.to, file, left, err)
		}
	}
}

func scan(stream []byte, piece int, s *mbstream.Scanner) error {
	s.Sums = true
	for len(stream) > 0 {
		n := min(piece, len(stream))
		if _, err := s.Write(stream[:n]); err != nil {
			return err
		}
		stream = stream[n:]
	}
	return s.Close()
}

func FuzzScanner(f *testing.F) {
	f.Add(whole, 1)
	f.Add(whole[:40], 3)
	f.Add(chunk("a/../../x", 0, []byte("x")), 5)
	f.Fuzz(func(t *testing.T, stream []byte, piece int) {
		piece = 1 + (piece&0xff+256)%256
		var names []string
		s := &mbstream.Scanner{Keep: func(name string) bool { names = append(names, name); return true }}
		one, many := scan(stream, piece, s), scan(stream, 1<<20, new(mbstream.Scanner))
		if (one == nil) != (many == nil) {
			t.Errorf("in pieces of %d: %v, at once: %v", piece, one, many)
		}
		for _, name := range names {
			if strings.HasPrefix(name, "/") || strings.HasPrefix(name, "../") || strings.Contains(name, "\x00") {
				t.Errorf("let in %q", name)
			}
		}
	})
}
