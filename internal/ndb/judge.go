package ndb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/mgm"
)

// A Judgement is what there is to say of a look, for a human and for programs.
type Judgement struct {
	Colour     Colour       `json:"colour"` // red: act; yellow: works, and should not stay so; green
	Head       string       `json:"head"`   // the gravest thing, in words
	Findings   []Finding    `json:"findings,omitempty"`
	Survival   Survival     `json:"survival"`
	Arbitrator Watch        `json:"arbitration"`
	Groups     []Redundancy `json:"node_groups,omitempty"`
	Detection  Detection    `json:"detection"`
}

// A Finding is one thing that is wrong.
type Finding struct {
	Colour Colour `json:"colour"`
	Text   string `json:"text"`
}

// Judge applies all rules to a look.
func Judge(v View) Judgement {
	j := Judgement{Survival: Survive(v.Shape()), Arbitrator: v.WatchArbitrator(), Detection: v.Detection()}
	j.Groups, _ = v.Redundancy()
	nodes := v.Nodes()
	if !v.Answered() {
		j.find(Red, "no management server answers: nothing is known of the cluster")
	} else {
		if v.Deaf() {
			j.deaf(v.SQL)
		} else {
			j.groups(nodes)
		}
		j.dataNodes(nodes)
		j.losses(nodes)
		j.arbitration()
		j.others(nodes)
	}
	j.servers(v)
	slices.SortStableFunc(j.Findings, func(a, b Finding) int { return rank(a.Colour) - rank(b.Colour) })
	j.Colour, j.Head = Green, "healthy"
	if len(j.Findings) > 0 {
		j.Colour, j.Head = j.Findings[0].Colour, j.Findings[0].Text
	}
	return j
}

func rank(c Colour) int {
	return slices.Index([]Colour{Red, Yellow, Green, Plain, Faint}, c)
}

func (j *Judgement) find(c Colour, format string, args ...any) {
	j.Findings = append(j.Findings, Finding{c, fmt.Sprintf(format, args...)})
}

// deaf says what to think of management servers that have no contact with any data node.
func (j *Judgement) deaf(t Testimony) {
	switch t.Reach {
	case cluster.Yes:
		j.find(Red, "no management server has contact with any data node, and SQL nodes have: the management servers are cut off from a cluster that serves")
	case cluster.No:
		j.find(Red, "neither a management server nor an SQL node has contact with any data node: the cluster is down")
	default:
		j.find(Red, "no management server has contact with any data node: the cluster is down, or cut off from them")
	}
}

// groups says which node groups lack nodes, and what hangs on those that are left.
func (j *Judgement) groups(nodes []Node) {
	down := 0
	for _, g := range j.Groups {
		if g.Started == 0 && g.Unknown == 0 {
			down++
		}
	}
	if down == len(j.Groups) && down > 0 {
		j.find(Red, "no data node is started: the cluster is down")
		return
	}
	for _, g := range j.Groups {
		if g.Deficit() <= 0 {
			continue
		}
		switch {
		case g.Started+g.Unknown > 0:
		case j.Survival.Serving == cluster.No:
			j.find(Red, "node group %s has no started node: the cluster is down", g.Group)
			continue
		default:
			j.find(Red, "node group %s has no started node although others run: it holds no data yet, or no management server reaches it", g.Group)
			continue
		}
		text := fmt.Sprintf("node group %s has %s of %s nodes", g.Group, number(g.Started), number(g.Configured))
		if hosts := j.deadly(nodes, g.Group); len(hosts) > 0 {
			text += ": the loss of " + hostWords(hosts) + " stops the cluster"
		}
		j.find(Red, "%s", text)
	}
	if j.Survival.Serving == cluster.Unknown {
		j.find(Red, "it cannot be told whether the cluster serves: %s is not known", and(j.Survival.Unknown))
	}
}

// deadly lists the hosts of the group's nodes whose loss stops the cluster for certain.
func (j *Judgement) deadly(nodes []Node, group mgm.NodeGroup) []string {
	var hosts []string
	for _, l := range j.Survival.Hosts {
		there := slices.ContainsFunc(nodes, func(n Node) bool { return n.Role == cluster.RoleData && n.Group == group && n.Host == l.Host })
		if l.Stops == cluster.Yes && there {
			hosts = append(hosts, l.Host)
		}
	}
	return hosts
}

func hostWords(hosts []string) string {
	if len(hosts) == 1 {
		return "host " + hosts[0]
	}
	return "any of the hosts " + and(hosts)
}

// dataNodes says what each data node that is not started does.
func (j *Judgement) dataNodes(nodes []Node) {
	single := false
	for _, n := range nodes {
		if n.Role != cluster.RoleData {
			continue
		}
		single = single || n.State == string(mgm.StateSingleUser)
		switch {
		case n.Up == cluster.Yes:
		case n.Up == cluster.Unknown && strings.Contains(n.State, " / "):
			j.find(Yellow, "the management servers disagree on data node %d: %s", n.ID, words(n.State))
		case n.State == string(mgm.StateStarting):
			j.find(Yellow, "data node %d is starting, phase %d: it %s", n.ID, n.Phase, PhaseWords(n.Phase))
		case n.State == string(mgm.StateNotStarted):
			j.find(Red, "data node %d runs and waits for the order to start", n.ID)
		case n.State == "" && n.Up == cluster.No:
			j.find(Red, "data node %d is in kagu.yaml, and not in the cluster's configuration", n.ID)
		case n.State == "":
			j.find(Yellow, "data node %d: no management server tells how it is", n.ID)
		case !n.Group.Known() && n.Group == mgm.GroupNone:
			j.find(Yellow, "data node %d, which is in no node group, is %s", n.ID, words(n.State))
		default:
			j.find(Red, "data node %d on host %s: %s", n.ID, n.Host, words(n.State))
		}
	}
	if single {
		j.find(Yellow, "the cluster is in single user mode: one client may work, the others may not")
	}
}

// losses says what else would stop a cluster whose groups are complete.
func (j *Judgement) losses(nodes []Node) {
	if j.Survival.Serving != cluster.Yes {
		return
	}
	lacking := slices.ContainsFunc(j.Groups, func(g Redundancy) bool { return g.Deficit() > 0 })
	var byNode, byHost, doubt []string
	for _, l := range j.Survival.Nodes {
		switch l.Stops {
		case cluster.Yes:
			byNode = append(byNode, fmt.Sprint(l.Node))
		case cluster.Unknown:
			doubt = append(doubt, fmt.Sprintf("node %d", l.Node))
		}
	}
	why := ""
	for _, l := range j.Survival.Hosts {
		switch l.Stops {
		case cluster.Yes:
			byHost = append(byHost, l.Host)
			why = l.Rule.Words()
		case cluster.Unknown:
			doubt = append(doubt, "host "+l.Host)
		}
	}
	switch {
	case len(byNode) > 0 && !lacking:
		j.find(Red, "the loss of any of the data nodes %s stops the cluster: %s", and(byNode), j.ruleOf(cluster.Yes))
	case len(byHost) > 0 && !lacking:
		j.find(Yellow, "the loss of %s stops the cluster: %s", hostWords(byHost), why)
	}
	if len(doubt) > 0 {
		j.find(Yellow, "what the loss of %s does is not known: %s", and(doubt), and(j.Survival.Unknown))
	}
}

func (j *Judgement) ruleOf(stops cluster.Truth) string {
	for _, l := range j.Survival.Nodes {
		if l.Stops == stops {
			return l.Rule.Words()
		}
	}
	return ""
}

func (j *Judgement) arbitration() {
	for _, t := range j.Arbitrator.Troubles {
		c := Yellow
		if t == TroubleSeveral || t == TroubleNone {
			c = Red
		}
		j.find(c, "%s", j.Arbitrator.Words[t])
	}
}

// others says which SQL nodes are away. Nodes that kagu.yaml does not know are free places.
func (j *Judgement) others(nodes []Node) {
	var away, doubt []string
	there := 0
	for _, n := range nodes {
		if n.Role != cluster.RoleSQL || n.Name == "" {
			continue
		}
		switch n.Up {
		case cluster.Yes:
			there++
		case cluster.No:
			away = append(away, n.Name)
		default:
			doubt = append(doubt, n.Name)
		}
	}
	switch {
	case len(away) > 0 && there == 0 && len(doubt) == 0:
		j.find(Red, "no SQL node is connected")
	case len(away) > 0:
		j.find(Yellow, "not connected: SQL node %s", and(away))
	}
	if len(doubt) > 0 && j.Survival.Serving == cluster.Yes {
		j.find(Yellow, "it cannot be told whether these SQL nodes are connected: %s", and(doubt))
	}
}

// servers says which management servers are away, cut off or of another mind.
func (j *Judgement) servers(v View) {
	generations := map[int]bool{}
	for _, s := range v.Servers {
		switch {
		case s.Error != "" && v.Answered():
			j.find(Yellow, "management server %s does not answer", s.Name)
		case s.Error == "" && v.blind(s):
			j.find(Yellow, "management server %s reaches no data node: it is cut off", s.Name)
		}
		if s.Generation > 0 {
			generations[s.Generation] = true
		}
	}
	if v.Answered() && v.Config == nil {
		j.find(Yellow, "no management server gives the configuration: they have not agreed on one, or refuse it")
	}
	if len(generations) > 1 {
		var all []string
		for _, g := range sortedKeys(generations) {
			all = append(all, fmt.Sprint(g))
		}
		j.find(Yellow, "the management servers serve different generations of the configuration: %s", and(all))
	}
}

// words says a state as people do.
func words(state string) string {
	if state == string(mgm.StateNoContact) {
		return "no contact"
	}
	return strings.ToLower(strings.ReplaceAll(cluster.Printable(state), "_", " "))
}

func number(n int) string {
	small := []string{"none", "one", "two", "three", "four"}
	if n >= 0 && n < len(small) {
		return small[n]
	}
	return fmt.Sprint(n)
}
