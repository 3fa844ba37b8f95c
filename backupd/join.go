package backupd

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Pieces of one hour are put together when the hour has been over for a while: what comes then is of
// another hour. joinMost bounds what one piece holds, which is read as a whole by a restore.
const (
	joinSpan  = time.Hour
	joinAfter = 10 * time.Minute
	joinMost  = 256 << 20
)

// groups finds the pieces that can be put together: those of one file that follow each other, that
// were archived in the same hour, and that are in no larger piece yet. The newest piece stays as it
// is: an archive goes on from it, and it says how far one can go. The pieces come the oldest first.
func groups(pieces []Piece, now time.Time) [][]Piece {
	in := insides(pieces, func(p Piece) bool { return p.Bad == "" })
	var all [][]Piece
	var group []Piece
	var size int64
	end := func() {
		if len(group) > 1 {
			all = append(all, group)
		}
		group, size = nil, 0
	}
	for i, p := range pieces {
		hour := p.Begun.Truncate(joinSpan)
		free := i < len(pieces)-1 && p.Merged == 0 && in[p.ID] == "" && p.Bad == "" && now.Sub(hour) >= joinSpan+joinAfter
		if n := len(group); n > 0 && (!free || !p.goesOn(group[n-1]) || size+p.Plain > joinMost || !hour.Equal(group[0].Begun.Truncate(joinSpan))) {
			end()
		}
		if free {
			group, size = append(group, p), size+p.Plain
		}
	}
	end()
	return all
}

// goesOn reports whether a piece begins in a file where another one ends, and was archived after it.
func (p Piece) goesOn(before Piece) bool {
	return !p.Fresh && p.Node == before.Node && p.From == before.To && p.file() == before.file() && p.From.File == p.file() &&
		!p.Begun.Before(before.Begun) && !p.Ended.Before(before.Ended)
}

// Join returns what the manifest of pieces is that are put together, without its ID, its streams and
// how they are sealed. They must follow each other, which is looked at again in the manifests
// themselves.
func Join(pieces []Manifest) (Manifest, error) {
	if len(pieces) < 2 {
		return Manifest{}, errors.New("one piece alone is not put together with others")
	}
	first, last := pieces[0], pieces[len(pieces)-1]
	m := Manifest{
		Format: Format, Cluster: first.Cluster, Kind: first.Kind, Method: Binlog, Job: first.Job, Begun: first.Begun, Ended: last.Ended, Merged: len(pieces),
		Facts: Facts{Origin: first.Origin, Position: last.Position, Notes: first.Notes},
	}
	if first.From == nil {
		return Manifest{}, fmt.Errorf("%s does not say where it begins", first.ID)
	}
	from := *first.From
	for i, p := range pieces {
		if i > 0 {
			one, before := PieceOf(p), PieceOf(pieces[i-1])
			if p.Method != Binlog || p.Cluster != first.Cluster || !one.goesOn(before) || !slices.Equal(names(p.Streams), names(first.Streams)) {
				return Manifest{}, fmt.Errorf("%s does not go on where %s ends", p.ID, before.ID)
			}
		}
		// What a piece without a transaction does not know, the others do.
		if p.From.GTID != "" && from.GTID == "" {
			from.GTID = p.From.GTID
		}
		if p.From.Start != 0 && from.Start == 0 {
			from.Start = p.From.Start
		}
		if p.Position.GTID != "" {
			m.Position.GTID = p.Position.GTID
		}
		if p.Position.Stop != 0 {
			m.Position.Stop = p.Position.Stop
		}
		if !p.Position.Time.IsZero() {
			m.Position.Time = p.Position.Time
		}
	}
	m.From = &from
	return m, nil
}

func names(streams []Stream) []string {
	var all []string
	for _, s := range streams {
		all = append(all, s.Name)
	}
	return all
}
