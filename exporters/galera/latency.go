package galera

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// latency is the collector of the histogram that a plugin of the server keeps of all statements.
type latency struct{ look *look }

// latencyQuery has a row for each bucket: its upper bound, how many were in it, their seconds.
const latencyQuery = `SELECT TIME, CONCAT(COUNT, ' ', TOTAL) FROM information_schema.QUERY_RESPONSE_TIME`

// Name returns "latency".
func (latency) Name() string { return "latency" }

// Collect emits the histogram if the server keeps one, which its variables tell.
func (c latency) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	vars, err := c.look.readVariables(ctx)
	if err != nil {
		return err
	}
	if wsrep.ParseBool(vars["query_response_time_stats"]) != cluster.Yes {
		return nil
	}
	rows, err := c.look.db.Pairs(ctx, latencyQuery)
	if err != nil {
		return err
	}
	count, sum, buckets := distribution(rows)
	emit(metric.GaleraQueryDurationSeconds.Distribution(count, sum, buckets))
	return nil
}

// distribution adds the buckets up. The row without a bound holds what took longer than the
// last one, and the server tells no seconds for it. The seconds are added in the same order
// each time: in a map's order the sum's last digit would wander, and a sum that goes down is a
// restart of the server to Prometheus.
func distribution(rows map[string]string) (count uint64, sum float64, buckets []metric.Bucket) {
	var beyond uint64
	for _, bound := range slices.Sorted(maps.Keys(rows)) {
		fields := strings.Fields(rows[bound])
		if len(fields) < 2 {
			continue
		}
		n := wsrep.ParseInt(fields[0])
		if !n.Known {
			continue
		}
		sum += wsrep.ParseReal(fields[1]).Value
		if at := wsrep.ParseReal(strings.TrimSpace(bound)); at.Known {
			buckets = append(buckets, metric.Bucket{Bound: at.Value, Count: uint64(n.Value)})
		} else {
			beyond += uint64(n.Value)
		}
	}
	slices.SortFunc(buckets, func(a, b metric.Bucket) int {
		if a.Bound < b.Bound {
			return -1
		}
		return 1
	})
	for i := range buckets {
		count += buckets[i].Count
		buckets[i].Count = count
	}
	return count + beyond, sum, buckets
}
