package backupd

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Piece is what is kept in mind of an archived piece of a binary log. An archive has thousands of
// them a day, and who looks through them needs these few fields; the manifest has the rest.
type Piece struct {
	ID           string
	Begun, Ended time.Time
	Node         string // of kagu.yaml: whose log it is
	From         Place  // what it follows, in its own file or at the end of the one before
	To           Place  // where it ends
	Mark         string // by what the log is known again there; the Kind alone reads it
	Newest       time.Time
	Plain        int64
	Stored       int64
	Fresh        bool     // it follows nothing: something is missing before it
	Merged       int      // how many pieces it was put together from; 0: it is as it was archived
	Whole        bool     // it was read back, and nothing bad was found
	Bad          string   // what was found to be wrong with it
	Stores       []string // of kagu.yaml, that have it
}

// A Place is a place in a binary log.
type Place struct {
	File   string
	Offset uint64
}

// PieceOf takes from a manifest what is kept in mind of a piece.
func PieceOf(m Manifest) Piece {
	p := Piece{
		ID: m.ID, Begun: m.Begun, Ended: m.Ended, Node: nodeOf(m), To: Place{m.Position.File, m.Position.Offset}, Newest: m.Position.Time,
		Plain: m.Plain(), Stored: m.Stored(), Fresh: m.From == nil || len(m.Notes) > 0, Merged: m.Merged,
		Mark: m.Position.Mark,
	}
	if m.From != nil {
		p.From = Place{m.From.File, m.From.Offset}
	}
	return p
}

func sortPieces(pieces []Piece) {
	slices.SortFunc(pieces, func(a, b Piece) int { return cmp.Or(a.Begun.Compare(b.Begun), strings.Compare(a.ID, b.ID)) })
}

// looked notes what was found of a piece.
func (p *Piece) looked(e Entry) {
	p.Bad, _ = e.Bad()
	_, opened := e.Newest(Opened)
	p.Whole = p.Bad == "" && opened
}

func nodeOf(m Manifest) string {
	return strings.Join(slices.Sorted(slices.Values(m.Origin.Nodes)), ",")
}

// file is the one whose bytes a piece holds. Where it ends at the begin of a file, it holds the rest
// of the one before.
func (p Piece) file() string {
	if p.To.Offset == 0 {
		return p.From.File
	}
	return p.To.File
}

// follows reports whether one piece begins where the other ends: at the same place of the same file,
// or at the begin of the next file.
func (p Piece) follows(before Piece) bool {
	if p.Fresh || p.From.File == "" || before.Node != p.Node {
		return false
	}
	return p.From == before.To || p.From.Offset == 0 && isNext(before.To.File, p.From.File)
}

// isNext reports whether a binary log is the one after the other, by the number in its name.
func isNext(before, file string) bool {
	base, n, known := numberOf(before)
	nextBase, next, nextKnown := numberOf(file)
	return known && nextKnown && base == nextBase && next == n+1
}

func numberOf(file string) (base string, n uint64, ok bool) {
	i := strings.LastIndexByte(file, '.')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(file[i+1:], 10, 64)
	return file[:i], n, err == nil
}

// notAfter reports whether a place is known to be at another one or before it.
func (a Place) notAfter(b Place) bool {
	base, n, known := numberOf(a.File)
	other, m, otherKnown := numberOf(b.File)
	return known && otherKnown && base == other && cmp.Or(cmp.Compare(n, m), cmp.Compare(a.Offset, b.Offset)) <= 0
}

// isIn reports whether all that a piece holds is in another one as well, which was put together from
// such. Both the place in the log and the time must say so: a server that begins its logs anew uses
// their names again. Of two that hold the same, one is in the other and not the reverse.
func (p Piece) isIn(m Piece) bool {
	less := cmp.Or(cmp.Compare(p.Merged, m.Merged), strings.Compare(m.ID, p.ID)) < 0
	return m.Merged > 0 && less && p.Node == m.Node && !p.Begun.Before(m.Begun) && !p.Ended.After(m.Ended) &&
		m.From.notAfter(p.From) && p.To.notAfter(m.To)
}

// insides finds the pieces that are in another one of which ok says that it counts, by ID. The pieces
// come in the order of their begins.
func insides(pieces []Piece, ok func(Piece) bool) map[string]string {
	var merged []Piece
	for _, p := range pieces {
		if p.Merged > 0 && ok(p) {
			merged = append(merged, p)
		}
	}
	in := map[string]string{}
	var near []Piece // that began before the piece, and ended after
	for _, p := range pieces {
		for len(merged) > 0 && !merged[0].Begun.After(p.Begun) {
			near, merged = append(near, merged[0]), merged[1:]
		}
		near = slices.DeleteFunc(near, func(m Piece) bool { return m.Ended.Before(p.Begun) })
		if i := slices.IndexFunc(near, p.isIn); i >= 0 {
			in[p.ID] = near[i].ID
		}
	}
	return in
}

// distinct leaves out what is bad, and what is in a piece that is not: what is left holds each byte of
// a log once.
func distinct(pieces []Piece) []Piece {
	good := slices.DeleteFunc(slices.Clone(pieces), func(p Piece) bool { return p.Bad != "" })
	in := insides(good, func(Piece) bool { return true })
	return slices.DeleteFunc(good, func(p Piece) bool { return in[p.ID] != "" })
}
