package backupd

import (
	"hash/fnv"
	"time"

	"github.com/kagu-db/kagu/internal/cron"
	"github.com/kagu-db/kagu/internal/inventory"
)

// The jobs of each cluster that are not named in kagu.yaml. No name there begins so.
const (
	ProofJob = "@proof"
	PruneJob = "@prune"
)

// pruneWindow is long: pruning that was held up in the morning is as good in the evening.
const pruneWindow = 12 * time.Hour

// A Slot is one thing that is done again and again, and when.
type Slot struct {
	Cluster, Job string
	What         What
	Text         string // the schedule, as kagu.yaml has it
	Zone         *time.Location
	Delay        time.Duration // how long after the schedule it begins, always the same: its share of the jitter
	Window       time.Duration // how late it may begin

	schedule cron.Schedule
}

// Slots lists what a fleet has on its schedules. What never ends, such as the archive of binary
// logs, has none.
func Slots(f *inventory.Fleet) []Slot {
	var all []Slot
	for _, c := range f.Clusters {
		if c.Backup == nil {
			continue
		}
		add := func(job, text string, what What, jitter, window time.Duration) {
			s, err := cron.Parse(text)
			if err != nil { // kagu.yaml was checked by the same parser
				return
			}
			zone := c.Backup.Zone
			if zone == nil {
				zone = time.UTC
			}
			all = append(all, Slot{
				Cluster: c.Name, Job: job, What: what, Text: text, Zone: zone, schedule: s,
				Delay: share(c.Name+"/"+job, jitter), Window: window,
			})
		}
		for _, j := range c.Backup.Jobs {
			add(j.Name, j.Schedule, Taking, j.Jitter, j.Window)
		}
		add(ProofJob, c.Backup.Proof.Schedule, Proving, 0, 4*time.Hour)
		add(PruneJob, c.Backup.Retention.Schedule, Pruning, 0, pruneWindow)
	}
	return all
}

// share derives from a name how much of the jitter is its own, so that jobs of many clusters do not
// begin at once and each begins at the same time every day.
func share(name string, jitter time.Duration) time.Duration {
	if jitter <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	return time.Duration(h.Sum64() % uint64(jitter)).Truncate(time.Second)
}

// Next returns when it begins next after t; zero: never.
func (s Slot) Next(t time.Time) time.Time {
	next := s.schedule.Next(t.Add(-s.Delay), s.Zone)
	if next.IsZero() {
		return next
	}
	return next.Add(s.Delay)
}

// Due is what is to be done about a slot at a moment.
type Due struct {
	At     time.Time // the begin that it is about; zero: nothing is due
	Missed bool      // it is too late for it
	Next   time.Time // the next one
}

// aheadOfTime is how far the begin that was dealt with last may lie in the future. A clock that was
// put back an hour has that; a begin beyond it was written down by a clock that was wrong.
const aheadOfTime = 26 * time.Hour

// Due decides. last is the begin that was dealt with last, and slack how far the clock was put
// forward since the last look: what it jumped over did not come too late.
//
// After a downtime only the newest begin is due: two full backups in a row are worth no more than
// one. A begin at or before last is never due again, whatever the clock does.
func (s Slot) Due(last, now time.Time, slack time.Duration) Due {
	if last.After(now.Add(aheadOfTime)) {
		last = now
	}
	d := Due{Next: s.Next(now)}
	if d.Next.IsZero() || !last.Before(now) {
		return d
	}
	// Look no farther back than where something can still begin, but for one that is missed.
	from := now.Add(-s.Window - slack - aheadOfTime)
	if from.Before(last) {
		from = last
	}
	at := s.Next(from)
	if at.After(now) && from.After(last) {
		at = s.Next(last)
	}
	for !at.IsZero() && !at.After(now) {
		d.At = at
		at = s.Next(at)
	}
	d.Missed = !d.At.IsZero() && now.Sub(d.At) > s.Window+slack
	return d
}
