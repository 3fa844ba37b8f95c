package galera

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
)

// want is what a backup asks of a donor.
type want struct {
	base   string // the only member that will do: an incremental backup builds on its files
	prefer string // if several will do alike
}

// A choice is a donor, or none, and what there is to say of every member.
type choice struct {
	node    string // "" if none will do
	reasons []reason
}

type reason struct{ node, why string }

// Error says of every member why it is not the donor.
func (c choice) Error() string {
	parts := make([]string, len(c.reasons))
	for i, r := range c.reasons {
		parts[i] = r.node + " " + r.why
	}
	return "no member can be backed up now: " + strings.Join(parts, "; ")
}

// because returns the reason of one member.
func (c choice) because(node string) string {
	for _, r := range c.reasons {
		if r.node == node {
			return r.why
		}
	}
	return ""
}

// chooseDonor chooses the member to back up. What is not known of a member speaks against it:
// a backup waits rather than take the writer, or the last copy that is up to date.
func chooseDonor(s cluster.Snapshot, w want) (choice, error) {
	var c choice
	if len(s.Nodes) == 0 {
		return c, fmt.Errorf("cluster %s has no member that was observed", s.Cluster)
	}
	writer, whyWriter := writerOf(s)
	var fit []cluster.Node
	for _, n := range s.Nodes {
		why := unfit(n)
		switch {
		case why != "":
		case n.Name == writer:
			why = "is the writer: " + whyWriter
		case synced(s) < 2:
			why = "is the last one that is synced"
		case !oneState(s, n):
			why = "is in another state than the rest: the members disagree about the cluster's UUID"
		case w.base != "" && n.Name != w.base:
			why = "holds no base for this backup: an incremental one builds on the files of " + w.base + " alone"
		default:
			fit = append(fit, n)
			why = fmt.Sprintf("will do: synced, not the writer, %d write sets waiting", *n.Galera.Queue)
			if *n.Galera.Wrote > 0 {
				why += fmt.Sprintf(", %d written by clients of its own", *n.Galera.Wrote)
			}
			if n.Name == w.prefer {
				why += ", and its binary log is archived"
			}
		}
		c.reasons = append(c.reasons, reason{n.Name, why})
	}
	if len(fit) == 0 {
		return c, c
	}
	slices.Reverse(fit) // of equals the last of kagu.yaml: the first ones are the next writers
	c.node = slices.MinFunc(fit, func(a, b cluster.Node) int {
		return cmp.Or(cmp.Compare(busy(a), busy(b)), cmp.Compare(waiting(a), waiting(b)), cmp.Compare(other(a, w.prefer), other(b, w.prefer)))
	}).Name
	return c, nil
}

// waiting is the queue in steps of ten write sets: less of a difference is chance.
func waiting(n cluster.Node) int64 { return *n.Galera.Queue / 10 }

func busy(n cluster.Node) int { return btoi(*n.Galera.Wrote > 0) }

func other(n cluster.Node, prefer string) int { return btoi(n.Name != prefer) }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unfit says what is wrong with a member by itself; "" if nothing is.
func unfit(n cluster.Node) string {
	g := n.Galera
	switch {
	case g == nil || g.Answers != cluster.Yes:
		return "does not answer"
	case g.Primary != cluster.Yes:
		return "is not known to be in the primary component"
	case g.State == "donor":
		return "is donor or desynced already"
	case g.State != "synced":
		return fmt.Sprintf("is not synced but %s", cmp.Or(g.State, "in an unknown state"))
	case g.Ready != cluster.Yes:
		return "is not ready for statements"
	case g.Desyncs == nil || g.Queue == nil || g.Wrote == nil || g.StateUUID == "":
		return "does not tell enough: its server says nothing of desyncs, queue, writes or UUID"
	case *g.Desyncs > 0:
		return "is desynced by somebody"
	}
	return ""
}

func synced(s cluster.Snapshot) (count int) {
	for _, n := range s.Nodes {
		if unfit(n) == "" {
			count++
		}
	}
	return count
}

// oneState reports whether all who answer speak of the same cluster.
func oneState(s cluster.Snapshot, n cluster.Node) bool {
	return !slices.ContainsFunc(s.Nodes, func(o cluster.Node) bool {
		return o.Galera != nil && o.Galera.StateUUID != "" && o.Galera.StateUUID != n.Galera.StateUUID
	})
}

// writerOf tells who the writer is. If clients write to one member alone, it is that one, whatever
// any file says; else the first of kagu.yaml that could be, as the proxy's configuration has it.
func writerOf(s cluster.Snapshot) (name, why string) {
	var wrote []string
	first := ""
	for _, n := range s.Nodes {
		g := n.Galera
		if g == nil || g.Answers != cluster.Yes {
			continue
		}
		if first == "" && g.Primary == cluster.Yes && g.Ready == cluster.Yes {
			first = n.Name
		}
		if g.Wrote != nil && *g.Wrote > 0 {
			wrote = append(wrote, n.Name)
		}
	}
	if len(wrote) == 1 {
		return wrote[0], "clients write to it alone"
	}
	return first, "it is the first of kagu.yaml that is up"
}
