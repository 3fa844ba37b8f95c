package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// galeraWatching is about those who watch.
func galeraWatching() []Rule {
	return []Rule{
		{ // true now, and over with the first good scrape: it mutes what is said of the node
			Name:     "GaleraExporterDown",
			Expr:     expr(`up{job=~"%s"} == 0`, exporterJobs),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "No metrics for {{ $labels.instance }}: its state is unknown",
			Description: "Prometheus cannot scrape the exporter. " +
				"The database may be well: nothing is done to it because of this alert.",
		},
		{ // more than two changes: one outage that is over is none; longer without a good scrape is GaleraExporterDown's
			Name: "GaleraExporterUnsteady",
			Expr: expr(`avg_over_time(up{job=~"%[1]s"}[10m]) < 0.8
and changes(up{job=~"%[1]s"}[10m]) > 2
and max_over_time(up{job=~"%[1]s"}[2m]) == 1`, exporterJobs),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "Metrics of {{ $labels.instance }} come and go: {{ $value | humanizePercentage }} of the scrapes succeed",
			Description: "More than one scrape in five failed within ten minutes, again and again. " +
				"What is shown is true, but alerts that must hold for a while come late or never.",
		},
		{
			Name:     "GaleraCollectorFailing",
			Expr:     expr(`%s == 0 and on (job, cluster, node, instance) %s == 1`, metric.GaleraExporterCollectorSuccess, metric.GaleraUp),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "Collector {{ $labels.collector }} fails on {{ $labels.node }} of {{ $labels.cluster }}",
			Description: "The server answers, but one part of its metrics cannot be read. " +
				"The exporter's log names the reason, most often a missing privilege.",
		},
		{
			Name:     "GaleraNodeUnwatched",
			Expr:     expr(`%s unless on (cluster, node) up{job="%s"}`, metric.GaleraNodeExpected, JobGalera),
			For:      2 * time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} is in kagu.yaml, but nobody scrapes it",
			Description: "Prometheus has no target for the node, so no other alert can see it. " +
				"The exporter has not read the current kagu.yaml, or Prometheus cannot ask it for targets.",
		},
		{
			Name:     "GaleraMetricsAbsent",
			Expr:     expr(`absent(%s)`, metric.GaleraUp),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeExporter,
			Summary:  "No Galera node is being watched at all",
			Description: "Not one server's state reaches Prometheus: the exporter, its targets or the way to it are gone. " +
				"All other Galera alerts are blind until it is back.",
		},
		{
			Name:     "GaleraExporterConfigStale",
			Expr:     expr(`%s == 0`, metric.GaleraExporterConfigLastReloadSuccessful),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeExporter,
			Summary:  "The exporter at {{ $labels.instance }} runs with an old kagu.yaml: the new one does not load",
			Description: "It goes on with the configuration before. " +
				"Members that were added since are not watched, and those that were removed still are.",
		},
		{
			Name: "GaleraCertificateExpires",
			Expr: expr(`%s - time() < 14 * 86400`,
				metric.GaleraTLSCertificateExpiryTimestampSeconds),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "The certificate of {{ $labels.node }} of {{ $labels.cluster }} ends in {{ $value | humanizeDuration }}",
			Description: "After that clients that verify are refused, the exporter among them, and then the node looks down. " +
				"Connections that exist go on.",
		},
		{ // by one exporter's values, and only as far as they can be wrong
			Name: "GaleraClocksApart",
			Expr: expr(`max by (job, cluster) (%[1]s - on (job, cluster, node, instance) %[2]s)
- on (job, cluster) min by (job, cluster) (%[1]s + on (job, cluster, node, instance) %[2]s) > 1`,
				metric.GaleraServerClockOffsetSeconds, metric.GaleraServerClockOffsetErrorSeconds),
			For:      10 * time.Minute,
			Severity: Warning,
			Scope:    ScopeCluster,
			Summary:  "{{ $labels.cluster }}: the members' clocks are at least {{ $value | humanizeDuration }} apart",
			Description: "Time stamps of rows depend on who took the write, and logs of the members cannot be laid side by side. " +
				"The time service of a host does not run.",
		},
	}
}
