package mgm

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	blockStart  = "log event reply"
	ping        = "<PING>"
	mostLines   = 256 // of a block: the longest event has 12 fields
	longestData = 1024
)

// readBlock reads from the stream up to the end of the next event. With a ping it returns false.
func readBlock(r *bufio.Reader) (Event, bool, error) {
	for {
		line, err := readLine(r)
		switch {
		case err != nil:
			return Event{}, false, err
		case line == ping:
			return Event{}, false, nil
		case line == blockStart:
			e, err := readEvent(r)
			return e, true, err
		case line != "":
			return Event{}, false, fmt.Errorf("%q is neither an event nor a ping", short(line))
		}
	}
}

// readEvent reads the lines of an event behind its first. Pings may stand between.
func readEvent(r *bufio.Reader) (Event, error) {
	e := Event{Type: -1}
	for range mostLines {
		line, err := readLine(r)
		if err != nil {
			return Event{}, err
		}
		switch line {
		case ping:
			continue
		case "":
			if e.Type < 0 {
				return Event{}, errors.New("an event has no type")
			}
			e.describe()
			return e, nil
		}
		key, value, found := cutLine(line, "=:")
		if !found {
			return Event{}, fmt.Errorf("an event has the line %q", short(line))
		}
		if err := e.take(key, value); err != nil {
			return Event{}, err
		}
	}
	return Event{}, errors.New("an event does not end")
}

// take takes over one line of an event.
func (e *Event) take(key, value string) error {
	if key == "data" {
		words := strings.Fields(value)
		if len(words) > longestData {
			return fmt.Errorf("an event has %d words", len(words))
		}
		for _, w := range words {
			n, err := strconv.ParseUint(w, 10, 32)
			if err != nil {
				return fmt.Errorf("an event has the word %q", short(w))
			}
			e.Words = append(e.Words, uint32(n))
		}
		return nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < -1<<31 || n >= 1<<32 {
		return fmt.Errorf("an event says that %q is %q", short(key), short(value))
	}
	switch key {
	case "type":
		if n < 0 {
			return fmt.Errorf("an event has the type %d", n)
		}
		e.Type = EventType(n)
	case "time": // always 0
	case "source_nodeid":
		e.Source = int(n)
	default:
		e.Fields = append(e.Fields, Field{key, uint32(n)}) // negative ones are large ones that the server prints signed
	}
	return nil
}

// describe adds what the table knows of the type: its name, the names of bare words, the text.
func (e *Event) describe() {
	info, _ := e.Type.Info()
	e.Name, e.Category, e.Severity = info.Name, info.Category, info.Severity
	switch e.Type {
	case InfoText, WarningText:
		e.Text = unpack(e.Words)
		return
	}
	if len(e.Fields) == 0 {
		for i, name := range info.Fields[:min(len(info.Fields), len(e.Words))] {
			e.Fields = append(e.Fields, Field{name, e.Words[i]})
		}
	}
}

// unpack reads the text in the words of an event: four bytes each, the lowest first, up to a NUL.
func unpack(words []uint32) string {
	var b []byte
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(b), "\ufffd"))
}

// original returns the event that a SavedEvent holds: its length, number and time, then its
// words, the first of which holds its type.
func (e Event) original() (Event, error) {
	if e.Type != SavedEvent || len(e.Words) < 4 {
		return Event{}, fmt.Errorf("a saved event has %d words", len(e.Words))
	}
	was := Event{
		Type: EventType(e.Words[3] & 0xffff), Source: e.Source, Words: e.Words[4:],
		Time: time.Unix(int64(e.Words[2]), 0), Saved: true, Sequence: e.Words[1],
	}
	was.describe()
	was.reduceReferences()
	return was, nil
}

// reduceReferences cuts a reference to the node in it, which the server does for live events.
func (e *Event) reduceReferences() {
	for i := range e.Fields {
		if e.Fields[i].Name == "starting_node" {
			e.Fields[i].Value &= 0xffff
		}
	}
}
