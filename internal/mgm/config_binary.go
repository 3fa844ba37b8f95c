package mgm

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// biggestBody bounds a configuration, in bytes of its text. One of 255 nodes with all of their
// connections has about 5 MB.
const biggestBody = 8 << 20

// A SectionType is what a section of the configuration describes.
type SectionType uint32

// The types of sections.
const (
	SectionData       SectionType = 1
	SectionAPI        SectionType = 2
	SectionManagement SectionType = 3
	SectionTCP        SectionType = 4
	SectionSHM        SectionType = 5
	SectionSystem     SectionType = 6
)

// String returns the word config.ini has for it.
func (t SectionType) String() string {
	switch t {
	case SectionData:
		return "ndbd"
	case SectionAPI:
		return "api"
	case SectionManagement:
		return "ndb_mgmd"
	case SectionTCP:
		return "tcp"
	case SectionSHM:
		return "shm"
	case SectionSystem:
		return "system"
	}
	return fmt.Sprintf("unknown (%d)", uint32(t))
}

func (t SectionType) node() (NodeType, bool) {
	switch t {
	case SectionData:
		return NodeData, true
	case SectionAPI:
		return NodeAPI, true
	case SectionManagement:
		return NodeManagement, true
	}
	return "", false
}

// A Section is a part of the configuration: a node, a connection, or the system.
type Section struct {
	Type    SectionType
	numbers map[Key]uint64
	texts   map[Key]string
}

// Number returns the value of a key that is a number, false if there is none.
func (s Section) Number(k Key) (uint64, bool) {
	n, ok := s.numbers[k]
	return n, ok
}

// Text returns the value of a key that is a text, false if there is none.
func (s Section) Text(k Key) (string, bool) {
	t, ok := s.texts[k]
	return t, ok
}

// Keys returns the keys of the section in their order, those this package does not know too.
func (s Section) Keys() []Key {
	var keys []Key
	for k := range s.numbers {
		keys = append(keys, k)
	}
	for k := range s.texts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// over returns the section with what it lacks taken from the defaults.
func (s Section) over(defaults Section) Section {
	full := Section{Type: s.Type, numbers: map[Key]uint64{}, texts: map[Key]string{}}
	for _, from := range []Section{defaults, s} {
		for k, v := range from.numbers {
			full.numbers[k] = v
		}
		for k, v := range from.texts {
			full.texts[k] = v
		}
	}
	return full
}

// body reads the base64 that follows the reply of get config, and the line end behind it.
func (c *conn) body(p reply) ([]byte, error) {
	length, err := p.number("Content-Length")
	if err != nil {
		return nil, err
	}
	if length < 0 || length > biggestBody {
		return nil, fmt.Errorf("%w: a configuration of %d bytes", ErrReplyTooBig, length)
	}
	if encoding, _ := p.get("Content-Transfer-Encoding"); encoding != "base64" {
		return nil, fmt.Errorf("the encoding is %q, want base64", short(encoding))
	}
	coded := make([]byte, length+1)
	if _, err := io.ReadFull(c.r, coded); err != nil {
		return nil, err
	}
	if coded[length] != '\n' {
		return nil, errors.New("the configuration does not end where it should")
	}
	plain, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(coded[:length]), "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return plain, nil
}

const magic = "NDBCONF2"

// ParseConfig reads a configuration in the second form of the binary format, as servers send
// it since 8.0.
func ParseConfig(data []byte) (*Config, error) {
	if len(data) < len(magic)+8*4 || len(data)%4 != 0 || string(data[:len(magic)]) != magic {
		return nil, errors.New("read configuration: it is not in the form NDBCONF2")
	}
	var sum uint32
	for at := 0; at < len(data); at += 4 {
		sum ^= binary.BigEndian.Uint32(data[at:])
	}
	if sum != 0 { // the last word makes it so
		return nil, errors.New("read configuration: the checksum is wrong")
	}
	w := words{data[len(magic) : len(data)-4]}
	var header [7]uint32
	for i := range header {
		header[i], _ = w.next()
	}
	if int(header[0]) != len(data)/4 || header[1] != 2 {
		return nil, fmt.Errorf("read configuration: version %d, %d words announced, %d there", header[1], header[0], len(data)/4)
	}
	defaults := map[SectionType]Section{}
	for range min(header[2], 64) {
		s, err := w.section()
		if err != nil {
			return nil, fmt.Errorf("read configuration: defaults: %w", err)
		}
		defaults[s.Type] = s
	}
	config := &Config{}
	for len(w.left) > 0 {
		s, err := w.section()
		if err != nil {
			return nil, fmt.Errorf("read configuration: section %d: %w", len(config.Sections), err)
		}
		config.Sections = append(config.Sections, s.over(defaults[s.Type]))
	}
	if err := config.assemble(); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return config, nil
}

// words reads big-endian words off a slice.
type words struct{ left []byte }

func (w *words) next() (uint32, bool) {
	if len(w.left) < 4 {
		return 0, false
	}
	n := binary.BigEndian.Uint32(w.left)
	w.left = w.left[4:]
	return n, true
}

var errCut = errors.New("it is cut short")

// section reads one section: its length in words, its number of entries, its type, the entries.
func (w *words) section() (Section, error) {
	if len(w.left) < 3*4 {
		return Section{}, errCut
	}
	length, _ := w.next()
	entries, _ := w.next()
	kind, _ := w.next()
	if length < 3 || int(length-3) > len(w.left)/4 {
		return Section{}, errCut
	}
	in := words{w.left[:4*(length-3)]}
	w.left = w.left[4*(length-3):]
	s := Section{Type: SectionType(kind), numbers: map[Key]uint64{}, texts: map[Key]string{}}
	for range entries {
		if err := in.entry(&s); err != nil {
			return Section{}, err
		}
	}
	if len(in.left) > 0 {
		return Section{}, errors.New("it is longer than its entries")
	}
	return s, nil
}

// The kinds of values, in the upper four bits of a key.
const (
	kindNumber = 1
	kindText   = 2
	kindLong   = 4
)

func (w *words) entry(s *Section) error {
	head, ok := w.next()
	if !ok {
		return errCut
	}
	key := Key(head & 0x0fffffff)
	value, ok := w.next()
	if !ok {
		return errCut
	}
	switch head >> 28 {
	case kindNumber:
		s.numbers[key] = uint64(value)
	case kindLong:
		low, ok := w.next()
		if !ok {
			return errCut
		}
		s.numbers[key] = uint64(value)<<32 | uint64(low)
	case kindText:
		padded := (uint64(value) + 3) / 4 * 4
		if padded > uint64(len(w.left)) {
			return errCut
		}
		s.texts[key] = strings.TrimRight(string(w.left[:value]), "\x00")
		w.left = w.left[padded:]
	default:
		return fmt.Errorf("a value of unknown kind %d", head>>28)
	}
	return nil
}

func sortNodes(nodes []ConfigNode) {
	slices.SortFunc(nodes, func(a, b ConfigNode) int { return cmp.Compare(a.ID, b.ID) })
}
