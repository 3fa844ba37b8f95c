package wsrep

import "time"

// QuorumMargin returns how many members, each of that weight, may crash at the same moment
// without the component losing its quorum: what survives must weigh more than half. It is
// absent unless all members can have that weight, since one node does not know the others'.
func QuorumMargin(total, size, own Int) Int {
	if !total.Known || !size.Known || !own.Known || own.Value <= 0 || size.Value <= 0 ||
		total.Value/own.Value != size.Value || total.Value%own.Value != 0 {
		return Int{}
	}
	return Int{Value: ((total.Value+1)/2 - 1) / own.Value, Known: true}
}

// FailureDetection returns how long writes stall when a member dies, at most, by the options
// that run: until the others suspect it, until they look, and until they have told each other.
// That is how three sets of options came out on real clusters; docs/galera_exporter.md has the
// figures.
func FailureDetection(o Options) (time.Duration, bool) {
	var sum time.Duration
	for _, name := range [...]string{"evs.suspect_timeout", "evs.inactive_check_period", "evs.join_retrans_period"} {
		d, ok := o.Duration(name)
		if !ok {
			return 0, false
		}
		sum += d
	}
	return sum, sum > 0
}
