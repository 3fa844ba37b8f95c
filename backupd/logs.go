package backupd

import "time"

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
func logsOf(pieces []Piece) *Logs {
	if len(pieces) == 0 {
		return nil
	}
	l := &Logs{}
	for _, p := range pieces {
		l.Pieces++
		l.Stored += p.Stored
	}
	pieces = distinct(pieces)
	for i, p := range pieces {
		if i == 0 || !p.follows(pieces[i-1]) {
			l.Stretches = append(l.Stretches, Stretch{Node: p.Node, From: p.Begun, To: p.Begun})
		}
		// The newest transaction says how far it reaches; a piece without one was read when the
		// one before had been stored, and says no more.
		if s := &l.Stretches[len(l.Stretches)-1]; p.Newest.After(s.To) {
			s.To = p.Newest
		}
	}
	if len(l.Stretches) == 0 { // all are bad
		return nil
	}
	return l
}
