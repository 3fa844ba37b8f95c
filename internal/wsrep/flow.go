package wsrep

import (
	"math"

	"github.com/kagu-db/kagu/internal/cluster"
)

// FlowControlLimits returns the receive queue at which a node of a component of that size asks
// for a pause (upper) and the one at which it lets go (lower). Unless there is a single writer,
// the limit grows with the square root of the members.
func FlowControlLimits(o Options, size Int) (lower, upper Int) {
	limit, factor := o.Int("gcs.fc_limit"), 1.0
	if f, ok := o.Float("gcs.fc_factor"); ok {
		factor = f
	}
	single := o.Bool("gcs.fc_single_primary")
	if single == cluster.Unknown {
		single = o.Bool("gcs.fc_master_slave") // its name before 26.4.10
	}
	if !limit.Known || !size.Known || size.Value == 0 {
		return Int{}, Int{}
	}
	grow := 1.0
	if single != cluster.Yes {
		grow = math.Sqrt(float64(size.Value))
	}
	high := math.Floor(float64(limit.Value)*grow + 0.5)
	low := math.Floor(high*factor + 0.5)
	if high > math.MaxInt32 || low < 0 || low > high {
		return Int{}, Int{} // not a setting a provider accepts
	}
	return Int{Value: int64(low), Known: true}, Int{Value: int64(high), Known: true}
}
