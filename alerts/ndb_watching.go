package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// ndbWatching is about those who watch.
func ndbWatching() []Rule {
	return []Rule{
		{
			Name:     "NdbExporterDown",
			Expr:     expr(`up{job=~"%s"} == 0`, ndbJobs),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "No NDB metrics for {{ $labels.instance }}: its state is unknown",
			Description: "Prometheus cannot scrape the exporter. " +
				"The cluster may be well.",
		},
		{
			Name:     "NdbCollectorFailing",
			Expr:     expr(`%s == 0 and on (job, cluster) %s == 1`, metric.NdbExporterCollectorSuccess, metric.NdbUp),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "Collector {{ $labels.collector }} fails on {{ $labels.cluster }}",
			Description: "The cluster answers, but one part of its metrics cannot be read. " +
				"The exporter's log names the reason, most often a missing grant or an SQL node that is down.",
		},
		{
			Name:     "NdbEventStreamSilent",
			Expr:     expr(`%[1]s == 0 or time() - %[2]s > 30`, metric.NdbEventStreamUp, metric.NdbEventStreamLastSignTimestampSeconds),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "{{ $labels.cluster }}: no management server sends events",
			Description: "Stalls, heartbeats and backups are known from events only. " +
				"The state of nodes is still seen.",
		},
		{
			Name:     "NdbNdbinfoSilent",
			Expr:     expr(`%s{state="serving"} == 0`, metric.NdbNdbinfoState),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "{{ $labels.cluster }}: ndbinfo tells nothing, so memory, redo and arbitration are not watched",
			Description: "No SQL node gives the exporter ndbinfo. " +
				"Alerts about what is inside the data nodes are blind until it is back.",
		},
		{
			Name:     "NdbClusterUnwatched",
			Expr:     expr(`%s unless on (cluster) up{job="%s"}`, metric.NdbClusterExpected, JobNDB),
			For:      2 * time.Minute,
			Severity: Critical,
			Scope:    ScopeExporter,
			Summary:  "{{ $labels.cluster }} is in kagu.yaml, but nobody scrapes it",
			Description: "Prometheus has no target for the cluster, so no other NDB alert can see it. " +
				"ndb_exporter does not run, has not read the current kagu.yaml, or Prometheus cannot ask it for targets.",
		},
		{
			Name:     "NdbMetricsAbsent",
			Expr:     expr(`absent(%s)`, metric.NdbUp),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeExporter,
			Summary:  "No NDB cluster is being watched at all",
			Description: "Not one cluster's state reaches Prometheus: the exporter, its targets or the way to it are gone. " +
				"All other NDB alerts are blind until it is back.",
		},
	}
}
