package backupd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A line of pieces is written as one word a piece, the oldest first:
//
//	NODE:FILE@FROM-TO      archived a minute after the one before, from 10:00 on
//
// with ! for one before which something is missing, ^ for one that was archived in the next hour, and xN for
// one that was put together from N.
func lineOfPieces(t *testing.T, text string) []Piece {
	t.Helper()
	at := oclock(10)
	var all []Piece
	for _, word := range strings.Fields(text) {
		p := Piece{Plain: 10, Fresh: strings.Contains(word, "!"), Whole: strings.Contains(word, "x")}
		if strings.Contains(word, "^") {
			at = at.Truncate(time.Hour).Add(time.Hour)
		}
		word = strings.NewReplacer("!", "", "^", "").Replace(word)
		node, rest, _ := strings.Cut(word, ":")
		var file int
		if _, err := fmt.Sscanf(rest, "%d@%d-%d", &file, &p.From.Offset, &p.To.Offset); err != nil {
			t.Fatal(word, err)
		}
		if _, n, found := strings.Cut(word, "x"); found {
			fmt.Sscan(n, &p.Merged)
		}
		p.ID, p.Node, p.Begun, p.Ended = word, node, at, at.Add(time.Second)
		p.From.File = fmt.Sprintf("log.%06d", file)
		p.To.File = p.From.File
		at = at.Add(time.Minute)
		all = append(all, p)
	}
	return all
}

func TestWhichPiecesArePutTogether(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"those that follow each other; the newest stays as it is", "a:1@0-5 a:1@5-7 a:1@7-9 a:1@9-12", "a:1@0-5 a:1@5-7 a:1@7-9"},
		{"one alone is left alone", "a:1@0-5 a:1@5-7", ""},
		{"not over a gap", "a:1@0-5 a:1@5-7 a:1@8-9 a:1@9-12 a:1@12-13", "a:1@0-5 a:1@5-7 | a:1@8-9 a:1@9-12"},
		{"not over what is said to be a gap", "a:1@0-5 a:1@5-7 a:1@7-9! a:1@9-12 a:1@12-13", "a:1@0-5 a:1@5-7 | a:1@7-9 a:1@9-12"},
		{"not of two members", "a:1@0-5 a:1@5-7 b:1@7-9 b:1@9-12 b:1@12-13", "a:1@0-5 a:1@5-7 | b:1@7-9 b:1@9-12"},
		{"not of two files", "a:1@0-5 a:1@5-7 a:2@0-9 a:2@9-12 a:2@12-13", "a:1@0-5 a:1@5-7 | a:2@0-9 a:2@9-12"},
		{"not of two hours", "a:1@0-5 a:1@5-7 a:1@7-9^ a:1@9-12 a:1@12-13", "a:1@0-5 a:1@5-7 | a:1@7-9 a:1@9-12"},
		{"not of an hour that is not over", "a:1@0-5 a:1@5-7 a:1@7-9^ a:1@9-12^ a:1@12-13 a:1@13-14", "a:1@0-5 a:1@5-7"},
		{"none that is in a larger one already", "a:1@0-9x2 a:1@0-5 a:1@5-9 a:1@9-12 a:1@12-14 a:1@14-15", "a:1@9-12 a:1@12-14"},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := lineOfPieces(t, c.line)
			for i, p := range line {
				if p.Merged > 0 { // it has the times of what it was made of
					line[i].Begun, line[i].Ended = line[i+1].Begun, line[i+p.Merged].Ended
				}
			}
			var all []string
			for _, g := range groups(line, oclock(12).Add(15*time.Minute)) {
				var ids []string
				for _, p := range g {
					ids = append(ids, p.ID)
				}
				all = append(all, strings.Join(ids, " "))
			}
			if got := strings.Join(all, " | "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestWhatIsNeverPutTogether(t *testing.T) {
	whole := lineOfPieces(t, "a:1@0-5 a:1@5-7 a:1@7-9")
	for name, change := range map[string]func(p []Piece){
		"a bad one":              func(p []Piece) { p[1].Bad = "a part is damaged" },
		"more than one can hold": func(p []Piece) { p[1].Plain = joinMost },
		"where the clock was put back meanwhile": func(p []Piece) {
			p[1].Begun, p[1].Ended = p[0].Begun.Add(-time.Second), p[0].Ended.Add(-time.Second)
		},
		"the rest of a file with the next one": func(p []Piece) {
			p[0].To, p[1].From = Place{"log.000002", 0}, Place{"log.000002", 0}
			p[1].To = Place{"log.000002", 7}
		},
		"the begin of a file with the one before": func(p []Piece) { p[1].To = Place{"log.000002", 7} },
	} {
		p := slices.Clone(whole)
		change(p)
		if got := groups(p, oclock(20)); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatIsInALargerPiece(t *testing.T) {
	for _, c := range []struct {
		name  string
		piece func(small, large *Piece)
		in    bool
	}{
		{"as it was put together", func(*Piece, *Piece) {}, true},
		{"another member's", func(s, _ *Piece) { s.Node = "b" }, false},
		{"it ends later in the log", func(s, _ *Piece) { s.To.Offset = 10 }, false},
		{"it begins earlier in the log", func(s, l *Piece) { l.From.Offset = 6 }, false},
		{"another file", func(s, _ *Piece) { s.From.File, s.To.File = "log.000002", "log.000002" }, false},
		{"a file of another name", func(s, _ *Piece) { s.From.File, s.To.File = "bin.000001", "bin.000001" }, false},
		{"the same place of logs that were begun anew later", func(s, _ *Piece) { s.Begun, s.Ended = s.Begun.Add(time.Hour), s.Ended.Add(time.Hour) }, false},
		{"the same place of logs of before", func(s, _ *Piece) { s.Begun = s.Begun.Add(-time.Hour) }, false},
		{"what is no larger piece", func(_, l *Piece) { l.Merged = 0 }, false},
		{"two that hold the same: the later ID is in the other", func(s, l *Piece) { id := l.ID; *s = *l; s.ID = id + "z" }, true},
		{"and not the reverse", func(s, l *Piece) { *s = *l; l.ID += "z" }, false},
	} {
		line := lineOfPieces(t, "a:1@0-9x2 a:1@0-5 a:1@5-9")
		large, small := line[0], line[2]
		large.Begun, large.Ended = line[1].Begun, line[2].Ended
		c.piece(&small, &large)
		if got := small.isIn(large); got != c.in {
			t.Errorf("%s: %v", c.name, got)
		}
		if small.isIn(small) || small.isIn(large) && large.isIn(small) {
			t.Errorf("%s: one is in itself, or each in the other", c.name)
		}
	}
}

// What a piece without a transaction does not know is taken from the others.
func TestTheManifestOfWhatWasPutTogether(t *testing.T) {
	manifest := func(from, to uint64, gtid string) Manifest {
		m := Manifest{ID: NewID(Binlog, oclock(10)), Cluster: "c", Method: Binlog, Job: "log", Begun: oclock(10), Ended: oclock(10), Streams: []Stream{{Name: "binlog"}}}
		m.Origin.Nodes = []string{"a"}
		m.From, m.Position = &Position{File: "log.000001", Offset: from}, Position{File: "log.000001", Offset: to}
		if gtid != "" {
			m.From.GTID, m.Position.GTID, m.Position.Time = gtid, gtid, oclock(9)
		}
		return m
	}
	first, second, third := manifest(0, 5, ""), manifest(5, 7, "0-1-4"), manifest(7, 9, "")
	first.Notes = []string{"a new line begins: there was none before"}
	m, err := Join([]Manifest{first, second, third})
	if err != nil || m.Merged != 3 || m.From.Offset != 0 || m.From.GTID != "0-1-4" || m.Position.Offset != 9 || m.Position.GTID != "0-1-4" ||
		!m.Position.Time.Equal(oclock(9)) || len(m.Notes) != 1 || first.From.GTID != "" {
		t.Errorf("%+v, %v", m, err)
	}
	other := third
	other.Streams = []Stream{{Name: "binlog"}, {Name: "epochs.json"}}
	foreign := third
	foreign.Cluster = "d"
	for name, list := range map[string][]Manifest{
		"one alone": {first}, "a gap": {first, third}, "the wrong order": {second, first}, "twice the same": {first, first}, "other streams": {second, other}, "another cluster": {second, foreign},
	} {
		if _, err := Join(list); err == nil {
			t.Errorf("%s is put together", name)
		}
	}
}
