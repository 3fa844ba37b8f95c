package bench

import (
	"fmt"
	"slices"
	"time"
)

// A row is one measured figure beside what is wanted of it.
type row struct {
	what   string
	values []time.Duration
	pick   float64 // the quantile the target is about
	target time.Duration
}

func (r row) print() {
	if len(r.values) == 0 {
		fmt.Printf("%-62s nothing was measured\n", r.what)
		return
	}
	verdict := ""
	if r.target > 0 {
		reached := "reached"
		if quantile(r.values, r.pick) > r.target {
			reached = "NOT reached"
		}
		verdict = fmt.Sprintf("  p%g ≤ %s: %s", r.pick*100, r.target, reached)
	}
	fmt.Printf("%-62s n=%-5d median %-8s p99 %-8s spread %s to %s%s\n", r.what, len(r.values),
		short(quantile(r.values, 0.5)), short(quantile(r.values, 0.99)),
		short(quantile(r.values, 0)), short(quantile(r.values, 1)), verdict)
}

// quantile returns the value at least the share q of all values is not above: of few values
// the 99th percentile is the largest.
func quantile(values []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	i := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[max(0, min(i, len(sorted)-1))]
}

func short(d time.Duration) string {
	if d < 100*time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// A ratio is one figure of ours beside the same of a peer's, round by round.
type ratio struct {
	what         string
	ours, theirs []float64 // as many of both
	unit         string
	target       float64   // of the medians' ratio, which is to be no larger; 0 for none
	least        float64   // the same, which is to be no smaller
	names        [2]string // of the sides; empty for ours and theirs
}

func (r ratio) print() {
	each := make([]float64, len(r.ours))
	for i := range each {
		each[i] = r.ours[i] / r.theirs[i]
	}
	median := middle(r.ours) / middle(r.theirs)
	verdict := ""
	if r.target > 0 {
		reached := "reached"
		if median > r.target {
			reached = "NOT reached"
		}
		verdict = fmt.Sprintf("  ≤ %g: %s", r.target, reached)
	}
	if r.least > 0 {
		reached := "reached"
		if median < r.least {
			reached = "NOT reached"
		}
		verdict = fmt.Sprintf("  ≥ %g: %s", r.least, reached)
	}
	if r.names[0] == "" {
		r.names = [2]string{"ours", "theirs"}
	}
	fmt.Printf("%-62s n=%-3d ratio %.3f (%.3f to %.3f)  %s %s, %s %s%s\n", r.what, len(each),
		median, slices.Min(each), slices.Max(each), r.names[0], r.span(r.ours), r.names[1], r.span(r.theirs), verdict)
}

func (r ratio) span(values []float64) string {
	return fmt.Sprintf("%.3g %s (%.3g to %.3g)", middle(values), r.unit, slices.Min(values), slices.Max(values))
}

func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[len(sorted)/2] + sorted[(len(sorted)-1)/2]) / 2
}

// A limit is one figure beside what it may be at most, if something is wanted of it.
type limit struct {
	what   string
	values []float64
	unit   string
	most   float64 // 0 for none
}

func (l limit) print() {
	if len(l.values) == 0 {
		fmt.Printf("%-62s nothing was measured\n", l.what)
		return
	}
	verdict := ""
	if l.most > 0 {
		reached := "reached"
		if middle(l.values) > l.most {
			reached = "NOT reached"
		}
		verdict = fmt.Sprintf("  ≤ %g: %s", l.most, reached)
	}
	fmt.Printf("%-62s n=%-5d median %.4g %s spread %.4g to %.4g%s\n", l.what, len(l.values),
		middle(l.values), l.unit, slices.Min(l.values), slices.Max(l.values), verdict)
}
