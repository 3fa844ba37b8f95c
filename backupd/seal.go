package backupd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/kagu-db/kagu/backupd/store"
)

// A stream is cut into parts, a part into frames. Each frame is a zstd frame with a checksum, and
// each part an age file of its own and an object of its own: so frames are compressed at the same
// time, a part is retried from memory, an interrupted upload goes on with the parts that are
// missing, and what is damaged is known to 16 MiB.
const (
	frameSize     = 4 << 20
	framesPerPart = 4
	partSize      = frameSize * framesPerPart
	// maxSealed is what a part of random bytes grows to, and what a reader allows: zstd adds less
	// than 1 in 1,000, age 16 bytes in 64 KiB and some hundred for each recipient.
	maxSealed = partSize + partSize/256 + 64<<10
	// frameRoom is what a frame of random bytes grows to when it is compressed.
	frameRoom = frameSize + 64<<10
)

// maxStreams bounds the streams that are written at once, and with them the memory.
const maxStreams = 4

// maxPartsOpen is how many parts may be in memory at once, of all streams: being filled, sealed or
// stored. A part of random bytes has 16 MiB, and 16 more while it is sealed.
const maxPartsOpen = 3

// A Sealer writes the streams of one backup into a store. It is the Sink of a Take.
type Sealer struct {
	ctx        context.Context // of the backup: its end ends every stream
	cancel     context.CancelCauseFunc
	store      store.Store
	name       func(stream string, n int) string
	recipients []age.Recipient
	limit      *rate.Limiter
	progress   func(plain, stored int)

	work        *errgroup.Group // compressing
	parts       chan struct{}   // a token for each part in memory
	streams     chan struct{}   // a token for each open stream
	frames      spares[[]byte]  // being filled and compressed
	rooms       spares[[]byte]  // for frames that are compressed: of what is never filled, no memory is taken
	sealed      spares[*bytes.Buffer]
	compressors chan compressor

	mu   sync.Mutex
	done []*streamWriter // those that were closed
	open int
}

// SealOptions say how parts are made.
type SealOptions struct {
	Recipients []age.Recipient         // who can open it; none: not encrypted
	Limit      *rate.Limiter           // bytes of the streams a second; nil: no limit
	Progress   func(plain, stored int) // is told of every part that is stored; nil: nobody is
	Workers    int                     // that compress; 0: one for each core
}

// NewSealer returns a Sealer for the backup. Finish must be called in the end.
func NewSealer(ctx context.Context, st store.Store, cluster, id string, o SealOptions) (*Sealer, error) {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	s := &Sealer{
		store: st, recipients: o.Recipients, limit: o.Limit, progress: o.Progress,
		name:        func(stream string, n int) string { return partOf(cluster, id, stream, n) },
		parts:       make(chan struct{}, maxPartsOpen),
		streams:     make(chan struct{}, maxStreams),
		compressors: make(chan compressor, o.Workers),
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	for range o.Workers {
		c, err := newCompressor()
		if err != nil {
			return nil, fmt.Errorf("prepare to compress: %w", err)
		}
		s.compressors <- c
	}
	s.frames = spares[[]byte]{make(chan []byte, o.Workers+maxStreams), func() []byte { return make([]byte, 0, frameSize) }}
	s.rooms = spares[[]byte]{make(chan []byte, framesPerPart*maxPartsOpen), func() []byte { return make([]byte, 0, frameRoom) }}
	s.sealed = spares[*bytes.Buffer]{make(chan *bytes.Buffer, maxPartsOpen), func() *bytes.Buffer {
		return bytes.NewBuffer(make([]byte, 0, maxSealed)) // a buffer that grows leaves as much garbage
	}}
	s.work = &errgroup.Group{}
	return s, nil
}

// Stream begins a stream. It waits while as many are open as memory allows.
func (s *Sealer) Stream(ctx context.Context, name string) (io.WriteCloser, error) {
	if !streamShape.MatchString(name) {
		return nil, fmt.Errorf("%+.100q cannot be the name of a stream", name)
	}
	select {
	case s.streams <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	}
	s.mu.Lock()
	s.open++
	s.mu.Unlock()
	return &streamWriter{sealer: s, name: name}, nil
}

// Finish waits until all parts are stored and returns the streams, sorted by name. It fails if
// anything failed, or a stream was not closed.
func (s *Sealer) Finish() ([]Stream, error) {
	err := s.work.Wait()
	if cause := context.Cause(s.ctx); cause != nil {
		err = cause
	}
	s.cancel(errors.New("the backup is finished"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.open > 0 {
		err = fmt.Errorf("%d streams were not brought to their end", s.open)
	}
	if err != nil {
		return nil, err
	}
	var streams []Stream
	for _, w := range s.done {
		stream := Stream{Name: w.name, Size: w.size}
		for _, p := range w.stored {
			stream.Parts = append(stream.Parts, *p)
		}
		streams = append(streams, stream)
	}
	slices.SortFunc(streams, func(a, b Stream) int { return strings.Compare(a.Name, b.Name) })
	return streams, nil
}

// Fail ends the backup: every call of its streams returns the error from now on.
func (s *Sealer) Fail(err error) { s.cancel(err) }

// A streamWriter cuts what is written into frames and hands each on as soon as it is full.
type streamWriter struct {
	sealer *Sealer
	name   string
	size   int64
	frame  []byte
	part   *openPart
	stored []*Part // in order; filled in when the part is stored
	closed bool
}

// An openPart is a part that is being filled. It is sealed when all of its frames are compressed.
type openPart struct {
	frames  [framesPerPart][]byte
	count   int
	plain   int64
	pending sync.WaitGroup
}

func (w *streamWriter) Write(p []byte) (int, error) {
	wrote := 0
	for len(p) > 0 {
		if w.frame == nil {
			if err := w.begin(); err != nil {
				return wrote, err
			}
		}
		n := min(len(p), frameSize-len(w.frame))
		if err := w.sealer.wait(n); err != nil {
			return wrote, err
		}
		w.frame = append(w.frame, p[:n]...)
		p, wrote = p[n:], wrote+n
		w.size += int64(n)
		if len(w.frame) == frameSize {
			w.flush()
		}
	}
	return wrote, nil
}

// wait keeps to the rate, in steps that the limiter's burst allows.
func (s *Sealer) wait(n int) error {
	if err := context.Cause(s.ctx); err != nil {
		return err
	}
	for s.limit != nil && n > 0 {
		step := min(n, s.limit.Burst())
		if err := s.limit.WaitN(s.ctx, step); err != nil {
			return errors.Join(context.Cause(s.ctx), err)
		}
		n -= step
	}
	return nil
}

// begin takes a frame to fill, and room for a part if this frame is its first.
func (w *streamWriter) begin() error {
	if w.closed {
		return errors.New("the stream is closed")
	}
	if w.part == nil {
		select {
		case w.sealer.parts <- struct{}{}:
		case <-w.sealer.ctx.Done():
			return context.Cause(w.sealer.ctx)
		}
		w.part = &openPart{}
	}
	w.frame = w.sealer.frames.take()[:0]
	return nil
}

// flush hands a full frame to who compresses, and the part to who seals it once it is full.
func (w *streamWriter) flush() {
	s, part, frame, n := w.sealer, w.part, w.frame, w.part.count
	w.frame = nil
	part.count++
	part.plain += int64(len(frame))
	part.pending.Add(1)
	c := <-s.compressors // bounds what is compressed at once, and so the frames in memory
	s.work.Go(func() error {
		defer part.pending.Done()
		part.frames[n] = c.compress(frame, s.rooms.take())
		s.frames.give(frame)
		s.compressors <- c
		return nil
	})
	if part.count == framesPerPart {
		w.seal()
	}
}

// seal lets the part be sealed and stored while the stream goes on.
func (w *streamWriter) seal() {
	s, part, number := w.sealer, w.part, len(w.stored)
	w.part = nil
	stored := &Part{Plain: part.plain}
	w.stored = append(w.stored, stored)
	s.work.Go(func() error {
		defer func() { <-s.parts }()
		part.pending.Wait()
		err := s.put(w.name, number, part, stored)
		if err != nil {
			s.Fail(err)
		}
		return err
	})
}

// put seals a part into one buffer and stores it.
func (s *Sealer) put(stream string, number int, part *openPart, stored *Part) error {
	if err := context.Cause(s.ctx); err != nil {
		return err
	}
	buffer := s.sealed.take()
	buffer.Reset()
	defer s.sealed.give(buffer)
	if err := sealInto(buffer, part.frames[:part.count], s.recipients); err != nil {
		return fmt.Errorf("seal part %d of %s: %w", number, stream, err)
	}
	for i, frame := range part.frames[:part.count] {
		s.rooms.give(frame)
		part.frames[i] = nil
	}
	sum := store.Sum(sha256.Sum256(buffer.Bytes()))
	if err := s.store.Put(s.ctx, s.name(stream, number), buffer.Bytes(), sum); err != nil {
		return fmt.Errorf("store part %d of %s: %w", number, stream, err)
	}
	stored.Size, stored.Sum = int64(buffer.Len()), hex.EncodeToString(sum[:])
	if s.progress != nil {
		s.progress(int(stored.Plain), int(stored.Size))
	}
	return nil
}

// sealInto writes frames one after the other, encrypted if there is anybody to encrypt to.
func sealInto(buffer *bytes.Buffer, frames [][]byte, recipients []age.Recipient) error {
	if len(recipients) == 0 {
		for _, f := range frames {
			buffer.Write(f)
		}
		return nil
	}
	w, err := age.Encrypt(buffer, recipients...)
	if err != nil {
		return err
	}
	for _, f := range frames {
		if _, err := w.Write(f); err != nil {
			return err
		}
	}
	return w.Close()
}

// Close ends the stream. What it holds is stored when Finish returns nil.
func (w *streamWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	s := w.sealer
	defer func() { <-s.streams }()
	if len(w.frame) > 0 {
		w.flush()
	}
	if w.part != nil {
		w.seal()
	}
	if err := context.Cause(s.ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	s.done = append(s.done, w)
	return nil
}

// spares are buffers that are used again: what is large is not left to the garbage collector.
type spares[T any] struct {
	kept chan T
	make func() T
}

func (s spares[T]) take() T {
	select {
	case one := <-s.kept:
		return one
	default:
		return s.make()
	}
}

func (s spares[T]) give(one T) {
	select {
	case s.kept <- one:
	default: // there are enough
	}
}
