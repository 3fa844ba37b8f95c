package mgm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// savedLog knows how far the log of saved events of each data node was seen, and what was heard
// since, so that after a break only what was missed is told.
type savedLog struct {
	next  map[int]uint32 // by node: the number that its next saved event has
	heard map[string]int // what was heard live since then, by what it says

	// told is what the log held when it was read. The stream, open by then, may bring the last
	// of it once more.
	told  map[string]int
	until time.Time
	quiet bool // what is in told was not passed on, so the stream is the first to bring it
}

const (
	// mostRemembered bounds what is kept of live events. Data nodes keep no more either.
	mostRemembered = 8192

	echo       = time.Second     // how long the stream may bring what the log has told
	askTimeout = 2 * time.Second // for the log: the stream waits for it
)

// hear notes a live event. It reports whether it was told from the log already.
func (s *savedLog) hear(e Event) (old bool) {
	if e.Type == NodeFailed {
		delete(s.next, e.Node("failed_node")) // it numbers from 0 when it comes back
	}
	key := imprint(e)
	if s.told[key] > 0 && e.Time.Before(s.until) {
		s.told[key]--
		return !s.quiet
	}
	if s.heard == nil || len(s.heard) >= mostRemembered {
		s.heard = map[string]int{}
	}
	s.heard[key]++
	return false
}

// ask returns the events that the data nodes saved since the last time and that were not heard.
// The first time it only learns how far the logs are.
func (s *savedLog) ask(ctx context.Context, options Options, server string) ([]Event, error) {
	options.Addresses = []string{server}
	c := New(options)
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	saved, err := c.DumpEvents(ctx, SavedEvent)
	if err != nil {
		return nil, err
	}
	if s.next == nil {
		s.missed(saved)
		return nil, errNoBaseline
	}
	return s.missed(saved), nil
}

// errNoBaseline: nothing can be said of what was missed before the logs were first read.
var errNoBaseline = errors.New("the logs are read for the first time")

// missed returns those of the saved events that are beyond what is known of the logs and were
// not heard, and takes note of how far the logs are now.
func (s *savedLog) missed(saved []Event) []Event {
	first := s.next == nil
	s.told, s.until, s.quiet = map[string]int{}, time.Now().Add(echo), first
	next := map[int]uint32{}
	for node, n := range s.next {
		next[node] = n
	}
	// A node that was restarted numbers its events from 0 again.
	highest := map[int]uint32{}
	for _, e := range saved {
		highest[e.Source] = max(highest[e.Source], e.Sequence+1)
	}
	var missed []Event
	for _, e := range saved {
		from := s.next[e.Source]
		if highest[e.Source] < from {
			from = 0
		}
		next[e.Source] = highest[e.Source]
		if e.Sequence < from {
			continue
		}
		key := imprint(e)
		if !first && s.heard[key] > 0 {
			s.heard[key]--
			continue
		}
		s.told[key]++
		if first {
			continue
		}
		missed = append(missed, e)
	}
	s.next, s.heard = next, nil
	return missed
}

// imprint is what an event says, the same for the live and the saved one.
func imprint(e Event) string {
	var b strings.Builder
	fmt.Fprint(&b, int(e.Type), " ", e.Source)
	if e.Text != "" {
		return b.String() + " " + e.Text
	}
	values := e.Words
	if len(e.Fields) > 0 {
		values = nil
		for _, f := range e.Fields {
			values = append(values, f.Value)
		}
	}
	for len(values) > 0 && values[len(values)-1] == 0 { // saved events are padded
		values = values[:len(values)-1]
	}
	for _, v := range values {
		fmt.Fprint(&b, " ", v)
	}
	return b.String()
}
