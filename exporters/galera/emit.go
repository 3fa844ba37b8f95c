package galera

import (
	"hash/fnv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/metric"
	"github.com/kagu-db/kagu/internal/wsrep"
)

// An emitter leaves out what is absent.
type emitter func(prometheus.Metric)

func (e emitter) number(f *metric.Family, n wsrep.Int, labels ...string) {
	if n.Known {
		e(f.Sample(float64(n.Value), labels...))
	}
}

func (e emitter) real(f *metric.Family, n wsrep.Real, labels ...string) {
	if n.Known {
		e(f.Sample(n.Value, labels...))
	}
}

func (e emitter) truth(f *metric.Family, t cluster.Truth, labels ...string) {
	switch t {
	case cluster.Yes:
		e(f.Sample(1, labels...))
	case cluster.No:
		e(f.Sample(0, labels...))
	}
}

func (e emitter) states(f *metric.Family, current string) {
	if current != "" {
		f.StateSet(e, current)
	}
}

func (e emitter) info(f *metric.Family, labels ...string) {
	e(f.Sample(1, labels...))
}

// fingerprint returns 52 bits of a hash of the parts, which a metric's value holds exactly.
func fingerprint(parts ...string) float64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p)) // a hash never fails
		_, _ = h.Write([]byte{0})
	}
	return float64(h.Sum64() >> 12)
}
