package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/kagu-db/kagu/backupd"
)

// howLong says a duration as people do.
func howLong(d time.Duration) string {
	switch {
	case d < time.Second:
		return "under 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 100*time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// since says how long ago something was.
func since(now, then time.Time) string {
	if d := now.Sub(then); d >= 0 {
		return howLong(d) + " ago"
	}
	return "in the future"
}

// clock says a moment in the zone of now: the time for today, with the day for this week, with the
// date beyond.
func clock(now, t time.Time) string {
	t = t.In(now.Location())
	switch age := now.Sub(t); {
	case now.YearDay() == t.YearDay() && now.Year() == t.Year():
		return t.Format("15:04")
	case age > -6*24*time.Hour && age < 6*24*time.Hour:
		return t.Format("Mon 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// clocks says two moments, to the second if they are not told apart otherwise.
func clocks(now, from, to time.Time) (string, string) {
	a, b := clock(now, from), clock(now, to)
	if a != b {
		return a, b
	}
	second := func(t time.Time) string { return t.In(now.Location()).Format(":05") }
	return a + second(from), b + second(to)
}

// size says a number of bytes.
func size(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1000, 0
	for ; f >= 999.95 && i < len(units)-1; i++ {
		f /= 1000
	}
	return fmt.Sprintf("%.1f %cB", f, units[i])
}

// whatItIs says what a backup is, for who does not know the methods by name.
func whatItIs(now time.Time, m backupd.Manifest, all []backupd.Shown) string {
	of := ""
	switch n := len(m.Origin.Nodes); {
	case n == 1:
		of = " of " + m.Origin.Nodes[0]
	case n > 1:
		of = fmt.Sprintf(" of %d nodes", n)
	}
	switch m.Method {
	case backupd.Physical:
		return "full copy" + of
	case backupd.Incremental:
		i := slices.IndexFunc(all, func(b backupd.Shown) bool { return b.Manifest.ID == m.Base })
		if i < 0 {
			return "changes since a copy that is missing"
		}
		return "changes since " + clock(now, all[i].State)
	case backupd.Logical:
		return "SQL dump" + of
	case backupd.Native:
		return "NDB backup" + of
	}
	return string(m.Method)
}

// checkedWords says how far a backup can be trusted: whether a restore of it was tried, else whether it
// was read back from its store.
func checkedWords(now time.Time, b backupd.Shown, all []backupd.Shown) (string, paint) {
	read := backupd.Record{Good: true}
	for _, r := range b.Records {
		if r.Look != backupd.Proven {
			read = r
		}
	}
	last, tried := backupd.Entry{Records: b.Records}.Newest(backupd.Proven)
	switch {
	case !read.Good:
		return "DAMAGED: " + shorten(read.Said), red
	case tried && !last.Good:
		return "restore FAILED: " + shorten(last.Said), red
	case !b.Proven.IsZero():
		text := "restored " + since(now, b.Proven)
		if took := restoreSeconds(last); took > 0 {
			text += " in " + howLong(took)
		}
		return text, green
	}
	for _, other := range all { // a proof of what builds on it restored it too
		r, found := backupd.Entry{Records: other.Records}.Newest(backupd.Proven)
		if found && !other.Proven.IsZero() && slices.Contains(r.Chain, b.Manifest.ID) {
			return "restored " + since(now, other.Proven) + " with a later one", green
		}
	}
	if b.Checked.IsZero() {
		return "not yet", yellow
	}
	return "read back " + since(now, b.Checked) + ", no restore tried", yellow
}

// restoreSeconds is the measured time of a proof restore.
func restoreSeconds(r backupd.Record) time.Duration {
	if r.Evidence == nil {
		return 0
	}
	var all float64
	for _, s := range r.Evidence.Seconds {
		all += s
	}
	return time.Duration(all * float64(time.Second))
}

// bringsBack says which state a restore of a backup brings back.
func bringsBack(now time.Time, b backupd.Shown, reach *backupd.Reach) (string, paint) {
	switch {
	case b.Bad != "":
		return "nothing: it is bad", red
	case b.Broken != "":
		return "nothing: what it builds on is missing or bad", red
	}
	if reach != nil && !b.State.Before(reach.From) && b.State.Before(reach.To) {
		own, to := clocks(now, b.State, reach.To)
		return own + ", or any moment up to " + to, plain
	}
	return clock(now, b.State), plain
}

// inWords sums a listing up.
func inWords(now time.Time, l backupd.Listing) (string, paint) {
	var newest, proven time.Time
	good := 0
	for _, b := range l.Backups {
		if !b.Good() {
			continue
		}
		good++
		if b.State.After(newest) {
			newest = b.State
		}
		if !b.Proven.IsZero() && b.State.After(proven) {
			proven = b.State
		}
	}
	colour, text := green, ""
	switch {
	case len(l.Backups) == 0 && len(l.Damaged) == 0:
		return fmt.Sprintf("%s has no backup yet: kagu backup run %s takes one.", l.Cluster, l.Cluster), red
	case good == 0:
		return fmt.Sprintf("%s CANNOT BE RESTORED: none of its backups is good. kagu backup run %s takes a new one.", l.Cluster, l.Cluster), red
	case l.Reach != nil:
		from, to := clocks(now, l.Reach.From, l.Reach.To)
		text = fmt.Sprintf("%s can be restored to any moment from %s to %s; ", l.Cluster, from, to)
	case good == 1:
		text = fmt.Sprintf("%s can be restored to %s, the moment of its one good backup, and to no other; ", l.Cluster, clock(now, newest))
	default:
		text = fmt.Sprintf("%s can be restored to the moment of each good backup, the newest of %s, and to none between; ", l.Cluster, clock(now, newest))
	}
	if proven.IsZero() {
		return text + fmt.Sprintf("but no restore of any was tried yet: kagu backup verify %s does that, and touches no database.", l.Cluster), yellow
	}
	if l.Failed != nil {
		colour = yellow
	}
	return text + fmt.Sprintf("the newest backup that was restored for a test is %s old.", howLong(now.Sub(proven))), colour
}

// shorten keeps the columns of a table readable; kagu backup show has the whole text.
func shorten(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
