package wsrep

import (
	"math"
	"strconv"
	"strings"
)

// Latency is the time from sending to safe delivery of this node's own messages over the last
// report period, in seconds. With no Samples the other figures mean nothing.
type Latency struct {
	Known                  bool
	Min, Mean, Max, Stddev float64
	Samples                int64
}

// ParseLatency reads "min/mean/max/stddev/count". Anything but five figures is absent.
func ParseLatency(text string) Latency {
	var l Latency
	fields := strings.Split(text, "/")
	if len(fields) != 5 {
		return Latency{}
	}
	for i, into := range []*float64{&l.Min, &l.Mean, &l.Max, &l.Stddev} {
		v, err := strconv.ParseFloat(strings.TrimSpace(fields[i]), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return Latency{}
		}
		*into = v
	}
	samples := ParseInt(strings.TrimSpace(fields[4]))
	if !samples.Known {
		return Latency{}
	}
	l.Known, l.Samples = true, samples.Value
	return l
}
