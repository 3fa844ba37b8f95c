package mgm

import (
	"time"
)

// An Event is something that happened in the cluster, as a node reported it, or, if Gap is set,
// the word that something may have happened and was not heard.
type Event struct {
	Type     EventType
	Name     string   // the type's; "unknown_…" for one that this package does not know
	Category Category // 0 if the type is not known
	Severity Severity // "" if the type is not known

	Source int // the node that reported it: a data node, or the management server itself

	Fields []Field  // in the order of the server, with its names
	Words  []uint32 // what the server gave without names
	Text   string   // of an info or warning event

	// Time is when we received it: servers do not say when it happened. Of a Saved event it is
	// when the data node saved it, by that host's clock, to the second.
	Time     time.Time
	Saved    bool   // it was not heard and comes from the log that data nodes keep
	Sequence uint32 // of a saved event: its number on its node

	Server string // the management server it came through
	Gap    *Gap
}

// A Field is a named number of an event.
type Field struct {
	Name  string
	Value uint32
}

// A Gap says that events may have been lost.
type Gap struct {
	Why   string    // a short phrase
	Since time.Time // when the stream was last known to be whole
	Saved bool      // what the data nodes had saved of the lost events follows
	Lost  int       // how many were dropped because nobody took them; 0 if not known
}

// Value returns the value of a field, false if the event has none of that name. A number of 64
// bits, which servers split in two fields, is returned as one under the name without its ending.
func (e Event) Value(name string) (uint64, bool) {
	var low, high uint64
	found := false
	for _, f := range e.Fields {
		switch f.Name {
		case name, name + "_lo", name + "_l":
			low, found = uint64(f.Value), true
		case name + "_hi", name + "_h":
			high = uint64(f.Value)
		}
	}
	return high<<32 | low, found
}

// Node returns the value of a field that holds a node id, 0 if the event has none.
func (e Event) Node(name string) int {
	v, _ := e.Value(name)
	return int(v & 0xffff) // a reference holds the node in its lower half
}
