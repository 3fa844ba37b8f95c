package mgm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	queued = 4096 // events that wait for whoever takes them

	// Servers ping twice a second, so a stream without a line for this long is dead.
	longestSilence = 5 * time.Second

	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 5 * time.Second
)

// A Listener follows the events of a cluster. It connects again when the stream ends or falls
// silent, to the next server if need be, and says so with a Gap.
type Listener struct {
	options Options
	filter  Filter
	events  chan Event
	cancel  context.CancelFunc
	done    chan struct{}

	overflow overflow // touched by the goroutine only
	saved    savedLog // likewise

	mu     sync.Mutex
	stream Stream
	conn   *conn // of the stream; nil if it is not up
}

// Stream is how a Listener is doing.
type Stream struct {
	Server     string    // the management server it listens to, "" if to none
	NodeID     int       // of that server
	Up         bool      // it listens, and the server gives signs of life
	Since      time.Time // when that began or ended
	LastSign   time.Time // when the server last said anything
	Reconnects int       // how often it had to connect again
	Gaps       int       // how often events may have been lost
	Err        error     // why it is not up
}

// Listen follows the events that pass the filter until the context ends or the Listener is
// closed. It has a connection of its own and does not need the client to stay open.
//
// Events are hints: after the start and after each Gap ask for the Status, which is the truth, and
// once more two seconds later: data nodes learn only then what the filter asks for.
func (c *Client) Listen(ctx context.Context, filter Filter) *Listener {
	ctx, cancel := context.WithCancel(ctx)
	l := &Listener{
		options: c.options, filter: filter, cancel: cancel,
		events: make(chan Event, queued), done: make(chan struct{}),
		stream: Stream{Since: time.Now()},
	}
	go l.run(ctx)
	return l
}

// Events returns the events. The channel is closed when the Listener has ended. Who does not
// take them in time finds a Gap.
func (l *Listener) Events() <-chan Event { return l.events }

// Stream tells how the Listener is doing.
func (l *Listener) Stream() Stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stream
}

// Close ends the Listener and waits until its connection is closed.
func (l *Listener) Close() {
	l.cancel()
	<-l.done
}

// Leave ends the stream if it comes from this server, and goes on with the next. A server that
// lost its data nodes gives signs of life and has nothing to tell: only who asks another knows.
func (l *Listener) Leave(server string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil && l.stream.Server == withPort(server) {
		_ = l.conn.Close() // ends the read that waits
	}
}

func (l *Listener) run(ctx context.Context) {
	defer close(l.done)
	defer close(l.events)
	defer l.cancel()
	backoff := firstBackoff
	for at := 0; ; at++ {
		if len(l.options.Addresses) == 0 {
			l.down(fmt.Errorf("%w: no management server has an address", ErrRequest))
			return
		}
		began := time.Now()
		heard, err := l.follow(ctx, l.options.Addresses[at%len(l.options.Addresses)])
		if ctx.Err() != nil {
			l.down(ctx.Err())
			return
		}
		l.down(err)
		if heard && time.Since(began) > lastBackoff { // one that ends at once is not asked again at once for ever
			backoff = firstBackoff
		}
		if heard || (at+1)%len(l.options.Addresses) == 0 { // all were tried, or this one has just failed us
			select {
			case <-time.After(backoff):
			case <-ctx.Done():
			}
			backoff = min(2*backoff, lastBackoff)
		}
	}
}

// follow listens to one server until the stream ends. It reports whether there was a stream.
func (l *Listener) follow(ctx context.Context, server string) (heard bool, err error) {
	opening, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	c, err := open(opening, l.options, server)
	if err != nil {
		return false, err
	}
	defer c.Close()
	listen := command{name: "listen event", header: "listen event", args: []arg{number("parsable", 1), text("filter", l.filter.argument())}}
	if err := c.run(opening, listen, listening); err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() }) // ends the read that waits
	defer stop()
	l.up(ctx, c)
	return true, l.drain(ctx, c)
}

// listening reads the reply: a number, and a message if it is not 0.
func listening(p reply) error {
	result, err := p.number("result")
	if err != nil {
		return err
	}
	if result != 0 {
		why, _ := p.get("msg")
		return notOK(why)
	}
	return nil
}

// drain reads the stream for as long as it lives. It never waits for anybody: a listener that
// does not read holds up the events of all others.
func (l *Listener) drain(ctx context.Context, c *conn) error {
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := c.SetReadDeadline(time.Now().Add(longestSilence)); err != nil {
			return fmt.Errorf("listen to %s: %w", c.server, err)
		}
		e, isEvent, err := readBlock(c.r)
		now := time.Now()
		switch {
		case err != nil && !now.Before(l.lastSign().Add(longestSilence)):
			return fmt.Errorf("listen to %s: %w for %s", c.server, ErrSilent, longestSilence)
		case err != nil:
			return c.failed(ctx, command{name: "listen event"}, err)
		}
		l.signed(now)
		l.give(nil)
		if isEvent {
			e.Time, e.Server = now, c.server
			if !l.saved.hear(e) {
				l.give([]Event{e})
			}
		}
	}
}

// give puts events in front of whoever takes them; what does not fit is dropped, and a Gap
// follows as soon as there is room.
func (l *Listener) give(events []Event) {
	if l.overflow.lost > 0 {
		gap := Event{Time: time.Now(), Gap: &Gap{Why: "nobody took the events in time", Since: l.overflow.since, Lost: l.overflow.lost}}
		select {
		case l.events <- gap:
			l.overflow = overflow{}
		default:
		}
	}
	for _, e := range events {
		if l.overflow.lost == 0 {
			select {
			case l.events <- e:
				continue
			default:
				l.overflow.since = e.Time
				l.mu.Lock()
				l.stream.Gaps++
				l.mu.Unlock()
			}
		}
		l.overflow.lost++
	}
}

type overflow struct {
	lost  int
	since time.Time
}

func (l *Listener) lastSign() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stream.LastSign
}

func (l *Listener) signed(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stream.LastSign = now
}

// up notes that a stream has begun. If it is not the first, events may have been lost: the Gap
// is followed by those that the data nodes have saved.
func (l *Listener) up(ctx context.Context, c *conn) {
	now := time.Now()
	l.mu.Lock()
	before := l.stream
	l.conn, l.stream.Server, l.stream.NodeID = c, c.server, c.nodeID
	l.stream.Up, l.stream.Since, l.stream.LastSign, l.stream.Err = true, now, now, nil
	again := !before.LastSign.IsZero()
	if again {
		l.stream.Reconnects++
		l.stream.Gaps++
	}
	l.mu.Unlock()
	saved, err := l.saved.ask(ctx, l.options, c.server)
	if !again {
		return
	}
	gap := Event{Time: now, Server: c.server, Gap: &Gap{Why: why(before.Err), Since: before.LastSign, Saved: err == nil}}
	l.give(append([]Event{gap}, l.passing(saved, c.server)...))
}

func (l *Listener) passing(saved []Event, server string) []Event {
	var pass []Event
	for _, e := range saved {
		if l.filter.Hears(e.Type) {
			e.Server = server
			pass = append(pass, e)
		}
	}
	return pass
}

func (l *Listener) down(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stream.Up {
		l.stream.Since = time.Now()
	}
	l.stream.Up, l.stream.Err = false, err
	l.conn, l.stream.Server, l.stream.NodeID = nil, "", 0
}

// why says in a phrase how a stream ended.
func why(err error) string {
	switch {
	case errors.Is(err, ErrSilent):
		return "the stream fell silent"
	case err == nil, brokenOff(err):
		return "the stream ended"
	default:
		return "the stream broke: " + err.Error()
	}
}
