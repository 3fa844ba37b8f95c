package backupd

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/metric"
)

// refreshEvery is how often what the metrics tell is read from the catalogue and the stores, so that
// a scrape waits for neither.
const refreshEvery = 15 * time.Second

// Metrics is what backupd tells of itself. The families are declared in internal/metric.
type Metrics struct {
	runs, failures, logErrors, missed *prometheus.CounterVec
	read, written                     *prometheus.CounterVec
	hints                             *prometheus.CounterVec
	configReload                      *prometheus.GaugeVec

	mu    sync.Mutex
	state []prometheus.Metric // as of the last refresh

	asking sync.Map // stores that owe an answer, by name
}

// NewMetrics makes the vectors and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		runs: metric.BackupdRuns.CounterVec(), failures: metric.BackupdFailures.CounterVec(),
		logErrors: metric.BackupdLogErrors.CounterVec(), missed: metric.BackupdMissed.CounterVec(),
		read: metric.BackupdReadTotal.CounterVec(), written: metric.BackupdWrittenTotal.CounterVec(),
		hints:        metric.BackupdHints.CounterVec(),
		configReload: metric.BackupdConfigReload.GaugeVec(),
	}
	r.MustRegister(m.runs, m.failures, m.logErrors, m.missed, m.read, m.written, m.hints, m.configReload, m)
	m.configReload.WithLabelValues().Set(1)
	return m
}

// Describe and Collect make Metrics a collector of what the catalogue and the stores say.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, f := range []*metric.Family{
		metric.BackupdNewest, metric.BackupdNewestMaxAge, metric.BackupdProven, metric.BackupdProof, metric.BackupdProofMaxAge,
		metric.BackupdRestoreSeconds, metric.BackupdPlainBytes, metric.BackupdStoredBytes, metric.BackupdSeconds, metric.BackupdBackups,
		metric.BackupdLogs, metric.BackupdLastFailed, metric.BackupdRunning, metric.BackupdRunBytes, metric.BackupdStoreUp,
		metric.BackupdStoreFree, metric.BackupdStoreRound, metric.BackupdStoreHeld, metric.BackupdDebt, metric.BackupdPruned,
		metric.BackupdNext, metric.BackupdWaiting,
	} {
		to <- f.Desc()
	}
}

// Collect gives what the last refresh found.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.state {
		to <- one
	}
}

// Ended counts a run.
func (m *Metrics) Ended(r Run, o Outcome) {
	outcome := "good"
	if o.Err != nil || r.Error != "" {
		outcome = "failed"
		m.failures.WithLabelValues(r.Cluster, string(r.What), r.Stage).Inc()
	}
	m.runs.WithLabelValues(r.Cluster, string(r.What), outcome).Inc()
	m.read.WithLabelValues(r.Cluster).Add(float64(r.Plain))
	m.written.WithLabelValues(r.Cluster).Add(float64(r.Stored))
}

// Missed counts a job that did not begin within its window.
func (m *Metrics) Missed(s Slot) { m.missed.WithLabelValues(s.Cluster, s.Job).Inc() }

// ArchiveFailed counts that an archive of binary logs stopped.
func (m *Metrics) ArchiveFailed(cluster string) { m.logErrors.WithLabelValues(cluster).Inc() }

// Hinted counts an alert by what became of it.
func (m *Metrics) Hinted(outcome string) { m.hints.WithLabelValues(outcome).Inc() }

// Reloaded records whether the last reload of kagu.yaml worked.
func (m *Metrics) Reloaded(ok bool) {
	value := 0.0
	if ok {
		value = 1
	}
	m.configReload.WithLabelValues().Set(value)
}

// Run refreshes the state until the context ends. What could not be read is absent until it can.
func (m *Metrics) Run(ctx context.Context, e *Engine, planned func() []Planned) error {
	for {
		m.seed(e.Fleet())
		state, err := m.refresh(ctx, e, planned())
		if err != nil && ctx.Err() == nil {
			e.Log.ErrorContext(ctx, "the metrics are incomplete", "err", err)
		}
		m.mu.Lock()
		m.state = state
		m.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(refreshEvery):
		}
	}
}

// seed lets counters that rules watch exist from the start, so that their first increase is seen.
func (m *Metrics) seed(f *inventory.Fleet) {
	for _, c := range f.Clusters {
		if c.Backup == nil {
			continue
		}
		for _, j := range c.Backup.Jobs {
			if Method(j.Method) == Binlog {
				m.logErrors.WithLabelValues(c.Name)
			}
		}
		for _, what := range []What{Taking, Proving, Pruning} {
			for _, outcome := range []string{"good", "failed"} {
				m.runs.WithLabelValues(c.Name, string(what), outcome)
			}
		}
	}
	for _, s := range Slots(f) {
		m.missed.WithLabelValues(s.Cluster, s.Job)
	}
}

// refresh gathers everything. Each source fails alone.
func (m *Metrics) refresh(ctx context.Context, e *Engine, planned []Planned) ([]prometheus.Metric, error) {
	ctx, cancel := context.WithTimeout(ctx, refreshEvery)
	defer cancel()
	var g gauges
	fleet := e.Fleet()
	g.policies(fleet, e.now())
	g.schedule(planned)
	g.running(e.Running())
	entries, err := e.Catalogue.Entries(ctx, "")
	logs, errLogs := e.Catalogue.Archived(ctx)
	errs := []error{err, errLogs}
	g.archived(logs)
	if err == nil {
		g.backups(entries)
	}
	if err == nil && errLogs == nil {
		g.stores(fleet, entries, logs)
	}
	debts, err := e.Catalogue.Debts(ctx)
	errs = append(errs, err)
	g.debts(debts)
	for _, c := range fleet.Clusters {
		if c.Backup == nil {
			continue
		}
		runs, err := e.Catalogue.Runs(ctx, c.Name, 500)
		errs = append(errs, err)
		g.runs(*c.Backup, runs)
	}
	errs = append(errs, g.space(ctx, e, fleet, &m.asking))
	return g.all, errors.Join(errs...)
}
