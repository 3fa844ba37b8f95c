package galera

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/remediator"
)

// Start starts the server of a node. It rejoins by itself: by IST if a donor still holds what
// it missed, else by SST, which replaces the data the node lags behind with.
var Start = remediator.Action{Name: "start", Safe: true}

// Problems is the table of what can be wrong with a Galera cluster. Rows without a plan that
// acts tell a human what was seen and what to do.
var Problems = []remediator.Problem{
	{Name: "galera-no-primary", Rank: 10, Match: noPrimary, Plan: explainNoPrimary, Patience: 5 * time.Second},
	{Name: "galera-node-frozen", Rank: 20, Match: nodes(frozen), Plan: explainFrozen},
	{Name: "galera-node-down", Rank: 30, Match: nodes(down), Plan: planStart},
	{Name: "galera-node-unreachable", Rank: 40, Match: nodes(unreachable), Plan: explainUnreachable, Patience: 15 * time.Second},
	{Name: "galera-node-silent", Rank: 50, Match: nodes(silent), Plan: explainSilent, Patience: time.Minute},
	{Name: "galera-node-not-primary", Rank: 60, Match: nodes(notPrimary), Plan: explainNotPrimary, Patience: time.Minute},
	{Name: "galera-node-not-synced", Rank: 70, Match: nodes(notSynced), Plan: explainNotSynced, Patience: 5 * time.Minute},
}

// nodes makes a Match of a predicate about one member.
func nodes(has func(cluster.Node) bool) func(cluster.Snapshot) []string {
	return func(s cluster.Snapshot) (names []string) {
		for _, n := range s.Nodes {
			if has(n) {
				names = append(names, n.Name)
			}
		}
		return names
	}
}

func noPrimary(s cluster.Snapshot) []string {
	for _, n := range s.Nodes {
		if n.Galera.Primary == cluster.Yes {
			return nil
		}
	}
	return []string{remediator.WholeCluster}
}

func frozen(n cluster.Node) bool { return n.Process == cluster.ProcessFrozen }

// down wants the host's word: silence is not death.
func down(n cluster.Node) bool {
	return n.Process == cluster.ProcessAbsent && n.Galera.Answers != cluster.Yes
}

func unreachable(n cluster.Node) bool {
	return n.Process == cluster.ProcessUnknown && n.Galera.Answers != cluster.Yes
}

func silent(n cluster.Node) bool {
	return n.Process == cluster.ProcessRunning && n.Galera.Answers != cluster.Yes
}

func notPrimary(n cluster.Node) bool {
	return n.Galera.Answers == cluster.Yes && n.Galera.Primary != cluster.Yes
}

func notSynced(n cluster.Node) bool {
	return n.Galera.Answers == cluster.Yes && n.Galera.State != "synced" && n.Galera.State != "donor"
}

func explainNoPrimary(s cluster.Snapshot, _ string) (remediator.Plan, error) {
	answers, alive := 0, 0
	for _, n := range s.Nodes {
		if n.Galera.Answers == cluster.Yes {
			answers++
		}
		alive += n.Seats(cluster.Yes) + n.Seats(cluster.No)
	}
	switch {
	case alive == 0:
		return remediator.Plan{}, refuse("blind", "neither a server nor a host of the cluster answered: it may be the remediator that is cut off (%s)", notes(s.Nodes[0]))
	case answers == 0 && aliveBy(s, "sql"):
		return remediator.Plan{}, refuse("blind", "the servers are there and tell the remediator nothing (%s)", notes(s.Nodes[0]))
	}
	return remediator.Plan{}, refuse("no-primary", "no member is in a primary component (%s); founding a new one on the wrong member loses data, "+
		"so a human chooses it: docs/runbooks/GaleraNoPrimary.md", Describe(s))
}

// aliveBy reports whether that seat saw some member alive.
func aliveBy(s cluster.Snapshot, seat string) bool {
	return slices.ContainsFunc(s.Nodes, func(n cluster.Node) bool {
		return slices.ContainsFunc(n.Sights, func(v cluster.Sight) bool { return v.Seat == seat && v.Alive == cluster.Yes })
	})
}

func explainFrozen(s cluster.Snapshot, name string) (remediator.Plan, error) {
	return remediator.Plan{}, refuse("frozen", "the server process of %s exists and is frozen; a second one beside it would wreck its data. "+
		"Thaw it (kill -CONT), or kill it for good, on its host: docs/runbooks/GaleraNodeDown.md", name)
}

func explainUnreachable(s cluster.Snapshot, name string) (remediator.Plan, error) {
	n, _ := s.Node(name)
	return remediator.Plan{}, refuse("unreachable", "neither the server of %s nor kagu-node on its host %s answered, and unreachable is not dead (%s)", name, n.Host, notes(n))
}

func explainSilent(s cluster.Snapshot, name string) (remediator.Plan, error) {
	n, _ := s.Node(name)
	return remediator.Plan{}, refuse("silent", "the server process of %s runs and does not answer: it may be receiving a state transfer, or hang (%s)", name, notes(n))
}

func explainNotPrimary(s cluster.Snapshot, name string) (remediator.Plan, error) {
	return remediator.Plan{}, refuse("not-primary", "%s runs outside the primary component; it rejoins by itself when it can reach the others again", name)
}

func explainNotSynced(s cluster.Snapshot, name string) (remediator.Plan, error) {
	n, _ := s.Node(name)
	return remediator.Plan{}, refuse("not-synced", "%s is in the primary component and says %q; it is left to finish", name, n.Galera.Comment)
}

// planStart starts a node whose process is gone, if what it holds fits the living cluster.
func planStart(s cluster.Snapshot, name string) (remediator.Plan, error) {
	n, _ := s.Node(name)
	saved := n.Galera.Saved
	switch {
	case saved == nil:
		return remediator.Plan{}, refuse("saved-position", "the host of %s could not read grastate.dat, so it is not known what the node holds", name)
	case saved.UUID == zeroUUID:
		return remediator.Plan{}, refuse("saved-position", "%s holds no valid state (its grastate.dat has a zero UUID, as after a failed transfer or a lost "+
			"inconsistency vote) and would need a full state transfer: read its error log, then `kagu start %s/%s`", name, s.Cluster, name)
	}
	if peers := stillCountedBy(s, name); len(peers) > 0 {
		// Seen on 10.11: a server that comes back under its old identity while the group still
		// holds a place for it cannot join before several timers have run out, 12 s later.
		return remediator.Plan{}, &remediator.Veto{Guard: "membership", Unclear: true, Reason: fmt.Sprintf(
			"%s is still a member in the view of %s (evs.suspect_timeout); it could not join before that is over", name, strings.Join(peers, " and "))}
	}
	for _, peer := range s.Nodes {
		if peer.Galera.Primary == cluster.Yes && peer.Galera.StateUUID != saved.UUID {
			return remediator.Plan{}, refuse("saved-position", "%s holds the history %s and the cluster %s: it belongs to another cluster, or was rebuilt", name, saved.UUID, peer.Galera.StateUUID)
		}
	}
	return remediator.Plan{
		Why:   fmt.Sprintf("the process of %s is gone (%s)", name, notes(n)),
		Steps: []remediator.Step{{Action: Start, Node: name, Why: "it rejoins the primary component"}},
	}, nil
}

// stillCountedBy names the members in a primary component whose view has the node.
func stillCountedBy(s cluster.Snapshot, name string) (peers []string) {
	for _, peer := range s.Nodes {
		if peer.Name != name && peer.Galera.Primary == cluster.Yes && slices.Contains(peer.Galera.Members, name) {
			peers = append(peers, peer.Name)
		}
	}
	return peers
}

const zeroUUID = "00000000-0000-0000-0000-000000000000"

func refuse(guard, format string, args ...any) error {
	return &remediator.Veto{Guard: guard, Reason: fmt.Sprintf(format, args...)}
}

func notes(n cluster.Node) string {
	var all []string
	for _, s := range n.Sights {
		if s.Note != "" {
			all = append(all, s.Seat+": "+s.Note)
		}
	}
	return strings.Join(all, "; ")
}

// Describe says in one line what was seen of each member.
func Describe(s cluster.Snapshot) string {
	var all []string
	for _, n := range s.Nodes {
		all = append(all, n.Name+" "+Word(n))
	}
	return strings.Join(all, ", ")
}

// Word says in a few words how a member is.
func Word(n cluster.Node) string {
	g := n.Galera
	switch {
	case frozen(n):
		return "frozen"
	case g.Answers == cluster.Yes && g.Primary != cluster.Yes:
		return "not in a primary component"
	case g.Answers == cluster.Yes && g.State != "":
		return g.State
	case down(n) && n.StoppedBy != "":
		return "stopped on purpose"
	case down(n):
		return "down"
	case silent(n):
		return "starting or silent"
	default:
		return "unreachable"
	}
}
