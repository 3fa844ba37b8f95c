package exporters

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// Fleet is the set of targets, as the configuration has it now.
type Fleet struct {
	load    func() ([]*Target, error)
	log     *slog.Logger
	current atomic.Pointer[map[string]*Target]

	reloading sync.Mutex
	ok        prometheus.Gauge
	at        prometheus.Gauge
	targets   prometheus.Gauge
}

// FleetFamilies names the families about the configuration.
type FleetFamilies struct{ Targets, ReloadOK, ReloadAt *metric.Family }

// NewFleet loads the targets for the first time; then an error is an error.
func NewFleet(load func() ([]*Target, error), families FleetFamilies, own prometheus.Registerer, log *slog.Logger) (*Fleet, error) {
	gauge := func(family *metric.Family) prometheus.Gauge {
		v := family.GaugeVec()
		own.MustRegister(v)
		return v.WithLabelValues()
	}
	f := &Fleet{load: load, log: log, targets: gauge(families.Targets), ok: gauge(families.ReloadOK), at: gauge(families.ReloadAt)}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reload reads the configuration again. If that fails, the targets stay what they were.
func (f *Fleet) Reload() error {
	f.reloading.Lock()
	defer f.reloading.Unlock()
	list, err := f.load()
	if err != nil {
		f.ok.Set(0)
		if f.current.Load() != nil {
			return fmt.Errorf("the running configuration is kept: %w", err)
		}
		return err
	}
	next := make(map[string]*Target, len(list))
	for _, t := range list {
		next[t.Name] = t
	}
	before := f.current.Swap(&next)
	f.ok.Set(1)
	f.at.Set(float64(time.Now().Unix()))
	f.targets.Set(float64(len(next)))
	if before != nil {
		f.log.Info("configuration reloaded", "targets", len(next))
		release(*before)
	}
	return nil
}

// Close releases all targets, after the scrapes that run.
func (f *Fleet) Close() { release(*f.current.Load()) }

func release(targets map[string]*Target) {
	var wg sync.WaitGroup
	for _, t := range targets {
		wg.Go(t.close)
	}
	wg.Wait()
}

// errUnknownTarget says that the configuration has no such target.
var errUnknownTarget = errors.New("unknown target")

func (f *Fleet) target(name string) (*Target, error) {
	if t, ok := (*f.current.Load())[name]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("%w %q: kagu.yaml has no such target; /sd lists those it has", errUnknownTarget, name)
}
