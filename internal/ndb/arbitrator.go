package ndb

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// An Election follows the events of arbitration to know who arbitrates. Its zero value knows
// nothing.
type Election struct {
	known bool
	node  int
	at    time.Time
	order uint32
}

// The states of arbitration, in the upper half of an event's code.
const (
	arbitInit  = 1
	arbitFind  = 2
	arbitStart = 5
	arbitRun   = 6
)

// Codes of arbitration that name an arbitrator, or say that it is lost.
const (
	codePrepared     = 22 // a data node takes the president's choice
	codePreparedLate = 23 // one that joins later does
	codeLostFailed   = 32
	codeLostExit     = 33
)

// Hear takes an event into account. A gap means that something may have been missed. Saved
// events may come in any order; the youngest counts.
func (e *Election) Hear(ev mgm.Event) {
	if ev.Gap != nil {
		*e = Election{}
		return
	}
	if ev.Type != mgm.ArbitState && ev.Type != mgm.ArbitResult {
		return
	}
	if e.known && ev.Saved && (ev.Time.Before(e.at) || ev.Time.Equal(e.at) && ev.Sequence < e.order) {
		return // one that is heard is younger than all that was saved, whatever the data nodes' clocks say
	}
	raw, _ := ev.Value("code")
	code, state := raw&0xffff, raw>>16
	node := ev.Node("arbit_node")
	switch {
	case code == codeLostFailed || code == codeLostExit:
		node = 0
	case code == codePrepared || code == codePreparedLate || state == arbitStart || state == arbitRun:
	case state == arbitInit || state == arbitFind:
		node = 0
	default:
		return
	}
	*e = Election{known: true, node: node, at: ev.Time, order: ev.Sequence}
}

// Arbitrator returns who arbitrates by what was heard.
func (e Election) Arbitrator() Arbitrator { return Arbitrator{Node: e.node, Known: e.known} }

// Arbitrator returns who arbitrates: by the data nodes' own word, by the events, or because
// nobody else can. It is unknown while the data nodes do not agree.
func (v View) Arbitrator() Arbitrator {
	if says := v.named(); len(says) == 1 {
		return Arbitrator{Node: says[0], Known: true}
	} else if len(says) > 1 {
		return Arbitrator{}
	}
	var connected []int
	doubt := len(v.Nodes()) == 0 || v.Config == nil
	for _, n := range v.Nodes() {
		if n.Role == cluster.RoleData || n.Rank != 1 && n.Rank != 2 {
			continue
		}
		switch n.Up {
		case cluster.Yes:
			connected = append(connected, n.ID)
		case cluster.Unknown:
			doubt = true
		}
	}
	switch {
	case doubt:
		return Arbitrator{}
	case v.Elected.Known && slices.Contains(connected, v.Elected.Node):
		return v.Elected
	case len(connected) == 0:
		return Arbitrator{Known: true}
	case len(connected) == 1:
		return Arbitrator{Node: connected[0], Known: true}
	}
	return Arbitrator{}
}

// named lists the arbitrators that data nodes name.
func (v View) named() []int {
	says := map[int]bool{}
	for _, m := range v.Memberships {
		says[m.Arbitrator] = true
	}
	return sortedKeys(says)
}

// A Trouble is what is wrong with arbitration.
type Trouble string

// The troubles.
const (
	TroubleDisabled    Trouble = "disabled"     // Arbitration=Disabled: a cut network makes two clusters
	TroubleNoCandidate Trouble = "no_candidate" // no node has a rank
	TroubleNone        Trouble = "none"         // there are candidates, and none is connected
	TroubleSeveral     Trouble = "several"      // data nodes name several arbitrators
	TroubleNotAgreed   Trouble = "not_agreed"   // some data nodes name none, or are not connected to it
	TroubleDataHost    Trouble = "data_host"    // the arbitrator dies with a data node's host
	TroubleUnknown     Trouble = "unknown"      // nobody could say who arbitrates
)

// Troubles lists all of them.
func Troubles() []Trouble {
	return []Trouble{TroubleDisabled, TroubleNoCandidate, TroubleNone, TroubleSeveral, TroubleNotAgreed, TroubleDataHost, TroubleUnknown}
}

// A Watch is what there is to say of arbitration.
type Watch struct {
	Arbitrator Arbitrator         `json:"arbitrator"`
	Candidates []Candidate        `json:"candidates,omitempty"`
	Troubles   []Trouble          `json:"troubles,omitempty"`
	Words      map[Trouble]string `json:"words,omitempty"`
}

// WatchArbitrator says what is wrong with arbitration. Nothing is said of a cluster nobody
// answers for.
func (v View) WatchArbitrator() Watch {
	s := v.Shape()
	w := Watch{Arbitrator: s.Arbitrator, Candidates: s.Candidates, Words: map[Trouble]string{}}
	add := func(t Trouble, format string, args ...any) {
		w.Troubles = append(w.Troubles, t)
		w.Words[t] = fmt.Sprintf(format, args...)
	}
	if v.Config == nil || !v.Answered() {
		return w
	}
	if s.Method == MethodDisabled {
		add(TroubleDisabled, "arbitration is disabled: a network that falls apart makes two clusters")
		return w
	}
	if s.Method == MethodExternal {
		return w
	}
	running := slices.ContainsFunc(s.Nodes, func(n ShapeNode) bool { return n.Up == cluster.Yes })
	switch named := v.named(); {
	case len(s.Candidates) == 0:
		add(TroubleNoCandidate, "no node is configured to arbitrate (ArbitrationRank)")
	case len(slices.DeleteFunc(slices.Clone(named), func(id int) bool { return id == 0 })) > 1:
		add(TroubleSeveral, "the data nodes name several arbitrators: %s", list(named))
	case len(named) > 1 || slices.ContainsFunc(v.Memberships, func(m Membership) bool { return m.Arbitrator != 0 && m.Connected == cluster.No }):
		add(TroubleNotAgreed, "not every data node has the arbitrator")
	case running && s.Arbitrator.Known && s.Arbitrator.Node == 0:
		add(TroubleNone, "there is no arbitrator: none of %s is connected", list(ids(s.Candidates)))
	case running && !s.Arbitrator.Known:
		add(TroubleUnknown, "it is not known which of %s arbitrates", list(ids(s.Candidates)))
	}
	if i := slices.IndexFunc(s.Candidates, func(c Candidate) bool { return s.Arbitrator.Known && c.Node == s.Arbitrator.Node && c.Host != "" }); i >= 0 {
		host := s.Candidates[i].Host
		if slices.ContainsFunc(s.Nodes, func(n ShapeNode) bool { return n.Host == host && n.Up != cluster.No }) {
			add(TroubleDataHost, "the arbitrator (node %d) runs on host %s with a data node, and dies with it", s.Arbitrator.Node, host)
		}
	}
	return w
}

func ids(all []Candidate) []int {
	out := make([]int, len(all))
	for i, c := range all {
		out[i] = c.Node
	}
	return out
}

// list writes "node 3" or "nodes 1, 2 and 4".
func list(nodes []int) string {
	words := make([]string, len(nodes))
	for i, n := range nodes {
		words[i] = fmt.Sprint(n)
	}
	switch len(words) {
	case 0:
		return "no node"
	case 1:
		return "node " + words[0]
	}
	return "nodes " + and(words)
}

// and joins words: "a, b and c".
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
