package ndb

import (
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

// A chronicle counts events and remembers the last of those that have a value.
type chronicle struct {
	mu       sync.Mutex
	begun    time.Time // what was saved earlier is remembered and not counted
	types    map[string]int
	unknown  int
	election ndb.Election

	failures, starts, stops map[int]int // by node
	failed                  map[int]bool
	forced                  map[forcedStop]int
	forcedAt                map[int]time.Time
	heartbeats              map[nodeKind]int
	transporters            map[nodeKind]int
	buffers                 map[int]float64
	arbitration             map[string]int
	stalls                  map[string]int
	subscriptions           int

	checkpoint checkpoint
	backup     backups
}

type nodeKind struct {
	node int
	kind string
}

// A forcedStop is a way in which a data node ended.
type forcedStop struct {
	node, code, signal int
	remedy             string
}

// A checkpoint is the local one: when the one that runs began, and how the last went.
type checkpoint struct {
	id        uint64
	begun, at time.Time
	took      time.Duration
}

func newChronicle() *chronicle {
	return &chronicle{
		begun: time.Now(), types: map[string]int{}, failures: map[int]int{}, starts: map[int]int{}, stops: map[int]int{}, failed: map[int]bool{},
		forced: map[forcedStop]int{}, forcedAt: map[int]time.Time{}, heartbeats: map[nodeKind]int{}, transporters: map[nodeKind]int{},
		buffers: map[int]float64{}, arbitration: map[string]int{}, stalls: map[string]int{},
	}
}

// hear takes an event down.
func (c *chronicle) hear(e mgm.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.election.Hear(e)
	if e.Gap != nil {
		c.checkpoint.begun, c.backup.begun = time.Time{}, time.Time{} // how long they took cannot be told any more
		if !e.Gap.Saved {
			c.backup.heard, c.backup.running = false, false // it may have ended, or another begun
			clear(c.failed)                                 // who failed may have come back: the next failure is a new one
		}
		return
	}
	before := e.Saved && e.Time.Before(c.begun)
	c.backup.hear(e, !before)
	c.hearCheckpoint(e)
	if before {
		return
	}
	if !e.Type.Known() {
		c.unknown++
		return
	}
	c.types[e.Type.String()]++
	c.count(e)
}

func (c *chronicle) hearCheckpoint(e mgm.Event) {
	id, _ := e.Value("lci")
	switch e.Type {
	case mgm.LocalCheckpointBegun:
		c.checkpoint.id, c.checkpoint.begun = id, e.Time
	case mgm.LocalCheckpointDone:
		if !c.checkpoint.begun.IsZero() && c.checkpoint.id == id {
			c.checkpoint.took = e.Time.Sub(c.checkpoint.begun)
		}
		c.checkpoint.begun, c.checkpoint.at = time.Time{}, e.Time
	}
}

// What bounds the memory of a chronicle and its series, whatever a server says.
const (
	highestNode = 255 // NDB has no higher id
	mostWays    = 200 // of forced stops; codes beyond are counted as 0, the unknown one
)

// concerns returns the node that an event is about.
func concerns(e mgm.Event) int {
	switch e.Type {
	case mgm.NodeFailed:
		return e.Node("failed_node")
	case mgm.LateHeartbeat, mgm.MissedHeartbeat, mgm.DeadDueToHeartbeat:
		return e.Node("node")
	}
	return e.Source
}

func (c *chronicle) count(e mgm.Event) {
	if n := concerns(e); n < 0 || n > highestNode {
		return
	}
	switch e.Type {
	case mgm.NodeFailed: // each of the others says it
		if node := e.Node("failed_node"); !c.failed[node] {
			c.failed[node] = true
			c.failures[node]++
		}
	case mgm.StartStarted:
		delete(c.failed, e.Source)
	case mgm.StartCompleted:
		delete(c.failed, e.Source)
		c.starts[e.Source]++
	case mgm.StopCompleted:
		c.stops[e.Source]++
	case mgm.StopForced:
		if cause, ok := ndb.CauseOfEvent(e); ok {
			way := forcedStop{e.Source, cause.Code, cause.Signal, string(cause.Remedy)}
			if c.forced[way] == 0 && len(c.forced) >= mostWays {
				way.code, way.signal = 0, 0
			}
			c.forced[way]++
			c.forcedAt[e.Source] = e.Time
		}
	case mgm.LateHeartbeat:
		c.heartbeats[nodeKind{e.Node("node"), "late"}]++
	case mgm.MissedHeartbeat:
		c.heartbeats[nodeKind{e.Node("node"), "missed"}]++
	case mgm.DeadDueToHeartbeat:
		c.heartbeats[nodeKind{e.Node("node"), "dead"}]++
	case mgm.TransporterWarning:
		c.transporters[nodeKind{e.Source, "warning"}]++
	case mgm.TransporterError:
		c.transporters[nodeKind{e.Source, "error"}]++
	case mgm.ArbitResult:
		c.arbitration[arbitResult(e)]++
	case mgm.WarningText, mgm.InfoText:
		if stall, _ := ndb.StallOf(e.Text); stall != ndb.StallNone {
			c.stalls[string(stall)]++
		}
	case mgm.SubscriptionStatus:
		c.subscriptions++
	case mgm.EventBuffer, mgm.EventBuffer2, mgm.EventBuffer3:
		node := e.Source
		if reference, ok := e.Value("ndb_reference"); ok {
			node = int(reference & 0xffff)
		}
		if used, ok := e.Value("usage"); ok && node <= highestNode {
			c.buffers[node] = float64(used)
		}
	}
}

// arbitResults are our words for the codes of a decision.
var arbitResults = map[uint64]string{
	41: "lose_nodes", 42: "win_nodes", 43: "win_groups", 44: "lose_groups", 45: "partitioning",
	46: "win_choose", 47: "lose_choose", 48: "lose_norun", 49: "lose_nocfg",
}

func arbitResult(e mgm.Event) string {
	code, _ := e.Value("code")
	if word, ok := arbitResults[code&0xffff]; ok {
		return word
	}
	return "other"
}
