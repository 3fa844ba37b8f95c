package demo

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// An Event is one thing that happened.
type Event struct {
	At   time.Time
	What string // a few words: "alert fired"
	Text string // more about it, one line
}

// late is how long an event may be on its way to us. Events are held back that long, so that
// they can be printed in the order in which they happened.
const late = 600 * time.Millisecond

// A Timeline collects events from several watchers and prints them in order.
type Timeline struct {
	mu      sync.Mutex // guards what follows
	zero    time.Time
	waiting []Event
	seen    map[string]bool
}

// NewTimeline counts from zero.
func NewTimeline(zero time.Time) *Timeline { return &Timeline{zero: zero, seen: map[string]bool{}} }

// Add takes an event. One whose key was seen before is dropped.
func (t *Timeline) Add(key string, e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.seen[key] {
		t.seen[key] = true
		t.waiting = append(t.waiting, e)
	}
}

// Mark remembers a key and prints nothing.
func (t *Timeline) Mark(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[key] = true
}

// Saw tells whether the key was added or marked.
func (t *Timeline) Saw(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen[key]
}

// Print writes the events that happened before a moment, oldest first.
func (t *Timeline) Print(w io.Writer, before time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortStableFunc(t.waiting, func(a, b Event) int { return a.At.Compare(b.At) })
	n := 0
	for n < len(t.waiting) && t.waiting[n].At.Before(before) {
		e := t.waiting[n]
		if _, err := fmt.Fprintf(w, "%8.2f s  %-17s %s\n", e.At.Sub(t.zero).Seconds(), e.What, oneLine(e.Text)); err != nil {
			return err
		}
		n++
	}
	t.waiting = t.waiting[n:]
	return nil
}

// oneLine cuts text to what fits on a line of a wide terminal.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 150 {
		return string(r[:149]) + "…"
	}
	return text
}
