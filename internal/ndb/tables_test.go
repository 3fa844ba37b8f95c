package ndb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
	"github.com/kagu-db/kagu/internal/ndb"
)

func TestCauses(t *testing.T) {
	last := 0
	for _, c := range ndb.Causes() {
		if c.Code <= last || c.Text == "" || c.Remedy == "" {
			t.Errorf("%+v is out of order or says nothing", c)
		}
		last = c.Code
	}
	for _, c := range []struct {
		name         string
		code, signal int
		want         ndb.Remedy
		known        bool
	}{
		{"lost arbitration", 2305, 0, ndb.RemedyNetwork, true},
		{"damaged redo log", 2310, 0, ndb.RemedyInitial, true},
		{"the eighth failed restart, not a limit of files", 6300, 0, ndb.RemedyInitial, true},
		{"invalid configuration", 2350, 0, ndb.RemedyConfig, true},
		{"disk full", 2810, 0, ndb.RemedyDisk, true},
		{"out of data memory", 6800, 0, ndb.RemedyMemory, true},
		{"too few nodes", 2353, 0, ndb.RemedyWait, true},
		{"a failed check", 2341, 0, ndb.RemedyLook, true},
		{"kill -9", 0, 9, ndb.RemedyRestart, true},
		{"a crash", 0, 11, ndb.RemedyLook, true},
		{"a code of the future", 2999, 0, ndb.RemedyLook, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ndb.CauseOf(c.code, c.signal)
			same(t, c.want, got.Remedy)
			same(t, c.known, got.Known)
		})
	}
}

func TestDetectionTime(t *testing.T) {
	d := ndb.DetectionTime(5*time.Second, 1500*time.Millisecond)
	same(t, ndb.Bound{Least: 15 * time.Second, Most: 25 * time.Second, Known: true}, d.DataByData)
	same(t, ndb.Bound{Least: 4500 * time.Millisecond, Most: 7500 * time.Millisecond, Known: true}, d.DataByAPI)
	same(t, ndb.Detection{}, ndb.DetectionTime(0, 0))
}

func TestRunway(t *testing.T) {
	began := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	samples := func(values ...float64) []ndb.Sample {
		var all []ndb.Sample
		for i, v := range values {
			all = append(all, ndb.Sample{At: began.Add(time.Duration(i) * time.Minute), Used: v})
		}
		return all
	}
	for _, c := range []struct {
		name    string
		samples []ndb.Sample
		total   float64
		want    string
	}{
		{"one a minute: 60 an hour", samples(10, 11, 12, 13, 14, 15), 75, "1.0 h"},
		{"one odd sample moves nothing", samples(10, 11, 30, 13, 14, 15), 75, "1.0 h"},
		{"a restart: what was before it is left out", samples(70, 71, 72, 1, 2, 3, 4, 5), 65, "1.0 h"},
		{"full is now", samples(80, 90, 100), 100, "0.0 h"},
		{"falling has no runway", samples(20, 19, 18, 17, 16), 75, "it does not grow"},
		{"steady has none", samples(20, 20, 20, 20, 20), 75, "it does not grow"},
		{"saw teeth of a log that is cut have none", samples(1, 5, 9, 6, 1.1, 5, 9, 6, 1, 5, 9, 6, 1), 75, "too few samples"},
		{"four samples are too few", samples(1, 2, 3, 4), 75, "too few samples"},
		{"just after a restart there are too few", samples(50, 51, 52, 53, 54, 1, 2), 75, "too few samples"},
		{"no size", samples(1, 2, 3, 4, 5), 0, "the resource's size is not known"},
		{"nothing", nil, 75, "too few samples"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ndb.RunwayOf(c.samples, c.total)
			got := r.Why
			if r.Known {
				got = fmt.Sprintf("%.1f h", r.Hours)
			}
			same(t, c.want, got)
		})
	}
}

func TestRestartProgress(t *testing.T) {
	run := func(seconds ...int) []ndb.Stage {
		var all []ndb.Stage
		for i, s := range seconds {
			all = append(all, ndb.Stage{Name: fmt.Sprint("stage ", i), Took: time.Duration(s) * time.Second})
		}
		return all
	}
	earlier := [][]ndb.Stage{run(1, 10, 4), run(1, 12, 4), run(1, 14, 4)}
	for _, c := range []struct {
		name    string
		soFar   []ndb.Stage
		earlier [][]ndb.Stage
		want    string
	}{
		{"in the middle", run(1, 4), earlier, "12s, 29 %"},
		{"at the end", run(1, 12, 4), earlier, "0s, 100 %"},
		{"longer than the median, not than ever", run(1, 13), earlier, "4s, 78 %"},
		{"a second longer than ever may be the same", run(1, 15), earlier, "4s, 80 %"},
		{"longer than ever", run(1, 16), earlier, "this stage takes longer than it ever did"},
		{"nothing to compare with", run(1, 4), nil, "there is no earlier restart to compare with"},
		{"another way to start", []ndb.Stage{{Name: "copy"}}, earlier, "there is no earlier restart to compare with"},
		{"not begun", nil, earlier, "it has not begun"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := ndb.RestartProgress(c.soFar, c.earlier)
			got := p.Why
			if p.Known {
				got = fmt.Sprintf("%s, %.0f %%", p.Remaining, 100*p.Share)
			}
			same(t, c.want, got)
		})
	}
}

// event makes one from "failed_node=2 failure_state=0".
func event(t mgm.EventType, source int, fields string) mgm.Event {
	ev := mgm.Event{Type: t, Source: source}
	for f := range strings.FieldsSeq(fields) {
		name, value, _ := strings.Cut(f, "=")
		var n uint32
		fmt.Sscan(value, &n)
		ev.Fields = append(ev.Fields, mgm.Field{Name: name, Value: n})
	}
	return ev
}

func text(t mgm.EventType, source int, text string) mgm.Event {
	return mgm.Event{Type: t, Source: source, Text: text}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		ev     mgm.Event
		colour ndb.Colour
		want   string
	}{
		{event(mgm.NodeFailed, 3, "failed_node=2 failure_state=0"), ndb.Red, "node 2 was declared failed by node 3"},
		{event(mgm.ArbitResult, 3, "code=393259 arbit_node=1"), ndb.Plain, "arbitration: the cluster goes on, a node group keeps all its nodes"},
		{event(mgm.ArbitResult, 3, "code=458797 arbit_node=1"), ndb.Yellow, "arbitration: half of the nodes are left, node 3 asks node 1"},
		{event(mgm.ArbitState, 3, "code=393248 arbit_node=1"), ndb.Red, "the arbitrator is lost, node 1; until there is another a tie cannot be decided"},
		{event(mgm.StopForced, 3, "action=1 signum=0 error=2305 sphase=255 extra=0"), ndb.Red, "node 3 died: it lost arbitration, or was left with nodes that cannot go on alone (2305); look at the network and the arbitrator; starting it again is right"},
		{event(mgm.StopForced, 3, "action=1 signum=9 error=0 sphase=5 extra=0"), ndb.Red, "node 3 died: it was killed (signal 9), by hand or because the machine ran out of memory, in start phase 5; starting it again is right"},
		{event(mgm.StartPhaseCompleted, 3, "phase=4 starttype=2"), ndb.Plain, "node 3 finished start phase 4 of a node restart"},
		{event(mgm.MemoryUsage, 3, "gth=90 page_size_bytes=32768 pages_used=2310 pages_total=2560 block=249"), ndb.Red, "node 3 uses 90 % of its data memory"},
		{event(mgm.MemoryUsage, 3, "gth=4294967216 page_size_bytes=32768 pages_used=1800 pages_total=2560 block=249"), ndb.Plain, "node 3 uses 70 % of its data memory"},
		{event(mgm.BackupCompleted, 3, "backup_id=7 n_bytes=1048576 n_bytes_hi=0 n_log_bytes=0"), ndb.Green, "backup 7 is complete, 1.0 MiB"},
		{text(mgm.WarningText, 3, "GCP Monitor: GCP_COMMIT lag 20 seconds (no max lag)"), ndb.Red, `node 3: transactions do not commit: the global checkpoint stands still ("GCP Monitor: GCP_COMMIT lag 20 seconds (no max lag)")`},
		{text(mgm.WarningText, 3, "hear, hear\x1b[2J\n"), ndb.Yellow, "node 3: hear, hear·[2J"},
		{text(mgm.InfoText, 3, "NR Status"), ndb.Faint, "node 3: NR Status"},
		{mgm.Event{Type: 4711, Source: 3, Name: "unknown_4711"}, ndb.Yellow, "node 3 says unknown_4711 (an event that Kagu does not know)"},
		{mgm.Event{Gap: &mgm.Gap{Why: "the stream ended", Lost: 3}}, ndb.Yellow, "-- gap: events may be missing, 3 were dropped (the stream ended) --"},
	} {
		t.Run(c.want, func(t *testing.T) {
			got := ndb.Words(c.ev, nil)
			same(t, c.want, got.Text)
			same(t, c.colour, got.Colour)
		})
	}
}

func TestEveryEventHasWords(t *testing.T) {
	for _, info := range mgm.EventTypes() {
		if got := ndb.Words(mgm.Event{Type: info.Type, Source: 1}, nil); got.Text == "" || got.Colour == "" || strings.Contains(got.Text, "%!") {
			t.Errorf("%s: %+v", info.Name, got)
		}
	}
}

func TestStalls(t *testing.T) {
	for said, want := range map[string]ndb.Stall{
		"GCP Monitor: GCP_COMMIT lag 10 seconds (max lag: 20)":        ndb.StallCommit,
		"GCP Monitor: GCP_SAVE lag 60 seconds (no max lag)":           ndb.StallSave,
		"Detected GCP stop(3)...sending kill to [0]":                  ndb.StallStop,
		"Cluster may be partially connected. Connected nodes: ":       ndb.StallPartial,
		"Making filesystem for node 3 unusable (need --initial)":      ndb.StallNeedsInit,
		"Could not find an arbitrator, cluster is not partition-safe": ndb.StallArbitrator,
		"c_gcp_list: Waited too long with LCP not progressing":        ndb.StallRedoTail,
		"Node 2: unusable words":                                      ndb.StallNone,
		"gcp monitor: gcp_commit lag":                                 ndb.StallNone,
	} {
		got, words := ndb.StallOf(said)
		same(t, want, got)
		if (words == "") != (got == ndb.StallNone) {
			t.Errorf("%q has the words %q", said, words)
		}
	}
}

func TestElection(t *testing.T) {
	at := func(ev mgm.Event, second int) mgm.Event {
		ev.Time = time.Unix(int64(second), 0)
		return ev
	}
	state := func(code, node, second int) mgm.Event {
		return at(event(mgm.ArbitState, 3, fmt.Sprintf("code=%d arbit_node=%d", code, node)), second)
	}
	saved := func(ev mgm.Event, sequence uint32) mgm.Event {
		ev.Saved, ev.Sequence = true, sequence
		return ev
	}
	const run, find = 6 << 16, 2 << 16
	for _, c := range []struct {
		name string
		said []mgm.Event
		want ndb.Arbitrator
	}{
		{"nothing was heard", nil, ndb.Arbitrator{}},
		{"a node takes the president's choice", []mgm.Event{state(22, 49, 1)}, ndb.Arbitrator{Node: 49, Known: true}},
		{"it runs", []mgm.Event{state(run|31, 49, 1)}, ndb.Arbitrator{Node: 49, Known: true}},
		{"it is lost", []mgm.Event{state(run|31, 49, 1), state(run|32, 49, 2)}, ndb.Arbitrator{Known: true}},
		{"it is lost and another comes, told in the wrong order", []mgm.Event{saved(state(run|31, 50, 3), 2), saved(state(run|32, 49, 2), 1), saved(state(run|31, 49, 1), 0)}, ndb.Arbitrator{Node: 50, Known: true}},
		{"none is found", []mgm.Event{state(find|11, 0, 1)}, ndb.Arbitrator{Known: true}},
		{ // the clock of the data node's host is an hour ahead
			"what is heard is younger than what was saved", []mgm.Event{saved(state(run|31, 49, 3600), 7), state(run|32, 49, 60)}, ndb.Arbitrator{Known: true},
		},
		{"what was saved and comes late is no news", []mgm.Event{state(run|31, 50, 60), saved(state(run|31, 49, 30), 7)}, ndb.Arbitrator{Node: 50, Known: true}},
		{"a gap forgets", []mgm.Event{state(run|31, 49, 1), {Gap: &mgm.Gap{}}}, ndb.Arbitrator{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var e ndb.Election
			for _, ev := range c.said {
				e.Hear(ev)
			}
			same(t, c.want, e.Arbitrator())
		})
	}
}
