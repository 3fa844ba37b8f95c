package metric

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// The families every scrape of an NDB cluster carries about itself.
var (
	NdbExporterCollectorSuccess = perCluster("ndb_exporter_collector_success", gauge, []string{"collector"},
		"1 if the collector got all it asked for in this scrape, else 0 (own).",
		"0: the exporter's log has the reason: a server that does not answer, a missing grant, a deadline.")
	NdbExporterCollectorDurationSeconds = perCluster("ndb_exporter_collector_duration_seconds", gauge, []string{"collector"},
		"Seconds the collector took in this scrape, or in its last run if its result is kept (own).",
		"Near the scrape timeout: a server or a data node is slow to answer.")
	NdbExporterLastSnapshotTimestampSeconds = perCluster("ndb_exporter_last_snapshot_timestamp_seconds", gauge, []string{"collector"},
		"Unix time of the result of a collector that is too slow for every scrape and whose result is kept (own).",
		"Older than the time after which such a collector runs again (docs/ndb_exporter.md): it fails since then, and the exporter's log says why.")
)

// The families of ndb_exporter about itself, on /metrics only.
var (
	NdbExporterTargets = exporter("ndb_exporter_targets", gauge, nil,
		"NDB clusters of kagu.yaml that /probe accepts and /sd lists (own).",
		"Not what you expect: kagu.yaml on this host is not the one you edited, or a reload failed.")
	NdbExporterScrapesSharedTotal = exporter("ndb_exporter_scrapes_shared_total", counter, nil,
		"Scrapes that came while another scrape of the same target ran and were given its result (own).",
		"Rising: two Prometheus servers scrape at once, which is fine, or a target is slower than its interval.")
	NdbExporterConfigLastReloadSuccessful = exporter("ndb_exporter_config_last_reload_successful", gauge, nil,
		"1 if the last load of kagu.yaml worked, 0 if it failed and the one before is still used (own).",
		"0: `kagu check` says what is wrong with the file.")
	NdbExporterConfigLastReloadSuccessTimestampSeconds = exporter("ndb_exporter_config_last_reload_success_timestamp_seconds", gauge, nil,
		"Unix time of the last load of kagu.yaml that worked (own).",
		"Older than your last edit: send SIGHUP or POST /-/reload.")
	NdbExporterBuildInfo = exporter("ndb_exporter_build_info", gauge,
		[]string{"branch", "goarch", "goos", "goversion", "revision", "tags", "version"},
		"Always 1; the labels say which build of ndb_exporter runs (own).",
		"Different between hosts for long: finish the upgrade.")
)

// Ndb lists the families about NDB clusters.
func Ndb() []*Family { return slices.Concat(ndbManagement, ndbEvents, ndbJudgement, NdbSQL()) }

// NdbExporter lists the families of ndb_exporter about its own work.
func NdbExporter() []*Family {
	return []*Family{
		NdbExporterCollectorSuccess, NdbExporterCollectorDurationSeconds, NdbExporterLastSnapshotTimestampSeconds,
		NdbExporterTargets, NdbExporterScrapesSharedTotal,
		NdbExporterConfigLastReloadSuccessful, NdbExporterConfigLastReloadSuccessTimestampSeconds,
		NdbExporterBuildInfo,
	}
}

func perCluster(name string, kind prometheus.ValueType, labels []string, help, moves string) *Family {
	return Family{
		Name: name, Type: kind, Help: help, Labels: labels, Target: ndbSQLTarget,
		Source: "own", Cost: Own, Moves: moves,
	}.declare()
}
