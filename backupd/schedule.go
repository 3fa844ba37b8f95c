package backupd

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// lookEvery is how long the scheduler sleeps at most: a clock that is put forward or back is seen
// within that time.
const lookEvery = 20 * time.Second

// A Scheduler begins what is due, once.
type Scheduler struct {
	Fleet  func() *inventory.Fleet
	Memory Memory
	Begin  func(ctx context.Context, s Slot) error  // returns at once; ErrBusy: not now
	Around func(ctx context.Context, s Slot) Around // what may hold it back
	Missed func(s Slot, at time.Time, why string)   // is told what did not begin; nil: nobody is
	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now

	mu      sync.Mutex
	planned []Planned
	waiting map[[2]string]string // why a job that is due has not begun
	missed  map[[2]string]string
}

// Memory keeps when each job was due last, whatever became of it.
type Memory interface {
	Fired(ctx context.Context, cluster, job string) (time.Time, error)
	SetFired(ctx context.Context, cluster, job string, at time.Time) error
}

// Planned is one line of the schedule.
type Planned struct {
	Cluster  string    `json:"cluster"`
	Job      string    `json:"job"`
	What     What      `json:"what"`
	Schedule string    `json:"schedule"`
	Zone     string    `json:"zone"`
	Last     time.Time `json:"last,omitzero"`     // when it was due last
	Next     time.Time `json:"next,omitzero"`     // when it is due next
	Waiting  string    `json:"waiting,omitempty"` // it is due, and why it has not begun
	Missed   string    `json:"missed,omitempty"`  // why the last one did not begin at all
}

// Run looks again and again until the context ends.
func (s *Scheduler) Run(ctx context.Context) error {
	s.mu.Lock()
	s.waiting, s.missed = map[[2]string]string{}, map[[2]string]string{}
	s.mu.Unlock()
	wall, even := s.now(), time.Now()
	for {
		// How far the clock went, less the time that passed: what it was put forward.
		slack := max(0, s.now().Sub(wall)-time.Since(even))
		wall, even = s.now(), time.Now()
		next := s.look(ctx, wall, slack)
		pause := lookEvery
		if until := next.Sub(s.now()); !next.IsZero() && until < pause {
			pause = max(until, 10*time.Millisecond)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// now leaves the monotonic clock out: what is due goes by the clock on the wall.
func (s *Scheduler) now() time.Time {
	if s.Now != nil {
		return s.Now().Round(0)
	}
	return time.Now().Round(0)
}

// Planned returns the schedule as it was at the last look.
func (s *Scheduler) Planned() []Planned {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Planned{}, s.planned...)
}

// look deals with every slot and returns when the next one is due.
func (s *Scheduler) look(ctx context.Context, now time.Time, slack time.Duration) (soonest time.Time) {
	var all []Planned
	for _, slot := range Slots(s.Fleet()) {
		p := Planned{Cluster: slot.Cluster, Job: slot.Job, What: slot.What, Schedule: slot.Text, Zone: slot.Zone.String()}
		key := [2]string{slot.Cluster, slot.Job}
		d, err := s.deal(ctx, slot, now, slack, key)
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "a job may be due, but that cannot be looked up or written down; trying again", "cluster", slot.Cluster, "job", slot.Job, "err", err)
		}
		p.Next, p.Waiting, p.Missed = d.Next, s.waiting[key], s.missed[key]
		p.Last, _ = s.Memory.Fired(ctx, slot.Cluster, slot.Job)
		all = append(all, p)
		if !d.Next.IsZero() && (soonest.IsZero() || d.Next.Before(soonest)) {
			soonest = d.Next
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planned = all
	return soonest
}

// deal begins a job if it is due. That it was due is written down first: whatever happens to this
// process, it begins once.
func (s *Scheduler) deal(ctx context.Context, slot Slot, now time.Time, slack time.Duration, key [2]string) (Due, error) {
	last, err := s.Memory.Fired(ctx, slot.Cluster, slot.Job)
	if err != nil {
		return Due{Next: slot.Next(now)}, err
	}
	if last.IsZero() { // seen for the first time: it begins when it comes next
		return Due{Next: slot.Next(now)}, s.Memory.SetFired(ctx, slot.Cluster, slot.Job, now)
	}
	if last.After(now.Add(aheadOfTime)) {
		s.Log.WarnContext(ctx, "a job was last due in the future: the clock was wrong then or is now; going on from now", "cluster", slot.Cluster, "job", slot.Job, "last", last)
		return Due{Next: slot.Next(now)}, s.Memory.SetFired(ctx, slot.Cluster, slot.Job, now)
	}
	d := slot.Due(last, now, slack)
	if d.At.IsZero() {
		delete(s.waiting, key)
		return d, nil
	}
	if d.Missed {
		return d, s.miss(ctx, slot, d, key)
	}
	around := s.Around(ctx, slot)
	if why := Hold(slot.What, around); why != "" {
		s.wait(ctx, slot, d, key, why)
		return d, nil
	}
	for _, what := range around.Unknown {
		s.Log.WarnContext(ctx, "beginning all the same", "cluster", slot.Cluster, "job", slot.Job, "unknown", what)
	}
	if err := s.Memory.SetFired(ctx, slot.Cluster, slot.Job, d.At); err != nil {
		return d, err
	}
	if err := s.Begin(ctx, slot); err != nil {
		s.wait(ctx, slot, d, key, err.Error())
		return d, s.Memory.SetFired(context.WithoutCancel(ctx), slot.Cluster, slot.Job, last) // it is still due
	}
	delete(s.waiting, key)
	delete(s.missed, key)
	return d, nil
}

func (s *Scheduler) wait(ctx context.Context, slot Slot, d Due, key [2]string, why string) {
	if s.waiting[key] != why {
		s.Log.InfoContext(ctx, "due, and not beginning yet", "cluster", slot.Cluster, "job", slot.Job, "due", d.At, "until", d.At.Add(slot.Window), "why", why)
	}
	s.waiting[key] = why
}

func (s *Scheduler) miss(ctx context.Context, slot Slot, d Due, key [2]string) error {
	why := s.waiting[key]
	if why == "" {
		why = "backupd did not run"
	}
	if err := s.Memory.SetFired(ctx, slot.Cluster, slot.Job, d.At); err != nil {
		return err
	}
	delete(s.waiting, key)
	s.missed[key] = why
	s.Log.WarnContext(ctx, "not begun, its window is over", "cluster", slot.Cluster, "job", slot.Job, "due", d.At, "window", slot.Window, "why", why)
	if s.Missed != nil {
		s.Missed(slot, d.At, why)
	}
	return nil
}

// Begin begins what a slot is about.
func (e *Engine) Begin(ctx context.Context, s Slot) error {
	const by = "schedule"
	var err error
	switch s.What {
	case Taking:
		_, err = e.Take(ctx, s.Cluster, s.Job, by)
	case Proving:
		var entries []Entry
		if entries, err = e.Catalogue.Entries(ctx, s.Cluster); err == nil {
			_, err = e.Prove(ctx, s.Cluster, nextProof(entries), by)
		}
	case Pruning:
		_, err = e.Prune(ctx, s.Cluster, by)
	default:
		err = errors.New("nothing of that kind is on a schedule")
	}
	return err
}

// nextProof picks what a scheduled proof looks at: of each method the newest backup that can be
// restored, and of these the one whose method has waited longest. "" leaves it to the engine.
func nextProof(entries []Entry) string {
	newest, proven := map[Method]string{}, map[Method]time.Time{}
	for _, e := range entries { // the oldest first
		method := e.Manifest.Method
		if method == Incremental {
			method = Physical
		}
		if at, ok := e.ProvenAt(); ok && at.After(proven[method]) {
			proven[method] = at
		}
		if _, err := Chain(entries, e.Manifest.ID); err == nil {
			newest[method] = e.Manifest.ID
		}
	}
	pick := ""
	var longest time.Time
	for _, method := range Methods() {
		if id := newest[method]; id != "" && (pick == "" || proven[method].Before(longest)) {
			pick, longest = id, proven[method]
		}
	}
	return pick
}
