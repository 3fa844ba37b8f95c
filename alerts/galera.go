package alerts

import "github.com/kagu-db/kagu/internal/metric"

// The jobs of the scrape configuration that Prometheus writes.
const (
	JobGalera     = "galera"          // one target a database server
	JobExporter   = "galera_exporter" // the exporter itself
	JobRemediator = "remediator"
	JobBackupd    = "backupd"
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
		{Name: "galera.redundancy", Recordings: galeraRedundancyRecordings(), Rules: galeraRedundancy()},
		{Name: "galera.replication", Recordings: galeraReplicationRecordings(), Rules: galeraReplication()},
		{Name: "galera.async", Rules: galeraAsync()},
		{Name: "galera.locks", Rules: galeraLocks()},
		{Name: "galera.workload", Rules: galeraWorkload()},
		{Name: "galera.settings", Rules: galeraSettings()},
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
