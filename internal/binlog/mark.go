package binlog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

const (
	// Magic is what a binary log begins with.
	Magic = "\xfebin"
	// HeadSize is how long the head of an event is: stamp 4, type 1, server 4, size 4, next position 4, flags 2.
	HeadSize = 19
	// MaxEvent bounds an event: a server makes none larger than 1 GiB.
	MaxEvent = 1<<30 + 1<<20
	// FormatEvent says how a log is to be read, and comes first.
	FormatEvent = 15

	maxFormat = 1 << 16
	sumSize   = 4 // a format event always ends with a checksum
)

// ErrTorn says that a binary log ends in the middle of an event.
var ErrTorn = errors.New("it ends in the middle of an event")

// A Mark is by what an archive knows a binary log again. Its name and size say nothing. What says how a
// log is to be read holds the second at which it was begun; the last archived event holds its own, and the
// number of its transaction.
type Mark struct {
	Of  string // what no binary log has: Galera's state UUID; "" if nothing of that sort is known
	At  uint64 // where the last archived event begins; 0: it is the first one
	Sum string // of the first event and of that one; "": nothing was noted
}

// String is what ParseMark reads.
func (m Mark) String() string { return fmt.Sprintf("%s/%d/%s", m.Of, m.At, m.Sum) }

// ParseMark returns a mark without a sum for what is none.
func ParseMark(text string) Mark {
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return Mark{}
	}
	at, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return Mark{}
	}
	return Mark{parts[0], at, parts[2]}
}

// NewMark makes the mark of a file as a server sent it, whose last archived event begins at an offset of
// the server's; shift is by how much that stands elsewhere in the file here.
func NewMark(of, path string, at uint64, shift int64) (Mark, error) {
	if at == uint64(len(Magic)) {
		sum, _, err := sumAt(path, -1)
		return Mark{Of: of, Sum: sum}, err
	}
	sum, _, err := sumAt(path, int64(at)+shift)
	return Mark{of, at, sum}, err
}

// sumAt returns the sum over the format event of a log and the event that stands at an offset of the
// file, and that one's size; -1 takes the format event alone. The server sends a format event before all
// others wherever one begins to read, but not with all that is in its file: when the server was started
// is left out and where the next event begins, and whether the log is in use changes.
func sumAt(path string, at int64) (sum string, size uint64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	var magic [len(Magic)]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil || string(magic[:]) != Magic {
		return "", 0, errors.New("it is no binary log, or an encrypted one")
	}
	head, format, err := event(f, int64(len(Magic)), maxFormat)
	if err != nil {
		return "", 0, err
	}
	const started = 2 + 50 // behind the versions of the log and of the server
	if head[4] != FormatEvent || len(format) < started+4+sumSize {
		return "", 0, fmt.Errorf("it begins with an event of type %d and %d bytes", head[4], len(format))
	}
	h := sha256.New()
	h.Write(head[:4])  // the second at which it was begun
	h.Write(head[5:9]) // the server
	h.Write(format[:started])
	h.Write(format[started+4 : len(format)-sumSize])
	if at >= 0 {
		var head [HeadSize]byte
		if _, err := f.ReadAt(head[:], at); err != nil {
			return "", 0, torn(err)
		}
		if size, err = SizeOf(head); err != nil {
			return "", 0, err
		}
		if n, err := io.Copy(h, io.NewSectionReader(f, at, int64(size))); err != nil || uint64(n) < size {
			return "", 0, errors.Join(err, ErrTorn)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), size, nil
}

// event reads an event whole.
func event(f io.ReaderAt, at int64, most uint64) (head [HeadSize]byte, body []byte, err error) {
	if _, err := f.ReadAt(head[:], at); err != nil {
		return head, nil, torn(err)
	}
	size, err := SizeOf(head)
	if err != nil {
		return head, nil, err
	}
	if size > most {
		return head, nil, fmt.Errorf("at %d an event of %d bytes", at, size)
	}
	body = make([]byte, size-HeadSize)
	_, err = f.ReadAt(body, at+HeadSize)
	return head, body, torn(err)
}

// SizeOf returns the size that the head of an event says.
func SizeOf(head [HeadSize]byte) (uint64, error) {
	size := uint64(binary.LittleEndian.Uint32(head[9:]))
	if size < HeadSize || size > MaxEvent {
		return 0, fmt.Errorf("an event of %d bytes", size)
	}
	return size, nil
}

func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTorn
	}
	return err
}
