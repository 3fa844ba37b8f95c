package backupd

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/internal/binlog"
)

// Lines sorts archived pieces of binary logs into lines: those that follow each other without a gap, all of one server. The
// longest comes first.
func Lines(logs []Link) [][]Link {
	sorted := slices.Clone(logs)
	slices.SortStableFunc(sorted, func(a, b Link) int {
		return cmp.Or(cmp.Compare(nodeOf(a.Manifest), nodeOf(b.Manifest)), a.Manifest.Begun.Compare(b.Manifest.Begun))
	})
	var all [][]Link
	for _, l := range sorted {
		if l.Manifest.Method != Binlog || l.Manifest.From == nil {
			continue
		}
		if n := len(all); n > 0 && continues(all[n-1][len(all[n-1])-1].Manifest, l.Manifest) {
			all[n-1] = append(all[n-1], l)
			continue
		}
		all = append(all, []Link{l})
	}
	slices.SortStableFunc(all, func(a, b []Link) int { return len(b) - len(a) })
	return all
}

// continues reports whether a piece begins where the one before it, of the same server, ends. Names and places alone do not
// tell: a server that begins its logs anew uses them again, and then the piece says that a new line begins.
func continues(before, m Manifest) bool {
	return nodeOf(before) == nodeOf(m) && !(len(m.Notes) > 0 && strings.HasPrefix(m.Notes[0], binlog.NoteNew)) &&
		m.From.File == before.Position.File && m.From.Offset == before.Position.Offset && m.Position.UUID == before.Position.UUID
}
