package backupd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// Held is one backup that a store holds, as far as it matters for keeping it.
type Held struct {
	ID         string    `json:"id"`
	Base       string    `json:"base,omitempty"` // ID of the backup it builds on
	Method     Method    `json:"method,omitempty"`
	Begun      time.Time `json:"begun,omitzero"`
	Ended      time.Time `json:"ended,omitzero"`       // a restore brings back this state
	Stored     int64     `json:"stored"`               // bytes
	Proven     time.Time `json:"proven,omitzero"`      // when its newest proof restore ended, if nothing bad was found since
	Bad        string    `json:"bad,omitempty"`        // what was found to be wrong with it
	Unreadable string    `json:"unreadable,omitempty"` // why its manifest cannot be read; then only the ID is known
	Pinned     string    `json:"pinned,omitempty"`     // what is being done with it: "is being proven"
	Log        string    `json:"log,omitempty"`        // of a piece of a binary log: the member and the file that it is of
	Locked     time.Time `json:"locked,omitzero"`      // until then the store lets nobody remove it
	Within     string    `json:"within,omitempty"`     // ID of the larger piece of binary log in this store that was read back and holds all of it
}

// Decision says what becomes of one backup, and why.
type Decision struct {
	Held
	Keep bool   `json:"keep"`
	Why  string `json:"why"`
}

// silentTooLong is how old the newest backup may be. Beyond it either no backups are taken or the
// clock has jumped, and in both cases it is no time to remove any.
const silentTooLong = 45 * 24 * time.Hour

// Retain decides which backups of one cluster are kept in one store. It removes nothing. The
// decisions come in the order of time, and every backup has one.
//
// Chains are kept whole. Where it is not sure of the clock or of a chain, it keeps. It never gives
// up the newest proven chain, what is younger than that, or a binary log that a kept backup could
// be rolled forward over; as long as nothing is proven, it gives up nothing.
func Retain(policy inventory.Retention, zone *time.Location, now time.Time, backups []Held) []Decision {
	sorted := slices.Clone(backups)
	slices.SortFunc(sorted, func(a, b Held) int { return strings.Compare(a.ID, b.ID) })
	keep := map[string]string{} // ID to reason
	if why := clockSaysNo(now, sorted); why != "" {
		for _, h := range sorted {
			keep[h.ID] = why
		}
		return decisions(sorted, keep)
	}
	chains := chainsOf(sorted)
	for _, method := range []Method{Physical, Logical, Native} {
		retainMethod(policy, zone, method, chains, keep)
	}
	for i, c := range chains {
		c.holdBack(now, keep)
		if !c.whole {
			keepBefore(chains[:i], keep)
		}
	}
	retainLogs(policy.Logs, now, chains, keep)
	return decisions(sorted, keep)
}

// clockSaysNo says why nothing can be decided at that time; "" if it can be.
func clockSaysNo(now time.Time, backups []Held) string {
	var newest time.Time
	for _, h := range backups {
		for _, at := range []time.Time{h.Begun, h.Ended} {
			if at.After(newest) {
				newest = at
			}
		}
	}
	switch age := now.Sub(newest); {
	case age < 0:
		return fmt.Sprintf("the clock of this machine (%s) is behind the newest backup: nothing is given up until it is right", now.UTC().Format(time.RFC3339))
	case age > silentTooLong:
		return fmt.Sprintf("the newest backup is %d days old: no backups are taken, or the clock of this machine is wrong; nothing is given up", int(age.Hours()/24))
	}
	return ""
}

// retainMethod applies the policy to the chains of one method. Each method has its own count: a
// logical dump does not stand in for a physical backup.
func retainMethod(policy inventory.Retention, zone *time.Location, method Method, all []chain, keep map[string]string) {
	var good []chain // the newest first
	for _, c := range slices.Backward(all) {
		if c.method == method && c.whole && c.bad == "" {
			good = append(good, c)
		}
	}
	mark := func(c chain, why string) {
		if keep[c.root] == "" {
			keep[c.root] = why
		}
	}
	proven := slices.IndexFunc(good, func(c chain) bool { return !c.proven.IsZero() })
	if proven >= 0 {
		mark(good[proven], "newest proven chain")
	}
	if len(good) > 0 {
		mark(good[0], "newest chain")
	}
	for i, c := range good[:min(policy.Least, len(good))] {
		mark(c, fmt.Sprintf("%d of the %d newest", i+1, policy.Least))
	}
	for _, p := range periods {
		want, n := p.count(policy), 0
		seen := map[string]bool{}
		for _, c := range good {
			name := p.name(c.begun.In(zone))
			if seen[name] {
				continue
			}
			if n++; n > want {
				break
			}
			seen[name] = true
			mark(best(good, func(o chain) bool { return p.name(o.begun.In(zone)) == name }), fmt.Sprintf("%s %d of %d", p.word, n, want))
		}
	}
	for _, c := range all {
		switch {
		case c.method != method || keep[c.root] != "":
		case proven < 0:
			keep[c.root] = "no chain of this method is proven yet"
		case !c.begun.Before(good[proven].begun):
			keep[c.root] = "younger than the newest proven chain"
		}
	}
}

// best is the newest proven chain of a period, else the newest.
func best(newestFirst []chain, in func(chain) bool) chain {
	var found *chain
	for _, c := range newestFirst {
		switch {
		case !in(c):
		case !c.proven.IsZero():
			return c
		case found == nil:
			found = &c
		}
	}
	return *found
}

// periods are what a policy counts. A period without a backup is not counted: a gap in the backups
// is no reason to give up what is before it.
var periods = []struct {
	word  string
	count func(inventory.Retention) int
	name  func(time.Time) string
}{
	{"daily", func(r inventory.Retention) int { return r.Daily }, func(t time.Time) string { return t.Format(time.DateOnly) }},
	{"weekly", func(r inventory.Retention) int { return r.Weekly }, func(t time.Time) string {
		year, week := t.ISOWeek()
		return fmt.Sprint(year, "W", week)
	}},
	{"monthly", func(r inventory.Retention) int { return r.Monthly }, func(t time.Time) string { return t.Format("2006-01") }},
	{"yearly", func(r inventory.Retention) int { return r.Yearly }, func(t time.Time) string { return t.Format("2006") }},
}

// retainLogs keeps the archived binary logs that a kept backup can be rolled forward over, in whole
// files. With a limit, that is from the newest kept backup before it on.
func retainLogs(limit time.Duration, now time.Time, chains []chain, keep map[string]string) {
	bases := slices.DeleteFunc(slices.Clone(chains), func(c chain) bool {
		return c.method == Binlog || keep[c.root] == "" || !c.whole || c.bad != ""
	})
	everything := func(c chain) bool { return c.method != Logical } // a dump may be of some schemas only
	var from time.Time                                              // the oldest state that logs are needed after
	for _, c := range bases {
		reachesLimit := limit > 0 && !c.ended.After(now.Add(-limit)) && (everything(c) || !slices.ContainsFunc(bases, everything))
		if from.IsZero() || reachesLimit {
			from = c.begun
		}
	}
	for _, c := range bases {
		if c.pinned() && c.begun.Before(from) { // a restore may be going to any moment after it
			from = c.begun
		}
	}
	var pieces []chain
	for _, c := range chains {
		if c.method == Binlog {
			pieces = append(pieces, c)
		}
	}
	for _, c := range logsAfter(pieces, from, chain.log) {
		switch {
		case keep[c.root] != "":
		case c.members[0].Within != "" && !c.readSince(bases):
		case from.IsZero():
			keep[c.root] = "no backup is there to roll forward yet"
		case !c.ended.Before(from):
			keep[c.root] = "a kept backup can be rolled forward over it"
		default:
			keep[c.root] = "of the file of the binary log that a kept backup may stand in"
		}
	}
}

func decisions(sorted []Held, keep map[string]string) []Decision {
	roots := rootsOf(sorted)
	all := make([]Decision, 0, len(sorted))
	for _, h := range sorted {
		d := Decision{Held: h, Why: keep[h.ID]}
		if root := roots[h.ID]; d.Why == "" && root != h.ID && keep[root] != "" {
			d.Why = "an incremental of one that is kept"
		}
		if d.Keep = d.Why != ""; !d.Keep {
			d.Why = "past the policy"
			switch {
			case h.Bad != "":
				d.Why = "bad, and a younger chain is proven"
			case h.Within != "":
				d.Why = "all of it is in " + h.Within + " as well, which was read back"
			}
		}
		all = append(all, d)
	}
	return all
}
