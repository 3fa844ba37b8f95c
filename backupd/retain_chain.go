package backupd

import (
	"slices"
	"strings"
	"time"
)

// A chain is a full backup with all that builds on it: kept or given up as one. An archived binary
// log is a chain of its own.
type chain struct {
	root    string
	method  Method
	begun   time.Time // of the full backup
	ended   time.Time // of the full backup
	proven  time.Time // when a proof restore of the newest of its proven backups ended
	bad     string    // what is wrong with the full backup
	whole   bool      // the full backup is there and can be read
	members []Held    // the oldest first
}

// pinned reports whether something is being done with one of its backups.
func (c chain) pinned() bool {
	return slices.ContainsFunc(c.members, func(h Held) bool { return h.Pinned != "" })
}

// readSince reports whether something is being done with a backup that a piece of a binary log may
// follow: a restore that began before the piece became part of a larger one reads it still.
func (c chain) readSince(bases []chain) bool {
	return slices.ContainsFunc(bases, func(b chain) bool { return b.pinned() && !c.ended.Before(b.begun) })
}

// log says what a piece of a binary log is of. One of which that is not known stands alone.
func (c chain) log() (node, file string, ended time.Time) {
	node, file, known := strings.Cut(c.members[0].Log, " ")
	if !known {
		return c.root, c.root, c.ended
	}
	return node, file, c.ended
}

// rootsOf finds the full backup of each. Of a chain that lacks one it is the ID that is missed.
func rootsOf(backups []Held) map[string]string {
	base := make(map[string]string, len(backups))
	for _, h := range backups {
		base[h.ID] = h.Base
	}
	roots := make(map[string]string, len(backups))
	for _, h := range backups {
		root := h.ID
		for steps := 0; base[root] != "" && steps <= len(backups); steps++ { // a ring ends too
			root = base[root]
		}
		roots[h.ID] = root
	}
	return roots
}

// chainsOf groups backups that are sorted by ID, and so by time. The chains are sorted too.
func chainsOf(sorted []Held) []chain {
	roots := rootsOf(sorted)
	index := map[string]int{}
	var all []chain
	for _, h := range sorted {
		root := roots[h.ID]
		i, found := index[root]
		if !found {
			i = len(all)
			index[root] = i
			all = append(all, chain{root: root, method: h.Method, begun: h.Begun, ended: h.Ended})
			if h.Method == Incremental {
				all[i].method = Physical
			}
		}
		c := &all[i]
		c.members = append(c.members, h)
		if h.ID == root {
			c.begun, c.ended, c.bad, c.whole = h.Begun, h.Ended, h.Bad, h.Unreadable == "" && h.Method != Incremental
		}
		if h.Proven.After(c.proven) {
			c.proven = h.Proven
		}
	}
	slices.SortStableFunc(all, func(a, b chain) int { return strings.Compare(a.root, b.root) })
	return all
}

// holdBack keeps a chain that something speaks for which is no policy.
func (c chain) holdBack(now time.Time, keep map[string]string) {
	var why string
	for _, h := range c.members {
		switch {
		case h.Pinned != "":
			why = h.ID + " " + h.Pinned
		case h.Locked.After(now):
			why = "the store holds " + h.ID + " under object lock until " + h.Locked.UTC().Format(time.DateOnly)
		case h.Unreadable != "":
			why = "the manifest of " + h.ID + " cannot be read, so nobody knows what it is: " + h.Unreadable
		}
		if why != "" {
			break
		}
	}
	if !c.whole && why == "" {
		why = c.root + ", which it builds on, is missing: look for it before this is removed by hand"
	}
	if why == "" || keep[c.root] != "" {
		return
	}
	keep[c.root] = why
	if !c.whole { // the root has no row of its own
		for _, h := range c.members {
			keep[h.ID] = why
		}
	}
}

// keepBefore keeps the physical chain that comes before one whose full backup is not known: it may
// be the one.
func keepBefore(before []chain, keep map[string]string) {
	for _, c := range slices.Backward(before) {
		if c.method != Physical || !c.whole {
			continue
		}
		if keep[c.root] == "" {
			keep[c.root] = "an incremental whose chain has a gap may build on it"
		}
		return
	}
}
