package ndb

import (
	"fmt"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// A Colour is how much a human should mind.
type Colour string

// The colours. Faint is what happens all day.
const (
	Red    Colour = "red"
	Yellow Colour = "yellow"
	Green  Colour = "green"
	Plain  Colour = "plain"
	Faint  Colour = "faint"
)

// A Line is an event in plain words.
type Line struct {
	Text   string
	Colour Colour
}

// A Naming returns what a human calls a node: "data node 2", "SQL node 51 (s1)". Nil is "node 2".
type Naming func(id int) string

func (n Naming) of(id int) string {
	if n == nil {
		return fmt.Sprintf("node %d", id)
	}
	return n(id)
}

// Words says an event in one line, without its time. An event that Kagu does not know is quoted
// and not hidden.
func Words(ev mgm.Event, name Naming) Line {
	if ev.Gap != nil {
		return gapWords(*ev.Gap)
	}
	if say, known := sayings[ev.Type]; known {
		return say(telling{ev, name})
	}
	info, known := ev.Type.Info()
	text := fmt.Sprintf("%s says %s", name.of(ev.Source), cluster.Printable(info.Name))
	for _, f := range ev.Fields {
		text += fmt.Sprintf(" %s=%d", cluster.Printable(f.Name), f.Value)
	}
	if !known {
		return Line{text + " (an event that Kagu does not know)", Yellow}
	}
	return Line{text, severityColour(info.Severity)}
}

func severityColour(s mgm.Severity) Colour {
	switch s {
	case mgm.SeverityAlert, mgm.SeverityError:
		return Red
	case mgm.SeverityWarning:
		return Yellow
	}
	return Faint
}

func gapWords(g mgm.Gap) Line {
	text := "-- gap: events may be missing"
	if !g.Since.IsZero() {
		text += " since " + g.Since.Local().Format("15:04:05")
	}
	if g.Lost > 0 {
		text += fmt.Sprintf(", %d were dropped", g.Lost)
	}
	text += " (" + cluster.Printable(g.Why) + ")"
	if g.Saved {
		text += "; what the data nodes saved follows"
	}
	return Line{text + " --", Yellow}
}

// telling is an event and what its nodes are called.
type telling struct {
	mgm.Event
	name Naming
}

func (t telling) source() string             { return t.name.of(t.Source) }
func (t telling) node(field string) string   { return t.name.of(t.Node(field)) }
func (t telling) number(field string) uint64 { v, _ := t.Value(field); return v }

// fixed says the same of every event of a type.
func fixed(c Colour, text string) func(telling) Line {
	return func(t telling) Line { return Line{t.source() + " " + text, c} }
}

// about says something of the node in a field.
func about(c Colour, field, text string) func(telling) Line {
	return func(t telling) Line { return Line{t.node(field) + " " + text + " " + t.source(), c} }
}

// sayings holds a sentence for each type of event that tells a human something.
var sayings = map[mgm.EventType]func(telling) Line{
	mgm.Connected:           about(Green, "node", "connected to"),
	mgm.Disconnected:        about(Red, "node", "lost its connection to"),
	mgm.CommunicationClosed: about(Faint, "node", "is no longer spoken with by"),
	mgm.CommunicationOpened: about(Faint, "node", "may be spoken with again by"),
	mgm.ConnectedAPIVersion: func(t telling) Line {
		return Line{fmt.Sprintf("%s connected to %s, version %s", t.node("node"), t.source(), mgm.VersionID(t.number("version"))), Green}
	},
	mgm.LocalCheckpointBegun: fixed(Faint, "began a local checkpoint"),
	mgm.LocalCheckpointDone:  fixed(Faint, "finished a local checkpoint"),
	mgm.LCPStopped:           fixed(Red, "cannot go on with its local checkpoint: the redo log will fill"),
	mgm.StartStarted:         fixed(Yellow, "begins to start"),
	mgm.StartCompleted:       fixed(Green, "is started"),
	mgm.StartPhaseCompleted: func(t telling) Line {
		return Line{fmt.Sprintf("%s finished start phase %d of %s", t.source(), t.number("phase"), startType(t.number("starttype"))), Plain}
	},
	mgm.JoinConfirmed: func(t telling) Line {
		return Line{fmt.Sprintf("%s joined the cluster; the president is %s", t.source(), t.node("president_id")), Plain}
	},
	mgm.JoinRefused: func(t telling) Line {
		return Line{fmt.Sprintf("%s was not let in by %s (cause %d)", t.source(), t.node("other_id"), t.number("cause")), Yellow}
	},
	mgm.StopStarted: func(t telling) Line {
		if t.number("stoptype") == 1 {
			return Line{t.source() + " stops: the whole cluster is being stopped", Red}
		}
		return Line{t.source() + " is being stopped", Yellow}
	},
	mgm.StopAborted: fixed(Yellow, "does not stop after all"),
	mgm.StopCompleted: func(t telling) Line {
		if t.number("action")&1 != 0 {
			return Line{t.source() + " stopped in order to start again", Yellow}
		}
		return Line{t.source() + " stopped on purpose", Yellow}
	},
	mgm.StopForced: func(t telling) Line {
		cause, _ := CauseOfEvent(t.Event)
		text := fmt.Sprintf("%s died: %s", t.source(), cause.Text)
		if cause.Code != 0 {
			text += fmt.Sprintf(" (%d)", cause.Code)
		}
		if phase := t.number("sphase"); phase != 0 && phase != 255 { // a started node says 0 or 255
			text += fmt.Sprintf(", in start phase %d", phase)
		}
		return Line{text + "; " + cause.Remedy.Words(), Red}
	},
	16:                fixed(Faint, "has new neighbours in the ring of heartbeats"),
	31:                fixed(Faint, "takes over the global checkpoints"),
	32:                fixed(Faint, "has taken over the global checkpoints"),
	33:                fixed(Faint, "takes over the local checkpoints"),
	34:                fixed(Faint, "has taken over the local checkpoints"),
	mgm.RedoStarted:   fixed(Faint, "writes its redo log again"),
	mgm.RunRedo:       fixed(Plain, "replays its redo log"),
	mgm.CopyStarted:   about(Plain, "dest_node", "begins to get its data from"),
	mgm.CopyCompleted: about(Plain, "dest_node", "has got its data from"),
	mgm.NodeFailCompleted: func(t telling) Line {
		if t.number("block") == 0 && t.number("completing_node") == 0 {
			return Line{fmt.Sprintf("the failure of %s is dealt with everywhere", t.node("failed_node")), Plain}
		}
		return Line{fmt.Sprintf("%s dealt with a part of the failure of %s", t.source(), t.node("failed_node")), Faint}
	},
	mgm.NodeFailed:  about(Red, "failed_node", "was declared failed by"),
	mgm.ArbitState:  arbitWords,
	mgm.ArbitResult: arbitWords,
	mgm.TransporterError: func(t telling) Line {
		return Line{fmt.Sprintf("%s has an error on its connection to %s (0x%x)", t.source(), t.node("to_node"), t.number("code")), Red}
	},
	mgm.TransporterWarning: func(t telling) Line {
		return Line{fmt.Sprintf("%s has trouble on its connection to %s (0x%x)", t.source(), t.node("to_node"), t.number("code")), Yellow}
	},
	mgm.MissedHeartbeat: func(t telling) Line {
		return Line{fmt.Sprintf("%s missed %d heartbeats of %s; at 4 it is declared dead", t.source(), t.number("count"), t.node("node")), Yellow}
	},
	mgm.DeadDueToHeartbeat: func(t telling) Line {
		return Line{fmt.Sprintf("%s is dead to %s: its heartbeats stopped", t.node("node"), t.source()), Red}
	},
	mgm.LateHeartbeat: func(t telling) Line {
		return Line{fmt.Sprintf("%s had a heartbeat of %s %d ms late", t.source(), t.node("node"), t.number("ms")), Yellow}
	},
	mgm.WarningText: textWords,
	mgm.InfoText:    textWords,
	mgm.MemoryUsage: memoryWords,
	mgm.SingleUserMode: func(t telling) Line {
		switch t.number("type") {
		case 0:
			return Line{"the cluster is entering single user mode for " + t.node("node_id"), Yellow}
		case 1:
			return Line{"the cluster is in single user mode: only " + t.node("node_id") + " may work", Yellow}
		}
		return Line{"single user mode ends", Green}
	},
	mgm.BackupStarted: func(t telling) Line { return Line{fmt.Sprintf("backup %d began", t.number("backup_id")), Plain} },
	mgm.BackupNotStarted: func(t telling) Line {
		return Line{fmt.Sprintf("a backup did not start: error %d", t.number("error")), Red}
	},
	mgm.BackupCompleted: func(t telling) Line {
		return Line{fmt.Sprintf("backup %d is complete, %s", t.number("backup_id"), bytesWords(t.number("n_bytes")+t.number("n_log_bytes"))), Green}
	},
	mgm.BackupAborted: func(t telling) Line {
		return Line{fmt.Sprintf("backup %d was aborted: error %d", t.number("backup_id"), t.number("error")), Red}
	},
	mgm.StartReport:  startReport,
	mgm.EventBuffer:  fixed(Faint, "tells how full its event buffer is"),
	mgm.EventBuffer2: bufferWords,
	mgm.EventBuffer3: bufferWords,
	mgm.SubscriptionStatus: func(t telling) Line {
		return Line{t.source() + " let go of a subscriber that did not keep up: a binary log has a gap", Red}
	},
	mgm.ConnectCheckStarted:   fixed(Yellow, "checks its connections to the other nodes"),
	mgm.ConnectCheckCompleted: fixed(Plain, "finished the check of its connections"),
	mgm.NodeFailRejected: func(t telling) Line {
		return Line{t.source() + " did not believe that another node failed: the network is partly cut", Red}
	},
}

func startType(n uint64) string {
	switch n {
	case 0:
		return "an initial start"
	case 1:
		return "a system restart"
	case 2:
		return "a node restart"
	case 3:
		return "an initial node restart"
	}
	return "a start"
}

// arbitWords says what became of arbitration.
func arbitWords(t telling) Line {
	raw := t.number("code")
	arbitrator := t.node("arbit_node")
	switch code := raw & 0xffff; code {
	case 11:
		return Line{t.source() + " looks after arbitration", Faint}
	case 21, 22, 23:
		return Line{fmt.Sprintf("%s takes %s for the arbitrator", t.source(), arbitrator), Faint}
	case 31:
		return Line{arbitrator + " is the arbitrator", Green}
	case 32, 33:
		return Line{"the arbitrator is lost, " + arbitrator + "; until there is another a tie cannot be decided", Red}
	case 41:
		return Line{"arbitration: " + RuleLoseNodes.Words() + ": " + t.source() + " stops", Red}
	case 42:
		return Line{"arbitration: the cluster goes on, " + RuleWinNodes.Words(), Plain}
	case 43:
		return Line{"arbitration: the cluster goes on, " + RuleWinGroups.Words(), Plain}
	case 44:
		return Line{"arbitration: " + RuleLoseGroups.Words() + ": " + t.source() + " stops", Red}
	case 45:
		return Line{fmt.Sprintf("arbitration: half of the nodes are left, %s asks %s", t.source(), arbitrator), Yellow}
	case 46:
		return Line{fmt.Sprintf("arbitration: %s says that this half goes on", arbitrator), Yellow}
	case 47:
		return Line{fmt.Sprintf("arbitration: %s says no, %s stops", arbitrator, t.source()), Red}
	case 48:
		return Line{"arbitration: half of the nodes are left and there is no arbitrator: " + t.source() + " stops", Red}
	case 49:
		return Line{"arbitration: half of the nodes are left and none is configured to arbitrate: " + t.source() + " stops", Red}
	case 50:
		return Line{"arbitration: nobody outside forbade it, this half goes on", Yellow}
	default:
		return Line{fmt.Sprintf("arbitration: code %d from %s", code, t.source()), Yellow}
	}
}

// A Stall is a text that says the cluster stands still or is about to.
type Stall string

// The stalls.
const (
	StallNone       Stall = ""
	StallCommit     Stall = "gcp_commit" // no epoch ends
	StallSave       Stall = "gcp_save"   // the redo log does not reach the disk
	StallStop       Stall = "gcp_stop"   // a node is about to be killed for it
	StallPartial    Stall = "partially_connected"
	StallNeedsInit  Stall = "needs_initial"
	StallRedoTail   Stall = "redo_tail" // the redo log cannot be cut
	StallArbitrator Stall = "no_arbitrator"
)

// stalls are the texts, in the order in which they are tried.
var stalls = []struct {
	part  string
	stall Stall
	words string
}{
	{"GCP Monitor: GCP_COMMIT lag", StallCommit, "transactions do not commit: the global checkpoint stands still"},
	{"GCP Monitor: GCP_SAVE lag", StallSave, "the redo log does not reach the disk"},
	{"Detected GCP stop", StallStop, "the global checkpoint stands still, and a node will be stopped for it"},
	{"Cluster may be partially connected", StallPartial, "some nodes do not reach each other"},
	{"Making filesystem for node", StallNeedsInit, "a node's files are unusable: it needs --initial"},
	{"CUT LOG TAIL", StallRedoTail, "the redo log cannot be cut: it will fill"},
	{"Waited too long with LCP not progressing", StallRedoTail, "the local checkpoint does not go on"},
	{"Could not find an arbitrator", StallArbitrator, "there is no arbitrator: a tie cannot be decided"},
}

// StallOf recognises the text of a warning or info event.
func StallOf(text string) (Stall, string) {
	for _, s := range stalls {
		if strings.Contains(text, s.part) {
			return s.stall, s.words
		}
	}
	return StallNone, ""
}

// textWords quotes a text, and says what it means if it is one of those that matter.
func textWords(t telling) Line {
	text := cluster.Printable(strings.TrimSpace(t.Text))
	if stall, words := StallOf(t.Text); stall != StallNone {
		return Line{fmt.Sprintf("%s: %s (%q)", t.source(), words, text), Red}
	}
	if t.Type == mgm.WarningText {
		return Line{t.source() + ": " + text, Yellow}
	}
	return Line{t.source() + ": " + text, Faint}
}

func memoryWords(t telling) Line {
	what := "memory"
	switch t.number("block") {
	case 249:
		what = "data memory"
	case 248:
		what = "hash index memory"
	}
	total := t.number("pages_total")
	if total == 0 {
		return Line{fmt.Sprintf("%s tells of its %s", t.source(), what), Faint}
	}
	share := 100 * t.number("pages_used") / total
	colour := Plain
	switch gth := int32(t.number("gth")); {
	case gth > 0 && share >= 90:
		colour = Red
	case gth > 0:
		colour = Yellow
	}
	return Line{fmt.Sprintf("%s uses %d %% of its %s", t.source(), share, what), colour}
}

// bufferWords says how a subscriber keeps up. Reasons 2 and 3 are lost events.
func bufferWords(t telling) Line {
	who := t.node("ndb_reference")
	switch t.number("report_reason") {
	case 2, 3:
		return Line{who + " throws events away because its event buffer is full: its binary log has a gap", Red}
	case 5, 7, 8:
		return Line{who + " has trouble keeping up: its event buffer fills", Yellow}
	}
	return Line{who + " tells how full its event buffer is", Faint}
}

func startReport(t telling) Line {
	kind, left := t.number("report_type"), t.number("remaining_seconds")
	if len(t.Words) > 1 {
		kind, left = uint64(t.Words[0]), uint64(t.Words[1])
	}
	more := ""
	if left > 0 && left < 1<<31 {
		more = fmt.Sprintf(", %d s more", left)
	}
	switch kind {
	case 1:
		return Line{t.source() + " waits for the other nodes for the first start", Yellow}
	case 2, 3:
		return Line{t.source() + " waits for the other nodes before it starts without them" + more, Yellow}
	case 4, 5:
		return Line{t.source() + " waits because the cluster could run in two parts" + more, Yellow}
	case 6, 7:
		return Line{t.source() + " waits for a whole node group" + more, Yellow}
	case 0x8000, 0x8001:
		return Line{t.source() + " starts with all nodes", Plain}
	case 0x8002:
		return Line{t.source() + " starts without some of the nodes", Yellow}
	case 0x8003:
		return Line{t.source() + " starts although the cluster could run in two parts", Red}
	}
	return Line{t.source() + " waits for other nodes", Yellow}
}

func bytesWords(n uint64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}
