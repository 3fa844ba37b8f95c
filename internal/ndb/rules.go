package ndb

// A Rule is why a set of data nodes goes on or stops after a failure. The words are those of
// NDB's own events.
type Rule string

// The rules, in the order in which they are tried.
const (
	RuleLoseGroups      Rule = "LoseGroups"      // a node group has no survivor: its data is gone
	RuleNoArbitration   Rule = "NoArbitration"   // Arbitration=Disabled: nobody asks anybody
	RuleWinGroups       Rule = "WinGroups"       // a node group lost nobody: no other set can be complete
	RuleWinNodes        Rule = "WinNodes"        // more than half of those that ran are left
	RuleLoseNodes       Rule = "LoseNodes"       // less than half are left
	RuleWinChoose       Rule = "WinChoose"       // exactly half, and the arbitrator says yes
	RuleLoseNorun       Rule = "LoseNorun"       // exactly half, and no arbitrator is there to be asked
	RuleLoseNocfg       Rule = "LoseNocfg"       // exactly half, and no node is configured to arbitrate
	RuleWinWaitExternal Rule = "WinWaitExternal" // exactly half; nobody forbade it within ArbitrationTimeout
)

// Survives reports whether the cluster goes on by the rule.
func (r Rule) Survives() bool {
	switch r {
	case RuleNoArbitration, RuleWinGroups, RuleWinNodes, RuleWinChoose, RuleWinWaitExternal:
		return true
	}
	return false
}

// Words says the rule in a sentence's end: "the cluster stops: …".
func (r Rule) Words() string {
	switch r {
	case RuleLoseGroups:
		return "a node group would have no node left"
	case RuleNoArbitration:
		return "arbitration is disabled, nobody is asked"
	case RuleWinGroups:
		return "a node group keeps all its nodes"
	case RuleWinNodes:
		return "more than half of the running nodes are left"
	case RuleLoseNodes:
		return "less than half of the running nodes would be left"
	case RuleWinChoose:
		return "half of the running nodes are left and the arbitrator agrees"
	case RuleLoseNorun:
		return "half of the running nodes would be left and no arbitrator could be asked"
	case RuleLoseNocfg:
		return "half of the running nodes would be left and no arbitrator is configured"
	case RuleWinWaitExternal:
		return "half of the running nodes are left and nothing outside forbids it"
	}
	return string(r)
}

// Method is the parameter Arbitration of the data nodes.
type Method string

// The methods of arbitration.
const (
	MethodUnknown  Method = ""
	MethodDefault  Method = "Default"
	MethodDisabled Method = "Disabled"
	MethodExternal Method = "WaitExternal"
)

// tie says who may decide when exactly half is left.
type tie int

const (
	tieNobody tie = iota // no node is configured to
	tieAbsent            // there are candidates, and none of them arbitrates
	tieAsked             // an arbitrator is there
)

// A tally counts data nodes by the index of their group; those in no group come last.
type tally []int

func (t tally) sum() int {
	n := 0
	for _, k := range t {
		n += k
	}
	return n
}

// decide applies the rules when lost of the running nodes fail at one moment. Groups are whole
// when they lose nobody of those who ran: a group that was down to one node is whole while that
// node runs, which NDB counts since 8.0. The last entry of both counts nodes in no group.
func decide(running, lost tally, method Method, who tie) Rule {
	groups := len(running) - 1
	whole := false
	for g := range groups {
		if running[g] == lost[g] {
			return RuleLoseGroups
		}
		whole = whole || lost[g] == 0
	}
	if method == MethodDisabled {
		return RuleNoArbitration
	}
	before := running.sum()
	left := before - lost.sum()
	switch {
	case whole:
		return RuleWinGroups
	case 2*left > before:
		return RuleWinNodes
	case 2*left < before:
		return RuleLoseNodes
	case method == MethodExternal:
		return RuleWinWaitExternal
	case who == tieAsked:
		return RuleWinChoose
	case who == tieAbsent:
		return RuleLoseNorun
	default:
		return RuleLoseNocfg
	}
}
