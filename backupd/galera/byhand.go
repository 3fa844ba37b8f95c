package galera

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/inventory"
)

// byHand is what a human does to make a cluster of one restored member: lines to read, and commands
// behind "$ ".
//
// The cluster gets a new identity (no grastate.dat: the server then makes a new UUID). With the old
// one, its transactions would have numbers a second time, and a member that still has the first ones
// would be taken for one that lacks only what came later. What the other members hold is kept, since
// it may be newer than the backup, and a full state transfer would remove it.
func byHand(c inventory.Cluster, first inventory.Node) string {
	var h hand
	h.say("Now it is your turn, in this order. Until the end clients stay away: stop the proxy or the application.")
	h.step("Nobody else may start members meanwhile:")
	h.run("kagu maintenance on %s --for 4h --why 'new cluster from a backup'", word(c.Name))
	h.step("See that no server of the cluster runs, on any host. If a host does not answer, make sure of it another way:")
	h.run("kagu status %s", word(c.Name))
	if a := c.Arbitrator; a != nil {
		h.step("On host %s, as root, end the arbitrator:", a.Host.Name)
		h.run("systemctl stop %s", word(a.Service))
	}
	h.step("On host %s, as root, give the cluster a new identity and start its first member:", first.Host.Name)
	h.run("rm -f %s", word(first.DataDir+"/grastate.dat"))
	h.run("%s", found(first))
	h.step("Wait until %s is Synced, and look if the data is what you want:", first.Name)
	h.run("kagu status %s", word(c.Name))
	for _, n := range c.Nodes {
		if n.Name == first.Name {
			continue
		}
		dir, aside := word(n.DataDir), word(n.DataDir+".before-new-cluster")
		h.step("On host %s, as root, put aside what %s has, which may be newer than the backup:", n.Host.Name, n.Name)
		h.run("mv -T %s %s && mkdir %s && chown --reference=%s %s && chmod --reference=%s %s", dir, aside, dir, aside, dir, aside, dir)
		h.say("   Then start it. It gets everything from a member that is there; wait until it is Synced before you go on:")
		h.run("kagu start %s --why 'new cluster from a backup'", word(c.Name+"/"+n.Name))
		h.run("kagu status %s", word(c.Name))
	}
	if a := c.Arbitrator; a != nil {
		h.step("On host %s, as root:", a.Host.Name)
		h.run("systemctl start %s", word(a.Service))
	}
	h.step("Let clients in again, and take a full backup: those from before, and their binary logs, do not go on from here.")
	h.run("kagu maintenance off %s", word(c.Name))
	h.run("kagu backup run %s %s", word(c.Name), word(fullJob(c)))
	return h.text.String()
}

// hand writes down what a human does.
type hand struct {
	text  strings.Builder
	steps int
}

func (h *hand) say(format string, args ...any) { fmt.Fprintf(&h.text, format+"\n", args...) }

func (h *hand) step(format string, args ...any) {
	h.steps++
	h.say(fmt.Sprintf("%d. ", h.steps)+format, args...)
}

func (h *hand) run(format string, args ...any) { h.say("   $ "+format, args...) }

// found is the command that starts a member as the first of a new cluster.
func found(n inventory.Node) string {
	switch {
	case n.Service == "mariadb.service":
		return "galera_new_cluster"
	case n.Service != "":
		return "galera_new_cluster " + word(n.Service)
	}
	var words []string
	for _, w := range n.Start {
		words = append(words, word(w))
	}
	return strings.Join(words, " ") + " --wsrep-new-cluster &"
}

// fullJob is the job that takes full backups.
func fullJob(c inventory.Cluster) string {
	if c.Backup != nil {
		for _, j := range c.Backup.Jobs {
			if backupd.Method(j.Method) == backupd.Physical {
				return j.Name
			}
		}
	}
	return "JOB"
}

var shellPlain = regexp.MustCompile(`^[A-Za-z0-9_./:@-]+$`)

// word quotes a word for a shell, if it must be.
func word(text string) string {
	if shellPlain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
