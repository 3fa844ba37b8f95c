package galera

import (
	"errors"
	"fmt"
	"io"
)

// A seqnoSearch finds the place in the binary logs of one member behind which all is newer than a
// state of Galera, whichever member the state is of: in the log of every member the Xid of a
// transaction is its number in the cluster. A change of definitions has no Xid and takes a number;
// so do changes of membership, which no log has. Where that leaves a doubt, it is an error.
type seqnoSearch struct {
	seqno  int64
	bound  place // behind the last transaction that the state holds
	before int64 // its Xid; 0: there was none yet
	ddls   int   // transactions without Xid since
	open   place // where the one that is being read begins
	inside bool  // whether one is
	xid    int64 // its Xid; 0: none yet
}

// place is an offset in one of several logs.
type place struct {
	log    int
	offset uint64
}

// read looks through the next log. found says that the place is known.
func (s *seqnoSearch) read(log int, r io.Reader) (at place, found bool, err error) {
	l, err := newLogReader(r, 0, false)
	if err != nil {
		return place{}, false, err
	}
	for {
		e, err := l.next()
		end := errors.Is(err, io.EOF)
		switch {
		case err != nil && !end:
			return place{}, false, err
		case end:
			e.at = l.at
		case e.kind == eventXid && s.inside:
			if s.xid, err = e.xid(); err != nil {
				return place{}, false, err
			}
			continue
		case e.kind != eventGTID && e.kind != eventRotate && e.kind != eventStop:
			continue
		}
		if s.inside {
			if at, found, err := s.ended(place{log, e.at}); found || err != nil {
				return at, found, err
			}
		}
		if end {
			return place{}, false, nil
		}
		s.inside, s.open, s.xid = e.kind == eventGTID, place{log, e.at}, 0
	}
}

// ended weighs the transaction that was read.
func (s *seqnoSearch) ended(end place) (at place, found bool, err error) {
	s.inside = false
	switch {
	case s.xid == 0:
		s.ddls++
		return place{}, false, nil
	case s.xid <= s.seqno:
		s.bound, s.before, s.ddls = end, s.xid, 0
		return place{}, false, nil
	case s.before == s.seqno: // what stands between is newer
		return s.bound, true, nil
	case s.xid == s.seqno+1: // what stands between is older
		return s.open, true, nil
	case s.before == 0:
		return place{}, false, fmt.Errorf("the archived binary logs begin with the transaction %d, after the backup, which is at %d", s.xid, s.seqno)
	case s.ddls == 0:
		return s.open, true, nil
	}
	return place{}, false, fmt.Errorf("between the transactions %d and %d stand %d changes of definitions, and nothing tells which of them the backup, which is at %d, holds: use one of the member whose log this is",
		s.before, s.xid, s.ddls, s.seqno)
}

// last is the place if no log has anything newer; false if that is not certain.
func (s *seqnoSearch) last() (place, bool) { return s.bound, s.before == s.seqno && s.seqno != 0 }
