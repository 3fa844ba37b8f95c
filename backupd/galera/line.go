package galera

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
)

// follow returns the archived pieces that lead from a state to a point, in order, and says how the
// replay begins. It looks at manifests alone.
func follow(base backupd.Manifest, logs []backupd.Link, to backupd.Point, reached *backupd.Reached) ([]backupd.Link, error) {
	var whys []string
	for _, l := range backupd.Lines(logs) {
		part, err := pieces(l).from(base)
		if err == nil {
			part, err = part.to(to, reached)
		}
		if err == nil {
			return part, nil
		}
		whys = append(whys, err.Error())
	}
	if len(whys) == 0 {
		return nil, fmt.Errorf("no binary log was archived after %s began: a job of method binlog archives them", base.ID)
	}
	return nil, fmt.Errorf("the archived binary logs do not lead from %s to there: %s", base.ID, strings.Join(whys, "; "))
}

// pieces follow each other without a gap, all of one member.
type pieces []backupd.Link

func (p pieces) node() string { return nodeOf(p[0].Manifest) }

func nodeOf(m backupd.Manifest) string {
	if len(m.Origin.Nodes) == 0 {
		return ""
	}
	return m.Origin.Nodes[0]
}

// startOf returns where in its file a piece begins. One that comes from another file holds its own
// from the begin on.
func startOf(m backupd.Manifest) uint64 {
	if m.From.File != m.Position.File {
		return 0
	}
	return m.From.Offset
}

// holds reports whether a place is in a piece, as far as names and offsets tell.
func holds(m backupd.Manifest, pos backupd.Position) bool {
	return m.Position.File == pos.File && m.Position.Offset >= pos.Offset && startOf(m) <= pos.Offset
}

// from cuts off what the state holds already. Where the state is of another member the
// line must be of the same cluster, and the exact place is found when the logs are read. A member that
// was rebuilt gives the names of its files again: what was written after the backup had ended cannot
// stand before its place. Whether the file is really the same is seen when it is read.
func (p pieces) from(base backupd.Manifest) (pieces, error) {
	pos := base.Position
	if of := p[len(p)-1].Manifest.Position.UUID; pos.UUID != "" && of != pos.UUID {
		return nil, fmt.Errorf("those of %s from %s on are of another cluster (%s) than the backup (%s): one that is founded anew counts its transactions anew", p.node(), p[0].Manifest.Position.File, cmp.Or(of, "which is not known"), pos.UUID)
	}
	if nodeOf(base) == p.node() && pos.File != "" {
		for i, l := range p {
			if newest := l.Manifest.Position.Time; newest.After(base.Ended.Add(clocksDiffer)) && !holds(l.Manifest, pos) {
				return nil, fmt.Errorf("those of %s from %s on are of another time: %s was written at %s, before it came to %s", p.node(), p[0].Manifest.Position.File,
					l.Manifest.Position.File, newest.UTC().Format(time.RFC3339), pos.File)
			}
			if holds(l.Manifest, pos) {
				return p.wholeFile(i)
			}
		}
		return nil, fmt.Errorf("those of %s from %s to %s do not hold %s at %d", p.node(), p[0].Manifest.Position.File, p[len(p)-1].Manifest.Position.File, pos.File, pos.Offset)
	}
	if pos.UUID == "" || pos.Seqno <= 0 {
		return nil, fmt.Errorf("those of %s cannot be joined to the state of another member: the backup does not say its number in the cluster", p.node())
	}
	return p.wholeFile(0)
}

// wholeFile returns the pieces from the begin of the file on in which piece i lies: a binary log is
// read from its begin.
func (p pieces) wholeFile(i int) (pieces, error) {
	file := p[i].Manifest.Position.File
	for i > 0 && startOf(p[i].Manifest) > 0 {
		i--
	}
	if startOf(p[i].Manifest) > 0 {
		return nil, fmt.Errorf("those of %s lack the begin of %s", p.node(), file)
	}
	return p[i:], nil
}

// to cuts off what comes after a point, and says how much is missing if it is not reached. When a piece
// was stored says nothing of how far it goes: what was committed meanwhile is in the next one. Its newest
// transaction does. On an idle cluster no piece comes after the last change: then the archive knows how
// far there was none.
func (p pieces) to(point backupd.Point, reached *backupd.Reached) (pieces, error) {
	last := p[len(p)-1].Manifest
	switch {
	case !point.Time.IsZero():
		var known time.Time // all of before is here
		for i, l := range p {
			newest := l.Manifest.Position.Time
			if !newest.Before(point.Time) { // one of that second or later: a log has them in the order of their commits
				return p[:i+1], nil
			}
			if newest.After(known) {
				known = newest
			}
		}
		nothing := ""
		if reached.Ends(last) && reached.At.After(known) {
			if !known.IsZero() {
				nothing = ", and nothing had been written by then since " + known.UTC().Format(time.RFC3339)
			}
			known = reached.At
		}
		if known.IsZero() {
			return nil, fmt.Errorf("those of %s hold no transaction, and nothing tells how far they go: wait until one is archived, or for five minutes without one", p.node())
		}
		if known.Before(point.Time) {
			return nil, fmt.Errorf("those of %s go to %s, which is %s too early%s: give a time up to that", p.node(), known.UTC().Format(time.RFC3339),
				point.Time.Sub(known).Round(time.Second), nothing)
		}
		return p, nil
	case point.GTID != "":
		domain, seqno, err := parseGTID(point.GTID)
		if err != nil {
			return nil, err
		}
		for i, l := range p {
			d, s, err := parseGTID(l.Manifest.Position.GTID)
			if err == nil && d == domain && s >= seqno {
				return p[:i+1], nil
			}
		}
		return nil, fmt.Errorf("those of %s go to %s", p.node(), cmp.Or(last.Position.GTID, "no transaction"))
	}
	return p, nil
}

// parseGTID reads domain and number of a transaction.
func parseGTID(text string) (domain uint32, seqno uint64, err error) {
	parts := strings.Split(text, "-")
	if len(parts) == 3 {
		d, errD := strconv.ParseUint(parts[0], 10, 32)
		_, errS := strconv.ParseUint(parts[1], 10, 32)
		n, errN := strconv.ParseUint(parts[2], 10, 64)
		if errD == nil && errS == nil && errN == nil {
			return uint32(d), n, nil
		}
	}
	return 0, 0, fmt.Errorf("%+.60q is not the GTID of a transaction, such as 0-1-4711", text)
}
