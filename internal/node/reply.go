package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// MaxReply is the size of the largest reply, in bytes.
const MaxReply = 64 << 10

// The exit codes of kagu-node.
const (
	ExitDone    = 0
	ExitRefused = 1 // refused, or tried and failed
	ExitBad     = 2 // not a request at all
)

// Refusal is a reply's Refused as an error: nothing was done, and Reason says why.
type Refusal struct{ Reason string }

// Error returns the reason.
func (r *Refusal) Error() string { return "refused by kagu-node: " + r.Reason }

// Failure is a reply's Error as an error: the verb was tried.
type Failure struct{ Reason string }

// Error returns the reason.
func (f *Failure) Error() string { return "failed on the host: " + f.Reason }

// Err returns nil if the verb was carried out, else a *Refusal or a *Failure.
func (r Reply) Err() error {
	switch {
	case r.Refused != "":
		return &Refusal{r.Refused}
	case r.Error != "":
		return &Failure{r.Error}
	case !r.Done:
		return &Failure{"the reply says neither done nor why not"}
	}
	return nil
}

// Encode writes the reply as one line of JSON, at most MaxReply long: what is cut first is
// the log, then the notes.
func (r Reply) Encode() []byte {
	for _, cut := range []func(*State){func(*State) {}, func(s *State) { s.Log = nil }, func(s *State) { s.Notes, s.LastView = nil, nil }} {
		if r.State != nil {
			short := *r.State
			cut(&short)
			r.State = &short
		}
		if text, err := json.Marshal(r); err == nil && len(text) < MaxReply {
			return append(text, '\n')
		}
	}
	return []byte(fmt.Sprintf(`{"v":%d,"done":false,"error":"the reply could not be written"}`+"\n", Version))
}

// ParseReply reads the reply to a request. A reply is whole only with its line end; keys that
// a later release may add are let pass.
func ParseReply(text []byte, to Verb) (Reply, error) {
	r, err := parseReply(text, to)
	switch {
	case err != nil:
		return Reply{}, err
	case r.ways() != 1:
		return Reply{}, errors.New("reply must be exactly one of done, refused and error")
	case r.Done && r.State == nil:
		return Reply{}, errors.New("reply has no state")
	}
	return r, nil
}

// parseReply reads what replies, headers and trailers of streams have in common.
func parseReply(text []byte, to Verb) (Reply, error) {
	if len(text) > MaxReply {
		return Reply{}, errors.New("reply is too large")
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		return Reply{}, errors.New("reply is cut short")
	}
	var r Reply
	if err := json.Unmarshal(text, &r); err != nil {
		return Reply{}, fmt.Errorf("read reply: %w", err)
	}
	switch {
	case r.Version != Version:
		return Reply{}, fmt.Errorf("reply has version %d, want %d: install the same release on both sides", r.Version, Version)
	case r.Verb != to && !(r.Verb == "" && r.Refused != ""): // a request that could not be read has no verb
		return Reply{}, fmt.Errorf("reply is to %+.40q, asked was %q", string(r.Verb), string(to))
	}
	return r, nil
}

// ways counts how many outcomes the reply claims.
func (r Reply) ways() int {
	n := 0
	for _, way := range []bool{r.Done, r.Refused != "", r.Error != ""} {
		if way {
			n++
		}
	}
	return n
}
