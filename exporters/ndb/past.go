package ndb

import (
	"slices"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/ndb"
)

// What is remembered of the past: samples for a rate, and restarts to compare one with.
const (
	pastSpan     = time.Hour
	pastSpacing  = 20 * time.Second // samples closer than this tell nothing new
	pastRestarts = 5                // of each node
)

// past remembers how full things were and how restarts went.
type past struct {
	mu       sync.Mutex
	samples  map[thing]*track
	restarts map[int][][]ndb.Stage // complete ones, by node
	last     map[int]time.Duration // total time of the newest complete one
	running  map[int]restartStage  // by node
}

// A restartStage is what a restart is in, and since when we see it there: the data nodes tell how long a
// stage took when it is over.
type restartStage struct {
	stage int
	since time.Time
}

type thing struct {
	node int
	what string // data_memory, redo
}

type track struct {
	total   float64
	samples []ndb.Sample
}

func (p *past) memory(node int, at time.Time, used, total float64) {
	p.fill(thing{node, "data_memory"}, at, used, total)
}

// fill notes how full something is.
func (p *past) fill(of thing, at time.Time, used, total float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.samples == nil {
		p.samples = map[thing]*track{}
	}
	t := p.samples[of]
	if t == nil {
		t = &track{}
		p.samples[of] = t
	}
	t.total = total
	if n := len(t.samples); n > 0 && at.Sub(t.samples[n-1].At) < pastSpacing {
		return
	}
	t.samples = append(t.samples, ndb.Sample{At: at, Used: used})
	t.samples = slices.DeleteFunc(t.samples, func(s ndb.Sample) bool { return at.Sub(s.At) > pastSpan })
}

// runways says when each thing is full.
func (p *past) runways(now time.Time) map[thing]ndb.Runway {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[thing]ndb.Runway{}
	for of, t := range p.samples {
		if n := len(t.samples); n == 0 || now.Sub(t.samples[n-1].At) > 3*memoryEvery {
			continue // nobody tells any more
		}
		all[of] = ndb.RunwayOf(t.samples, t.total)
	}
	return all
}

// restart notes how a restart is going and says how far it is, false if it is over.
func (p *past) restart(r Restart, now time.Time) (ndb.Progress, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ndb.RestartDone(r.Status) {
		delete(p.running, r.Node)
		if r.Total > 0 && p.last[r.Node] != r.Total {
			if p.restarts == nil {
				p.restarts, p.last = map[int][][]ndb.Stage{}, map[int]time.Duration{}
			}
			p.last[r.Node] = r.Total
			p.restarts[r.Node] = append(p.restarts[r.Node], stagesOf(r))
			if n := len(p.restarts[r.Node]); n > pastRestarts {
				p.restarts[r.Node] = p.restarts[r.Node][n-pastRestarts:]
			}
		}
		return ndb.Progress{}, false
	}
	stage, known := ndb.RestartStage(r.Status)
	if !ndb.RestartRuns(r.Status) || !known {
		return ndb.Progress{}, ndb.RestartRuns(r.Status)
	}
	soFar := stagesOf(r)[:stage+1]
	soFar[stage].Took = now.Sub(p.inStage(r.Node, stage, now))
	return ndb.RestartProgress(soFar, p.restarts[r.Node]), true
}

// inStage returns since when a node is seen in a stage.
func (p *past) inStage(node, stage int, now time.Time) time.Time {
	if p.running == nil {
		p.running = map[int]restartStage{}
	}
	if was, seen := p.running[node]; !seen || was.stage != stage {
		p.running[node] = restartStage{stage, now}
	}
	return p.running[node].since
}

func stagesOf(r Restart) []ndb.Stage {
	var stages []ndb.Stage
	for _, name := range ndb.Stages() {
		stages = append(stages, ndb.Stage{Name: name, Took: r.Stages[name]})
	}
	return stages
}
