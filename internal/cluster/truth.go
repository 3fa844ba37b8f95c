package cluster

import "fmt"

// Truth is an answer that may be missing. The zero value is Unknown, so that what
// nobody asked is never taken for a No.
type Truth int8

// The three answers.
const (
	Unknown Truth = iota
	No
	Yes
)

// TruthOf turns a known answer into a Truth.
func TruthOf(b bool) Truth {
	if b {
		return Yes
	}
	return No
}

// String returns "unknown", "no" or "yes".
func (t Truth) String() string {
	switch t {
	case No:
		return "no"
	case Yes:
		return "yes"
	default:
		return "unknown"
	}
}

// MarshalText writes the word String gives.
func (t Truth) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the words String gives and refuses all others.
func (t *Truth) UnmarshalText(text []byte) error {
	switch string(text) {
	case "unknown":
		*t = Unknown
	case "no":
		*t = No
	case "yes":
		*t = Yes
	default:
		return fmt.Errorf("read truth %q: want unknown, no or yes", text)
	}
	return nil
}
