package galera

import (
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/cluster"
)

// members makes a snapshot out of words: "n2 synced queue=3 wrote=7"; a name alone is a member
// that does not answer.
func members(texts ...string) cluster.Snapshot {
	s := cluster.Snapshot{Cluster: "lab", Kind: cluster.KindGalera}
	for _, text := range texts {
		words := strings.Fields(text)
		n := cluster.Node{Name: words[0], Galera: &cluster.Galera{}}
		if len(words) > 1 {
			n.Galera = &cluster.Galera{
				Answers: cluster.Yes, Ready: cluster.Yes, Primary: cluster.Yes, State: words[1], StateUUID: "u",
				Queue: new(int64), Desyncs: new(int64), Wrote: new(int64),
			}
			for _, w := range words[2:] {
				key, value, _ := strings.Cut(w, "=")
				number := int64(0)
				for _, digit := range value {
					number = 10*number + int64(digit-'0')
				}
				switch key {
				case "queue":
					n.Galera.Queue = &number
				case "wrote":
					n.Galera.Wrote = &number
				case "desyncs":
					n.Galera.Desyncs = &number
				case "silent":
					n.Galera.Wrote = nil
				case "apart":
					n.Galera.Primary = cluster.No
				case "unsure":
					n.Galera.Primary = cluster.Unknown
				case "unready":
					n.Galera.Ready = cluster.No
				case "uuid":
					n.Galera.StateUUID = value
				default:
					panic("a test says " + w)
				}
			}
		}
		s.Nodes = append(s.Nodes, n)
	}
	return s
}

func TestDonor(t *testing.T) {
	for _, c := range []struct {
		name string
		seen cluster.Snapshot
		want want
		node string
		says string // by that node if one is chosen, else by the refusal
	}{
		{name: "nobody answers", seen: members("n1", "n2", "n3"), says: "n1 does not answer; n2 does not answer; n3 does not answer"},
		{name: "nothing was seen", seen: members(), says: "no member that was observed"},
		{name: "the only member is the writer", seen: members("n1 synced"), says: "n1 is the writer"},
		{name: "the last of three, if all are idle", seen: members("n1 synced", "n2 synced", "n3 synced"), node: "n3", says: "will do"},
		{name: "not the one that clients write to", seen: members("n1 synced", "n2 synced", "n3 synced wrote=4"), node: "n2", says: "will do"},
		{name: "the first, if clients write to another one alone", seen: members("n1 synced", "n2 synced wrote=1", "n3 donor"), node: "n1", says: "will do"},
		{name: "who is written to least, if all are", seen: members("n1 synced wrote=9", "n2 synced wrote=9", "n3 synced"), node: "n3", says: "will do"},
		{name: "one that is written to, if there is no other", seen: members("n1 synced wrote=9", "n2 synced wrote=9"), node: "n2", says: "9 written by clients of its own"},
		{name: "the emptier queue", seen: members("n1 synced", "n2 synced", "n3 synced queue=50"), node: "n2", says: "0 write sets waiting"},
		{name: "a few write sets more are chance", seen: members("n1 synced", "n2 synced", "n3 synced queue=5"), node: "n3", says: "will do"},
		{name: "the one whose binary log is archived", seen: members("n1 synced", "n2 synced", "n3 synced"), want: want{prefer: "n2"}, node: "n2", says: "its binary log is archived"},
		{name: "but not before an empty queue", seen: members("n1 synced", "n2 synced queue=99", "n3 synced"), want: want{prefer: "n2"}, node: "n3", says: "will do"},
		{name: "no donor", seen: members("n1 synced", "n2 donor", "n3 synced"), node: "n3", says: "will do"},
		{name: "nor one that somebody has desynced", seen: members("n1 synced", "n2 synced", "n3 synced desyncs=1"), node: "n2", says: "will do"},
		{name: "the last synced one is spared", seen: members("n1 donor", "n2 joined", "n3 synced"), says: "n1 is donor or desynced already; n2 is not synced but joined; n3 is the last one that is synced"},
		{name: "a joiner", seen: members("n1 synced", "n2 joiner"), says: "n1 is the writer: it is the first of kagu.yaml that is up; n2 is not synced but joiner"},
		{name: "outside the primary component", seen: members("n1 synced", "n2 synced apart", "n3 synced unsure"), says: "n3 is not known to be in the primary component"},
		{name: "not ready", seen: members("n1 synced", "n2 synced unready"), says: "n2 is not ready"},
		{name: "who does not tell how much is written to it", seen: members("n1 synced", "n2 synced silent"), says: "n2 does not tell enough"},
		{name: "a member of another cluster", seen: members("n1 synced", "n2 synced uuid=v", "n3 synced"), says: "the members disagree"},
		{name: "an incremental goes to its base", seen: members("n1 synced", "n2 synced", "n3 synced"), want: want{base: "n2"}, node: "n2", says: "will do"},
		{name: "and to nobody else", seen: members("n1 synced", "n2 donor", "n3 synced"), want: want{base: "n2"}, says: "n3 holds no base for this backup: an incremental one builds on the files of n2 alone"},
		{name: "not even then to the writer", seen: members("n1 synced", "n2 synced", "n3 synced"), want: want{base: "n1"}, says: "n1 is the writer"},
		{name: "the first is down: the next one is the writer", seen: members("n1", "n2 synced", "n3 synced"), node: "n3", says: "will do"},
		{name: "and with two of them nobody is left", seen: members("n1", "n2 synced"), says: "n2 is the writer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := chooseDonor(c.seen, c.want)
			said := ""
			if err != nil {
				said = err.Error()
			} else {
				said = got.because(got.node)
			}
			if got.node != c.node || (err == nil) != (c.node != "") || !strings.Contains(said, c.says) {
				t.Errorf("donor %q (%v), says %q; want %q and %q", got.node, err, said, c.node, c.says)
			}
			if len(got.reasons) != len(c.seen.Nodes) {
				t.Errorf("%d reasons for %d members", len(got.reasons), len(c.seen.Nodes))
			}
		})
	}
}
