package metric

import "github.com/prometheus/client_golang/prometheus"

// The families every scrape of a Galera target carries about itself.
var (
	GaleraExporterCollectorSuccess = perTarget("galera_exporter_collector_success", gauge, []string{"collector"},
		"1 if the collector got all it asked for in this scrape, else 0 (own).",
		"own", "0: the exporter's log has the reason: a missing grant, a deadline, a server that is not operational.")
	GaleraExporterCollectorDurationSeconds = perTarget("galera_exporter_collector_duration_seconds", gauge, []string{"collector"},
		"Seconds the collector took in this scrape, or in its last run if its result is kept (own).",
		"own", "Near the scrape timeout: the server is slow to answer SHOW; look at its load and locks.")
	GaleraExporterLastSnapshotTimestampSeconds = perTarget("galera_exporter_last_snapshot_timestamp_seconds", gauge, []string{"collector"},
		"Unix time of the result of a collector that is too slow for every scrape and whose result is kept (own).",
		"own", "Older than the time after which such a collector runs again (docs/galera_exporter.md): it fails since then, and the exporter's log says why.")
)

var exporterTarget = []string{Job, Instance}

// The families of galera_exporter about itself, on /metrics only.
var (
	GaleraExporterTargets = exporter("galera_exporter_targets", gauge, nil,
		"Galera nodes of kagu.yaml that /probe accepts and /sd lists (own).",
		"Not what you expect: kagu.yaml on this host is not the one you edited, or a reload failed.")
	GaleraExporterScrapesSharedTotal = exporter("galera_exporter_scrapes_shared_total", counter, nil,
		"Scrapes that came while another scrape of the same target ran and were given its result (own).",
		"Rising: two Prometheus servers scrape at once, which is fine, or a target is slower than its interval.")
	GaleraExporterConfigLastReloadSuccessful = exporter("galera_exporter_config_last_reload_successful", gauge, nil,
		"1 if the last load of kagu.yaml worked, 0 if it failed and the one before is still used (own).",
		"0: `kagu check` says what is wrong with the file.")
	GaleraExporterConfigLastReloadSuccessTimestampSeconds = exporter("galera_exporter_config_last_reload_success_timestamp_seconds", gauge, nil,
		"Unix time of the last load of kagu.yaml that worked (own).",
		"Older than your last edit: send SIGHUP or POST /-/reload.")
	GaleraExporterBuildInfo = exporter("galera_exporter_build_info", gauge,
		[]string{"branch", "goarch", "goos", "goversion", "revision", "tags", "version"},
		"Always 1; the labels say which build of galera_exporter runs (own).",
		"Different between hosts for long: finish the upgrade.")
)

// GaleraExporter lists the families of galera_exporter about its own work.
func GaleraExporter() []*Family {
	return []*Family{
		GaleraExporterCollectorSuccess, GaleraExporterCollectorDurationSeconds, GaleraExporterLastSnapshotTimestampSeconds,
		GaleraExporterTargets, GaleraExporterScrapesSharedTotal,
		GaleraExporterConfigLastReloadSuccessful, GaleraExporterConfigLastReloadSuccessTimestampSeconds,
		GaleraExporterBuildInfo,
	}
}

func exporter(name string, kind prometheus.ValueType, labels []string, help, moves string) *Family {
	return Family{
		Name: name, Type: kind, Help: help, Labels: labels, Target: exporterTarget,
		Source: "own", Cost: Own, Moves: moves,
	}.declare()
}

func perTarget(name string, kind prometheus.ValueType, labels []string, help, source, moves string) *Family {
	return Family{
		Name: name, Type: kind, Help: help, Labels: labels, Target: galeraTarget,
		Source: source, Cost: Own, Moves: moves,
	}.declare()
}
