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
