package backupd

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Logs sums up what is archived of the binary logs of a cluster: thousands of small pieces.
type Logs struct {
	Pieces    int       `json:"pieces"`
	Stored    int64     `json:"stored"`    // bytes in the store
	Stretches []Stretch `json:"stretches"` // without a gap each, the oldest first
}

// A Stretch is binary log without a gap.
type Stretch struct {
	Node string    `json:"node"` // of kagu.yaml
	From time.Time `json:"from"` // what was written since is in it
	To   time.Time `json:"to"`   // up to here
}

// logsOf sums up the pieces, which come the oldest first; nil if there are none.
func logsOf(pieces []Manifest) *Logs {
	if len(pieces) == 0 {
		return nil
	}
	l := &Logs{}
	for i, m := range pieces {
		l.Pieces++
		l.Stored += m.Stored()
		if i == 0 || !follows(pieces[i-1], m) {
			l.Stretches = append(l.Stretches, Stretch{Node: nodeOf(m), From: m.Begun, To: m.Begun})
		}
		// The newest transaction says how far it reaches; a piece without one was read when the
		// one before had been stored, and says no more.
		if s := &l.Stretches[len(l.Stretches)-1]; m.Position.Time.After(s.To) {
			s.To = m.Position.Time
		}
	}
	return l
}

// follows reports whether one piece begins where the other ends: at the same place of the same file,
// or at the begin of the next file.
func follows(before, m Manifest) bool {
	if m.From == nil || nodeOf(before) != nodeOf(m) {
		return false
	}
	if m.From.File == before.Position.File {
		return m.From.Offset == before.Position.Offset
	}
	return m.From.Offset == 0 && isNext(before.Position.File, m.From.File)
}

// isNext reports whether a binary log is the one after the other, by the number in its name.
func isNext(before, file string) bool {
	i, k := strings.LastIndexByte(before, '.'), strings.LastIndexByte(file, '.')
	if i < 0 || k < 0 || before[:i] != file[:k] {
		return false
	}
	n, err := strconv.ParseUint(before[i+1:], 10, 64)
	next, err2 := strconv.ParseUint(file[k+1:], 10, 64)
	return err == nil && err2 == nil && next == n+1
}

func nodeOf(m Manifest) string {
	return strings.Join(slices.Sorted(slices.Values(m.Origin.Nodes)), ",")
}
