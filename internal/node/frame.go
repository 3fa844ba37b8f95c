package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// A stream is a sequence of frames: a byte that says what it is, four bytes of length, and so
// many bytes. kagu-node sends a header, data and a trailer, or a header that refuses and nothing
// else. A client sends parts to it. Beats say that the sender lives while it has no data. What
// ends without its trailer is cut short, whatever else arrived.
const (
	frameHeader  = 'H' // a Reply: what is coming, or why nothing is
	frameData    = 'D'
	frameBeat    = 'B' // empty
	frameTrailer = 'T' // a Reply: what it was, or why it failed; the end
	framePart    = 'P' // empty: here a part ends; to kagu-node only
	frameEnd     = 'E' // empty: the last part has ended; to kagu-node only
)

// MaxFrame is the size of the largest frame, in bytes.
const MaxFrame = 1 << 20

const frameHead = 5

// ErrCut says that a stream ended before its trailer: the sender, or the way to it, died.
var ErrCut = errors.New("the stream was cut short")

// Sender writes a stream. Beats may be sent from another goroutine.
type Sender struct {
	mu   sync.Mutex
	to   io.Writer
	err  error // the first; nothing is written after it
	sent uint64
	head [frameHead]byte
}

// NewSender returns a Sender that writes to w.
func NewSender(w io.Writer) *Sender { return &Sender{to: w} }

// Header opens the stream, or refuses it.
func (s *Sender) Header(r Reply) error { return s.frame(frameHeader, r.Encode()) }

// Trailer closes the stream.
func (s *Sender) Trailer(r Reply) error { return s.frame(frameTrailer, r.Encode()) }

// Beat tells the other side that we live.
func (s *Sender) Beat() error { return s.frame(frameBeat, nil) }

// Part ends a part of what a client sends, End the last one.
func (s *Sender) Part() error { return s.frame(framePart, nil) }

// End says that there are no more parts.
func (s *Sender) End() error { return s.frame(frameEnd, nil) }

// Write sends data.
func (s *Sender) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n := min(len(p)-done, MaxFrame)
		if err := s.frame(frameData, p[done:done+n]); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// Sent counts the bytes of data so far.
func (s *Sender) Sent() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

func (s *Sender) frame(kind byte, content []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.head[0] = kind
	binary.BigEndian.PutUint32(s.head[1:], uint32(len(content)))
	_, s.err = s.to.Write(s.head[:])
	if s.err == nil && len(content) > 0 {
		_, s.err = s.to.Write(content)
	}
	if s.err == nil && kind == frameData {
		s.sent += uint64(len(content))
	}
	return s.err
}

// frames reads frames.
type frames struct {
	from io.Reader
	head [frameHead]byte
	left uint32 // of the frame that is being read
}

// next reads the head of the next frame that is no beat.
func (f *frames) next() (kind byte, err error) {
	for {
		if _, err := io.ReadFull(f.from, f.head[:]); err != nil {
			return 0, cut(err)
		}
		kind, f.left = f.head[0], binary.BigEndian.Uint32(f.head[1:])
		switch kind {
		case frameData:
			if f.left == 0 || f.left > MaxFrame {
				return 0, fmt.Errorf("a frame of %d bytes", f.left)
			}
		case frameHeader, frameTrailer:
			if f.left > MaxReply {
				return 0, fmt.Errorf("a reply of %d bytes", f.left)
			}
		case frameBeat, framePart, frameEnd:
			if f.left != 0 {
				return 0, fmt.Errorf("a frame %q of %d bytes", kind, f.left)
			}
		default:
			return 0, fmt.Errorf("a frame of the unknown kind %q: is it kagu-node, of the same release? see docs/hosts.md", kind)
		}
		if kind != frameBeat {
			return kind, nil
		}
	}
}

// reply reads the rest of a frame that is a reply.
func (f *frames) reply(to Verb) (Reply, error) {
	text := make([]byte, f.left)
	if _, err := io.ReadFull(f.from, text); err != nil {
		return Reply{}, cut(err)
	}
	return parseReply(text, to)
}

// ended checks that nothing follows.
func (f *frames) ended() error {
	if n, err := io.ReadFull(f.from, f.head[:1]); n > 0 {
		return errors.New("something follows the end of the stream")
	} else if !errors.Is(err, io.EOF) {
		return cut(err)
	}
	return nil
}

// cut gives the error of a read its kind. An end in the middle is as bad as a broken connection.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrCut
	}
	return fmt.Errorf("%w: %w", ErrCut, err)
}
