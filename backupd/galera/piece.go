package galera

import (
	"errors"
	"io"
	"time"
)

// A piece is what one reads of a binary log in one go: whole transactions, from an offset on.
type piece struct {
	from, to     uint64 // offsets in the server's file; 0 includes the mark at its begin
	newestAt     uint64 // where its last event begins
	first, last  gtid
	transactions int
	newest       time.Time // of its last transaction
	sums         bool
}

// readPiece looks through a piece. It must end where a transaction does.
func readPiece(r io.Reader, from uint64, sums bool) (piece, error) {
	p := piece{from: from, to: from, sums: sums}
	l, err := newLogReader(r, from, sums)
	if err != nil {
		return p, err
	}
	for {
		e, err := l.next()
		if errors.Is(err, io.EOF) {
			p.to, p.sums = l.at, l.sums
			return p, nil
		}
		if err != nil {
			return p, err
		}
		p.newestAt = e.at
		if e.kind != eventGTID {
			continue
		}
		g, err := e.gtid()
		if err != nil {
			return p, err
		}
		if p.transactions == 0 {
			p.first = g
		}
		p.last, p.newest = g, e.time()
		p.transactions++
	}
}

// until says where a replay ends. One of its fields is set; none: with the log.
type until struct {
	before time.Time // before the first transaction that was committed at this second or later
	with   string    // behind the transaction of this GTID
}

// find returns the offset at which a replay ends, false if that is not in this log.
func (u until) find(r io.Reader) (at uint64, found bool, err error) {
	l, err := newLogReader(r, 0, false)
	if err != nil {
		return 0, false, err
	}
	matched := false
	for {
		e, err := l.next()
		if errors.Is(err, io.EOF) {
			return l.at, matched, nil // the transaction is the last one
		}
		if err != nil {
			return 0, false, err
		}
		ends := e.kind == eventGTID || e.kind == eventRotate || e.kind == eventStop
		if matched && ends {
			return e.at, true, nil
		}
		if e.kind != eventGTID {
			continue
		}
		if !u.before.IsZero() && !e.time().Before(u.before) {
			return e.at, true, nil
		}
		g, err := e.gtid()
		if err != nil {
			return 0, false, err
		}
		matched = u.with != "" && g.String() == u.with
	}
}
