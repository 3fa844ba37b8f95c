package galera

import (
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

func (e emitter) truth(f *metric.Family, t cluster.Truth) {
	switch t {
	case cluster.Yes:
		e(f.Sample(1))
	case cluster.No:
		e(f.Sample(0))
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
