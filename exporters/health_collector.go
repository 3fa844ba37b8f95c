package exporters

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// healthCollector tells what proxies are told about a target. Only a target that proxies ask
// about has it.
type healthCollector struct{ watch *watch }

// Name returns "health".
func (healthCollector) Name() string { return "health" }

// Collect emits the answers as they would be given now. It asks nobody.
func (c healthCollector) Collect(_ context.Context, emit func(prometheus.Metric)) error {
	w, f := c.watch, c.watch.settings.Families
	emit(f.Looks.Sample(float64(w.looks.Load())))
	emit(f.Late.Sample(float64(w.late.Load())))
	s := w.state.Load()
	if s == nil {
		return nil
	}
	age := time.Since(s.at)
	emit(f.Age.Sample(age.Seconds()))
	emit(f.LookSeconds.Sample(s.took.Seconds()))
	for k, name := range kinds {
		ok := 0.0
		if s.said.Of[k].OK && age <= w.settings.MaxAge {
			ok = 1
		}
		emit(f.Health.Sample(ok, name))
		emit(f.Transitions.Sample(float64(w.transitions[k][0].Load()), name, "down"))
		emit(f.Transitions.Sample(float64(w.transitions[k][1].Load()), name, "up"))
	}
	return nil
}

// attended adds the collector about health if proxies ask about the target, unless the scrape
// names the collectors that it wants.
func (t *Target) attended(asked []string, collectors []Collector) []Collector {
	if w := t.ward.watch.Load(); w != nil && len(asked) == 0 {
		select {
		case <-w.ended:
		default:
			return append(collectors, healthCollector{w})
		}
	}
	return collectors
}
