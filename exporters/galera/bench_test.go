package galera

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/exporters"
	"github.com/kagu-db/kagu/internal/metric"
)

// kept answers as recorded does, without reading files.
type kept map[string]map[string]string

func (k kept) Pairs(_ context.Context, query string) (map[string]string, error) { return k[query], nil }

func (k kept) Table(ctx context.Context, query string) ([]map[string]string, error) {
	return recorded{"mariadb-10.11"}.Table(ctx, query)
}

// BenchmarkScrape is one /probe without the database: parse, collect, write.
func BenchmarkScrape(b *testing.B) {
	db := kept{}
	for _, query := range []string{workloadQuery, variablesQuery, viewQuery, streamingQuery, latencyQuery} {
		pairs, err := recorded{"mariadb-10.11"}.Pairs(b.Context(), query)
		if err != nil {
			b.Fatal(err)
		}
		db[query] = pairs
	}
	db[clockQuery] = map[string]string{"utc": "2026-11-23 22:31:49.123456"}
	fleet, err := exporters.NewFleet(func() ([]*exporters.Target, error) {
		return []*exporters.Target{{Name: "c/n", Look: target{db: db, shown: nothing, expected: 3}.look}}, nil
	}, exporters.FleetFamilies{
		Targets:  metric.GaleraExporterTargets,
		ReloadOK: metric.GaleraExporterConfigLastReloadSuccessful,
		ReloadAt: metric.GaleraExporterConfigLastReloadSuccessTimestampSeconds,
	}, prometheus.NewRegistry(), promslog.NewNopLogger())
	if err != nil {
		b.Fatal(err)
	}
	p := &exporters.Prober{
		Fleet: fleet, Log: promslog.NewNopLogger(), Shared: prometheus.NewCounter(prometheus.CounterOpts{Name: "shared"}),
		Self: exporters.Self{Success: metric.GaleraExporterCollectorSuccess, Duration: metric.GaleraExporterCollectorDurationSeconds},
	}
	b.ReportAllocs()
	for b.Loop() {
		p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/probe?target=c/n", nil))
	}
}
