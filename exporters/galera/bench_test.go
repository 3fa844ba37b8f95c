package galera

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
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

// mute answers nothing until the wait is over.
type mute struct {
	kept
	asked chan<- struct{}
	over  <-chan struct{}
}

func (m mute) Pairs(context.Context, string) (map[string]string, error) {
	m.asked <- struct{}{}
	<-m.over
	return nil, context.DeadlineExceeded
}

// proberOf serves one target c/n.
func proberOf(b *testing.B, db querier) *exporters.Prober {
	b.Helper()
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
	return &exporters.Prober{
		Fleet: fleet, Log: promslog.NewNopLogger(), Shared: prometheus.NewCounter(prometheus.CounterOpts{Name: "shared"}),
		Self: exporters.Self{Success: metric.GaleraExporterCollectorSuccess, Duration: metric.GaleraExporterCollectorDurationSeconds},
	}
}

// BenchmarkSilent is a scrape of a server that does not answer, as it weighs on the others of the process: the
// goroutines that wait for it, and the stacks that each collection of garbage meanwhile looks through.
func BenchmarkSilent(b *testing.B) {
	asked, over := make(chan struct{}), make(chan struct{})
	p := proberOf(b, mute{asked: asked, over: over})
	scan := []metrics.Sample{{Name: "/gc/scan/stack:bytes"}}
	weigh := func() (goroutines int, stacks uint64) {
		runtime.GC()
		metrics.Read(scan)
		return runtime.NumGoroutine(), scan[0].Value.Uint64()
	}
	b.ReportAllocs()
	var goroutines int
	var stacks uint64
	for b.Loop() {
		alone, aloneStacks := weigh()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/probe?target=c/n", nil))
		}()
		<-asked
		waiting, waitingStacks := weigh()
		goroutines, stacks = goroutines+waiting-alone, stacks+waitingStacks-aloneStacks
		over <- struct{}{}
		<-ended
	}
	b.ReportMetric(float64(goroutines)/float64(b.N), "goroutines")
	b.ReportMetric(float64(stacks)/float64(b.N), "stack-B")
}

// BenchmarkScrape is one /probe without the database, as Prometheus asks for it: parse, collect, write, compress.
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
	p := proberOf(b, db)
	b.ReportAllocs()
	length := 0
	for b.Loop() {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/probe?target=c/n", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		p.ServeHTTP(w, r)
		length = w.Body.Len()
	}
	b.ReportMetric(float64(length), "page-B")
}
