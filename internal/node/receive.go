package node

import (
	"errors"
	"fmt"
	"io"
)

// Receive reads a stream that answers the verb and writes its data to w. The trailer it returns
// is the sender's word that all is there; a header that refuses is returned in its place. An
// error means that w got less than the whole, or something else.
func Receive(from io.Reader, to Verb, w io.Writer, opened func(Reply) error) (Reply, error) {
	f := &frames{from: from}
	kind, err := f.next()
	if f.head[0] == '{' {
		return f.plain(to)
	}
	if err != nil {
		return Reply{}, err
	}
	if kind != frameHeader {
		return Reply{}, errors.New("the stream does not begin with its header")
	}
	header, err := f.reply(to)
	if err != nil {
		return Reply{}, err
	}
	switch {
	case header.ways() == 1 && !header.Done:
		return header, f.ended()
	case header.ways() != 0 || header.Stream == nil:
		return Reply{}, errors.New("the header neither opens the stream nor refuses it")
	}
	if opened != nil {
		if err := opened(header); err != nil {
			return Reply{}, err
		}
	}
	return f.body(to, w)
}

// plain reads a reply that comes without frames: of a kagu-node that did not get as far as to
// know that a stream was asked for. It can only be a refusal.
func (f *frames) plain(to Verb) (Reply, error) {
	rest, err := io.ReadAll(io.LimitReader(f.from, MaxReply))
	if err != nil {
		return Reply{}, cut(err)
	}
	r, err := parseReply(append(f.head[:], rest...), to)
	if err == nil && (r.Done || r.Refused == "") {
		err = errors.New("a reply that is no stream")
	}
	return r, err
}

// body reads data and the trailer.
func (f *frames) body(to Verb, w io.Writer) (Reply, error) {
	var bytes uint64
	buffer := make([]byte, MaxFrame)
	for {
		kind, err := f.next()
		if err != nil {
			return Reply{}, err
		}
		switch kind {
		case frameData:
			data := buffer[:f.left]
			if _, err := io.ReadFull(f.from, data); err != nil {
				return Reply{}, cut(err)
			}
			if _, err := w.Write(data); err != nil {
				return Reply{}, fmt.Errorf("take %d bytes more: %w", len(data), err)
			}
			bytes += uint64(len(data))
		case frameTrailer:
			trailer, err := f.trailer(to, bytes)
			if err != nil {
				return Reply{}, err
			}
			return trailer, f.ended()
		default:
			return Reply{}, fmt.Errorf("a frame %q in the middle of the stream", kind)
		}
	}
}

func (f *frames) trailer(to Verb, bytes uint64) (Reply, error) {
	r, err := f.reply(to)
	switch {
	case err != nil:
		return Reply{}, err
	case r.ways() != 1 || r.Refused != "":
		return Reply{}, errors.New("the trailer must be one of done and error")
	case r.Done && r.Stream == nil:
		return Reply{}, errors.New("the trailer does not say what was sent")
	case r.Done && r.Verb != Restore && r.Stream.Bytes != bytes:
		return Reply{}, fmt.Errorf("%w: %d bytes arrived, %d were sent", ErrCut, bytes, r.Stream.Bytes)
	}
	return r, nil
}

// Parts reads what a client sends to kagu-node: parts, one after the other.
type Parts struct {
	f     frames
	read  uint64
	state byte // of the part that is being read: frameData while it goes on
}

// NewParts returns a reader of parts.
func NewParts(from io.Reader) *Parts { return &Parts{f: frames{from: from}, state: framePart} }

// Next goes to the next part, which Read then reads to io.EOF. It returns io.EOF when the
// sender has said that there are no more; an input that just stops is ErrCut.
func (p *Parts) Next() error {
	if p.state == frameEnd {
		return io.EOF
	}
	if p.state == frameData {
		return errors.New("the part before was not read to its end")
	}
	kind, err := p.f.next()
	switch {
	case err != nil:
		return err
	case kind == frameEnd:
		p.state = frameEnd
		return io.EOF
	case kind != frameData:
		return fmt.Errorf("a frame %q where a part begins", kind)
	}
	p.state = frameData
	return nil
}

// Read reads from the part.
func (p *Parts) Read(into []byte) (int, error) {
	if p.state != frameData {
		return 0, io.EOF
	}
	for p.f.left == 0 {
		kind, err := p.f.next()
		switch {
		case err != nil:
			return 0, err
		case kind == framePart:
			p.state = framePart
			return 0, io.EOF
		case kind != frameData:
			return 0, fmt.Errorf("a frame %q in the middle of a part", kind)
		}
	}
	n, err := p.f.from.Read(into[:min(len(into), int(p.f.left))])
	p.f.left -= uint32(n)
	p.read += uint64(n)
	if err != nil {
		err = cut(err)
	}
	return n, err
}

// Received counts the bytes of all parts so far.
func (p *Parts) Received() uint64 { return p.read }
