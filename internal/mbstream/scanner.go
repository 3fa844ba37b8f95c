package mbstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path"
	"strings"
)

// A Scanner looks at a stream that is written to it, in pieces of any size, while it goes
// somewhere else. It needs little memory whatever the stream's size.
type Scanner struct {
	// Keep says of which files the content is kept, up to MaxKept bytes each.
	Keep func(name string) bool
	// Sums says whether the checksum of each chunk is computed. It costs as much as the rest.
	Sums bool

	head    []byte // of the chunk that is being read, as far as it has come
	need    int    // bytes of it
	payload uint64 // bytes of the chunk's content to come
	sum     uint32
	want    uint32
	name    string

	open  map[string]uint64 // files that have not ended, and how far they came
	kept  map[string][]byte
	files int
	err   error
}

// MaxKept is how much of a file is kept.
const MaxKept = 64 << 10

const (
	magic    = "XBSTCK01"
	maxName  = 4096
	fixed    = len(magic) + 1 + 1 + 4 // flags, kind, length of the name
	numbers  = 8 + 8 + 4              // length, offset, checksum
	payload  = 'P'
	endOfOne = 'E'
)

// Write takes the next bytes. It fails at what is no such stream, and from then on always.
func (s *Scanner) Write(p []byte) (int, error) {
	if s.open == nil {
		s.open, s.kept, s.need = map[string]uint64{}, map[string][]byte{}, fixed
	}
	n := len(p)
	for s.err == nil && len(p) > 0 {
		if s.payload > 0 {
			p = s.content(p)
			continue
		}
		take := min(len(p), s.need-len(s.head))
		s.head, p = append(s.head, p[:take]...), p[take:]
		if len(s.head) == s.need {
			s.err = s.advance()
		}
	}
	if s.err != nil {
		return 0, s.err
	}
	return n, nil
}

// advance reads the head as far as it has come, and says how much more of it there is.
func (s *Scanner) advance() error {
	if !strings.HasPrefix(string(s.head), magic) {
		return errors.New("mbstream: no chunk begins where one should")
	}
	kind := s.head[len(magic)+1]
	named := fixed + int(binary.LittleEndian.Uint32(s.head[fixed-4:fixed]))
	switch {
	case kind != payload && kind != endOfOne:
		return fmt.Errorf("mbstream: a chunk of the unknown kind %q", kind)
	case named <= fixed || named > fixed+maxName:
		return fmt.Errorf("mbstream: a name of %d bytes", named-fixed)
	case len(s.head) < named:
		s.need = named
		return nil
	case kind == payload && len(s.head) < named+numbers:
		s.need = named + numbers
		return nil
	}
	s.name = string(s.head[fixed:named])
	if !inside(s.name) {
		return fmt.Errorf("mbstream: the file name %+.80q leads out of the backup", s.name)
	}
	size, isOpen := s.open[s.name]
	if kind == endOfOne {
		if !isOpen {
			s.files++ // an empty file has no chunk but this one
		}
		delete(s.open, s.name)
		s.next()
		return nil
	}
	if !isOpen {
		s.files++
	}
	s.payload = binary.LittleEndian.Uint64(s.head[named:])
	if offset := binary.LittleEndian.Uint64(s.head[named+8:]); offset != size {
		return fmt.Errorf("mbstream: %+.80q goes on at %d, it had come to %d", s.name, offset, size)
	}
	if s.payload > 1<<62 {
		return fmt.Errorf("mbstream: a chunk of %d bytes", s.payload)
	}
	s.want, s.sum = binary.LittleEndian.Uint32(s.head[named+16:]), 0
	s.open[s.name] = size + s.payload
	if s.payload == 0 {
		s.next()
	}
	return nil
}

// content takes what belongs to the chunk, and returns the rest.
func (s *Scanner) content(p []byte) []byte {
	take := int(min(uint64(len(p)), s.payload))
	if s.Sums {
		s.sum = crc32.Update(s.sum, crc32.IEEETable, p[:take])
	}
	if s.Keep != nil && s.Keep(s.name) {
		room := MaxKept - len(s.kept[s.name])
		s.kept[s.name] = append(s.kept[s.name], p[:min(take, room)]...)
	}
	if s.payload -= uint64(take); s.payload == 0 {
		if s.Sums && s.sum != s.want {
			s.err = fmt.Errorf("mbstream: a chunk of %+.80q has a wrong checksum", s.name)
		}
		s.next()
	}
	return p[take:]
}

func (s *Scanner) next() { s.head, s.need = s.head[:0], fixed }

// inside tells whether a name stays below the folder into which the stream is unpacked.
func inside(name string) bool {
	return !path.IsAbs(name) && !strings.ContainsRune(name, 0) && !strings.HasPrefix(path.Clean("./"+name)+"/", "../")
}

// Close tells whether the stream was whole: it ended between two chunks, and so did each file.
func (s *Scanner) Close() error {
	switch {
	case s.err != nil:
		return s.err
	case len(s.head) > 0 || s.payload > 0:
		return errors.New("mbstream: it ends in the middle of a chunk")
	case len(s.open) > 0:
		for name := range s.open {
			return fmt.Errorf("mbstream: it ends before %+.80q does", name)
		}
	case s.files == 0:
		return errors.New("mbstream: it holds no file")
	}
	return nil
}

// Reading names the file whose content comes next, and how much of it before the next head; nothing
// if a head comes next.
func (s *Scanner) Reading() (file string, left uint64) {
	if s.payload == 0 {
		return "", 0
	}
	return s.name, s.payload
}

// Files counts the files so far.
func (s *Scanner) Files() int { return s.files }

// Kept returns the content of a file, false if there was none of that name.
func (s *Scanner) Kept(name string) ([]byte, bool) {
	content, ok := s.kept[name]
	return content, ok
}
