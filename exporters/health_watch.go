package exporters

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// idle is how long a checkup goes on when nobody asks for its answers.
const idle = time.Minute

// A watch is a checkup that runs. Those who ask read what it published last and wait for
// nothing but the first look.
type watch struct {
	checkup  Checkup
	settings HealthSettings
	begun    time.Time

	state atomic.Pointer[state]
	first chan struct{} // closed when there is a state
	asked atomic.Int64  // nanoseconds after begun
	end   context.CancelFunc
	ended chan struct{}

	looks, late atomic.Uint64
	transitions [len(kinds)][2]atomic.Uint64 // to down, to up
}

// A state is what one look found, with the answers in the form in which they are sent.
type state struct {
	at    time.Time // when the look began: what it found was true at that time or later
	took  time.Duration
	said  Verdicts
	http  [len(kinds)]string
	agent string
}

func (w *watch) run(ctx context.Context) {
	defer close(w.ended)
	if w.checkup.Release != nil {
		defer w.checkup.Release()
	}
	tick := time.NewTicker(w.settings.MaxAge / 2)
	defer tick.Stop()
	hold, agent := steady{rise: w.settings.Rise}, agentVoice{readyUntil: w.begun.Add(readyFor)}
	for {
		w.look(ctx, &hold, &agent)
		if time.Since(w.begun)-time.Duration(w.asked.Load()) > idle {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look looks once and publishes.
func (w *watch) look(ctx context.Context, hold *steady, agent *agentVoice) {
	at := time.Now()
	found := w.find(ctx)
	took := time.Since(at)
	w.looks.Add(1)
	if took > w.settings.MaxAge {
		// What it found is too old on arrival, so the answer stays a no until a look is faster.
		// It is no verdict on the node: a host that stands still for a moment is not flapping.
		w.late.Add(1)
	}
	s := &state{at: at, took: took, said: hold.next(found)}
	for k, v := range s.said.Of {
		s.http[k] = text(v)
	}
	s.agent = agent.say(s.said, time.Now())
	if before := w.state.Swap(s); before != nil {
		for k := range s.said.Of {
			if up := s.said.Of[k].OK; up != before.said.Of[k].OK {
				w.transitions[k][toIndex(up)].Add(1)
			}
		}
		return
	}
	close(w.first)
}

func toIndex(up bool) int {
	if up {
		return 1
	}
	return 0
}

// find asks the node, unless the maintenance file says not to.
func (w *watch) find(ctx context.Context) (found Verdicts) {
	if file := w.settings.MaintenanceFile; file != "" {
		_, err := os.Lstat(file)
		switch {
		case err == nil:
			v := Refused("maintenance: " + file + " exists")
			v.Maintenance = true
			return v
		case !errors.Is(err, fs.ErrNotExist):
			return Refused("cannot tell whether it is maintenance: " + err.Error())
		}
	}
	defer func() {
		if p := recover(); p != nil {
			found = Refused(oneLine(fmt.Sprintf("the look panicked: %v\n%s", p, debug.Stack())))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, w.settings.Deadline)
	defer cancel()
	return w.checkup.Look(ctx)
}

// current returns the state, and why it says nothing if it does not. It waits for the first
// look only, no longer than an answer may be old.
func (w *watch) current(ctx context.Context) (s *state, age time.Duration, stale string) {
	if s = w.state.Load(); s == nil {
		bounded, cancel := context.WithTimeout(ctx, w.settings.MaxAge)
		defer cancel()
		select {
		case <-w.first:
		case <-bounded.Done():
		}
		if s = w.state.Load(); s == nil {
			return nil, time.Since(w.begun), "no look has ended yet"
		}
	}
	age = time.Since(s.at)
	if age > w.settings.MaxAge {
		return s, age, "cannot tell: the last look is too old"
	}
	return s, age, ""
}

// text is the beginning of the answer to a proxy.
func text(v Verdict) string {
	if v.OK {
		return "yes: " + oneLine(v.Reason)
	}
	return "no: " + oneLine(v.Reason)
}

// appendAge ends an answer with the age of what it says.
func appendAge(b []byte, age time.Duration) []byte {
	b = append(b, "; seen "...)
	b = strconv.AppendInt(b, age.Milliseconds(), 10)
	return append(b, " ms ago\n"...)
}

// oneLine keeps a reason to what fits a proxy's log line.
func oneLine(reason string) string {
	b := []byte(reason)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = ' '
		}
	}
	return string(b[:min(len(b), 160)])
}

// A ward is the part of a target that is about its health.
type ward struct {
	mu     sync.Mutex // held to start and to end the watch
	closed bool
	watch  atomic.Pointer[watch]
}

// errNoCheckup says that a target has no checkup.
var errNoCheckup = errors.New("this target has no health to tell")

// watched returns the target's watch and starts it if nobody has asked for a while.
func (t *Target) watched(s HealthSettings) (*watch, error) {
	if w := t.ward.running(); w != nil {
		return w, nil
	}
	if t.Checkup == nil {
		return nil, errNoCheckup
	}
	t.ward.mu.Lock()
	defer t.ward.mu.Unlock()
	if t.ward.closed {
		return nil, errClosed
	}
	if w := t.ward.running(); w != nil {
		return w, nil
	}
	ctx, end := context.WithCancel(context.Background())
	w := &watch{
		checkup: t.Checkup(), settings: s, begun: time.Now(),
		first: make(chan struct{}), end: end, ended: make(chan struct{}),
	}
	t.ward.watch.Store(w)
	go w.run(ctx)
	return w, nil
}

// running returns the watch, and notes that somebody asked.
func (w *ward) running() *watch {
	watch := w.watch.Load()
	if watch == nil {
		return nil
	}
	select {
	case <-watch.ended:
		return nil
	default:
		watch.asked.Store(int64(time.Since(watch.begun)))
		return watch
	}
}

// close ends the watch and waits for it.
func (w *ward) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if watch := w.watch.Load(); watch != nil {
		watch.end()
		<-watch.ended
	}
}
