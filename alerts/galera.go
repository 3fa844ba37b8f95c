package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// The jobs of the scrape configuration that Prometheus writes.
const (
	JobGalera     = "galera"          // one target a database server
	JobExporter   = "galera_exporter" // the exporter itself
	JobRemediator = "remediator"
)

// exporterJobs selects what is scraped from galera_exporter.
const exporterJobs = JobGalera + "|" + JobExporter

// galera returns the rules about Galera clusters.
//
// A dead server leaves galera_up 0 and takes its other series along; a dead exporter takes
// galera_up too. So what can vanish is read with last_over_time: an alert that fired stays
// until something better is known, and at most ten minutes longer.
func galera() []Group {
	return []Group{
		{Name: "galera.availability", Recordings: galeraRecordings(), Rules: galeraAvailability()},
		{Name: "galera.watching", Rules: galeraWatching()},
	}
}

func galeraRecordings() []Recording {
	return []Recording{
		{Name: metric.GaleraNodesPrimary.Name, Expr: expr(
			`sum by (job, cluster) (%s{status="primary"}) or sum by (job, cluster) (%s * 0)`,
			metric.GaleraClusterStatus, metric.GaleraUp)},
		{Name: metric.GaleraNodesSynced.Name, Expr: expr(
			`sum by (job, cluster) (
  %s
  * on (job, cluster, node, instance) %s{status="primary"}
  * on (job, cluster, node, instance) (%s{state="synced"})
) or sum by (job, cluster) (%s * 0)`,
			metric.GaleraReady, metric.GaleraClusterStatus, metric.GaleraLocalState, metric.GaleraUp)},
	}
}

func galeraAvailability() []Rule {
	return []Rule{
		{
			Name:      "GaleraNodeDown",
			Expr:      expr(`last_over_time(%s[10m]) == 0`, metric.GaleraUp),
			For:       10 * time.Second,
			Severity:  Warning,
			Scope:     ScopeNode,
			Remediate: true,
			Summary:   "{{ $labels.node }} of {{ $labels.cluster }} does not answer SQL",
			Description: "The exporter runs, but the server does not answer. " +
				"It may be dead, frozen, cut off, or receiving a full copy of the data. The remediator looks at once.",
		},
		{
			Name:      "GaleraNoPrimary",
			Expr:      expr(`last_over_time(%s[10m]) == 0`, metric.GaleraNodesPrimary),
			For:       10 * time.Second,
			Severity:  Critical,
			Scope:     ScopeCluster,
			Remediate: true,
			Summary:   "{{ $labels.cluster }} has no primary component: nobody can write",
			Description: "No member that can be seen belongs to a primary component. " +
				"The remediator looks and explains; it never bootstraps a cluster without a human.",
		},
		{
			Name:     "GaleraNodeNotPrimary",
			Expr:     expr(`%s{status="primary"} == 0`, metric.GaleraClusterStatus),
			For:      30 * time.Second,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} runs outside the primary component",
			Description: "The server answers but refuses reads and writes, because it lost the majority of its cluster. " +
				"Most often the network between the members is cut.",
		},
		{
			Name: "GaleraNodeNotSynced",
			Expr: expr(`sum by (job, cluster, node, instance) (%s{state=~"synced|donor"}) == 0`,
				metric.GaleraLocalState),
			For:      5 * time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} answers but is neither synced nor donor",
			Description: "The node has been joining, catching up or in error for five minutes. " +
				"It serves no current data and does not count as redundancy.",
		},
		{
			Name:     "GaleraNodeFlapping",
			Expr:     expr(`changes(%s[15m]) >= 4`, metric.GaleraUp),
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }} came and went {{ $value }} times in 15 minutes",
			Description: "A server that dies soon after each start is not healed by another start. " +
				"Its error log says why.",
		},
	}
}

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
	}
}
