package wsrep

import (
	"slices"
	"time"
)

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

// QuorumMarginOf returns the same for members of different weights: how many may crash at the same
// moment if they are the heaviest. It is absent unless the weights of all members are known, or of
// all but one, whose weight is then what the others leave of the total.
func QuorumMarginOf(total, size Int, weights []int64) Int {
	missing := size.Value - int64(len(weights))
	if !total.Known || !size.Known || total.Value <= 0 || missing < 0 || missing > 1 {
		return Int{}
	}
	rest := total.Value
	for _, w := range weights {
		if w < 0 || w > rest { // one that is above what is left was said in another configuration
			return Int{}
		}
		rest -= w
	}
	if missing == 0 && rest != 0 {
		return Int{}
	}
	heaviest := slices.Clone(weights)
	if missing == 1 {
		heaviest = append(heaviest, rest)
	}
	slices.Sort(heaviest)
	margin, left := int64(0), total.Value
	for _, w := range slices.Backward(heaviest) {
		if left -= w; 2*left <= total.Value {
			break
		}
		margin++
	}
	return Int{Value: margin, Known: true}
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
