package remediator

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kagu-db/kagu/internal/metric"
)

// Metrics is what the remediator tells of itself. The families are declared in internal/metric.
type Metrics struct {
	hints, truncated                  *prometheus.CounterVec
	receive, look, decision, delay    *prometheus.HistogramVec
	looks, closed, vetoes, plans      *prometheus.CounterVec
	verbs, journalErrors, sent        *prometheus.CounterVec
	open, held, mode, maintenance     *prometheus.GaugeVec
	killSwitch, pending, configReload *prometheus.GaugeVec
}

// NewMetrics makes the vectors and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		hints: metric.RemediatorHints.CounterVec(), truncated: metric.RemediatorTruncated.CounterVec(),
		receive: metric.RemediatorReceiveSeconds.HistogramVec(), look: metric.RemediatorLookSeconds.HistogramVec(),
		decision: metric.RemediatorDecisionSeconds.HistogramVec(), delay: metric.RemediatorVerbDelaySeconds.HistogramVec(),
		looks: metric.RemediatorLooks.CounterVec(), closed: metric.RemediatorIncidents.CounterVec(),
		vetoes: metric.RemediatorVetoes.CounterVec(), plans: metric.RemediatorPlans.CounterVec(),
		verbs: metric.RemediatorVerbs.CounterVec(), journalErrors: metric.RemediatorJournalErrors.CounterVec(),
		sent: metric.RemediatorNotifications.CounterVec(), open: metric.RemediatorIncidentOpen.GaugeVec(),
		held: metric.RemediatorClusterHeld.GaugeVec(), mode: metric.RemediatorMode.GaugeVec(),
		maintenance: metric.RemediatorMaintenance.GaugeVec(), killSwitch: metric.RemediatorKillSwitch.GaugeVec(),
		pending: metric.RemediatorNotificationsPending.GaugeVec(), configReload: metric.RemediatorConfigReload.GaugeVec(),
	}
	r.MustRegister(m.hints, m.truncated, m.receive, m.look, m.decision, m.delay, m.looks, m.closed, m.vetoes, m.plans,
		m.verbs, m.journalErrors, m.sent, m.open, m.held, m.mode, m.maintenance, m.killSwitch, m.pending, m.configReload)
	// Counters that rules watch exist from the start, so that their first increase is seen.
	m.journalErrors.WithLabelValues()
	m.truncated.WithLabelValues()
	for _, outcome := range []string{hintStored, hintUnmarked, hintUnknownCluster, hintUnknownNode, hintMalformed, hintTooLarge, hintLost} {
		m.hints.WithLabelValues(outcome)
	}
	for _, outcome := range []string{"sent", "failed"} {
		m.sent.WithLabelValues(outcome)
	}
	m.pending.WithLabelValues().Set(0)
	m.configReload.WithLabelValues().Set(1)
	return m
}

// Reloaded records whether the last reload of kagu.yaml worked.
func (m *Metrics) Reloaded(ok bool) { m.configReload.WithLabelValues().Set(number(ok)) }

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
