package exporters

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/internal/metric"
)

// a source is a collector made of a function.
type source struct {
	name    string
	collect func(ctx context.Context, emit func(prometheus.Metric)) error
}

func (s source) Name() string { return s.name }

func (s source) Collect(ctx context.Context, emit func(prometheus.Metric)) error {
	return s.collect(ctx, emit)
}

func good(context.Context, func(prometheus.Metric)) error { return nil }

func silent(ctx context.Context, _ func(prometheus.Metric)) error { <-ctx.Done(); return ctx.Err() }

func ready(_ context.Context, emit func(prometheus.Metric)) error {
	emit(metric.GaleraReady.Sample(1))
	return nil
}

var self = Self{
	Success: metric.GaleraExporterCollectorSuccess, Duration: metric.GaleraExporterCollectorDurationSeconds,
	Snapshot: metric.GaleraExporterLastSnapshotTimestampSeconds,
}

var families = FleetFamilies{
	Targets:  metric.GaleraExporterTargets,
	ReloadOK: metric.GaleraExporterConfigLastReloadSuccessful,
	ReloadAt: metric.GaleraExporterConfigLastReloadSuccessTimestampSeconds,
}

// prober serves one target "c/n" with these collectors.
func prober(t *testing.T, collectors ...Collector) *Prober {
	t.Helper()
	return proberOf(t, func() ([]*Target, error) {
		return []*Target{{Name: "c/n", Address: "10.0.0.1:3306", Labels: map[string]string{"cluster": "c"}, Look: func([]string) ([]Collector, error) { return collectors, nil }}}, nil
	})
}

func proberOf(t *testing.T, load func() ([]*Target, error)) *Prober {
	t.Helper()
	fleet, err := NewFleet(load, families, prometheus.NewRegistry(), promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	return &Prober{
		Fleet: fleet, Self: self, Offset: 250 * time.Millisecond, Log: promslog.NewNopLogger(),
		Shared: prometheus.NewCounter(prometheus.CounterOpts{Name: "shared"}),
	}
}

// ask scrapes and returns the answer without comments and durations.
func ask(p *Prober, target, timeout string) (code int, series []string) {
	r := httptest.NewRequest(http.MethodGet, "/probe?target="+target, nil)
	if timeout != "" {
		r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(line, "duration") {
			series = append(series, strings.TrimSpace(line))
		}
	}
	return w.Code, series
}

func TestOneCollectorNeverHidesTheOthers(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  func(context.Context, func(prometheus.Metric)) error
	}{
		{"fails", func(context.Context, func(prometheus.Metric)) error { return errors.New("no grant") }},
		{"panics", func(context.Context, func(prometheus.Metric)) error { panic("index out of range") }},
		{"never ends by itself", silent},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				code, got := ask(prober(t, source{"bad", c.bad}, source{"good", ready}), "c/n", "2")
				want := []string{
					`galera_exporter_collector_success{collector="bad"} 0`,
					`galera_exporter_collector_success{collector="good"} 1`, "galera_ready 1",
				}
				if diff := cmp.Diff(want, got); diff != "" || code != http.StatusOK {
					t.Errorf("%d, want -, got +:\n%s", code, diff)
				}
			})
		})
	}
}

// a queued is a source that shares something with others.
type queued struct {
	source
	shared string
}

func (q queued) Queue() any { return q.shared }

func TestCollectorsOfOneQueueRunOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var mu sync.Mutex
		var ended []string
		busy := func(name string, end func() error) source {
			return source{name, func(context.Context, func(prometheus.Metric)) error {
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				ended = append(ended, fmt.Sprintf("%s after %s", name, time.Since(begun)))
				return end()
			}}
		}
		well := func() error { return nil }
		_, got := ask(prober(t,
			queued{busy("first", func() error { return errors.New("no grant") }), "connection"},
			queued{busy("second", func() error { panic("index out of range") }), "connection"},
			queued{busy("third", well), "connection"},
		), "c/n", "")
		want := []string{"first after 1s", "second after 2s", "third after 3s"}
		if diff := cmp.Diff(want, ended); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		want = []string{
			`galera_exporter_collector_success{collector="first"} 0`,
			`galera_exporter_collector_success{collector="second"} 0`,
			`galera_exporter_collector_success{collector="third"} 1`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		begun = time.Now()
		ask(prober(t,
			queued{busy("of a connection", well), "connection"}, queued{busy("of a file", well), "file"}, busy("alone", well), busy("alone too", well),
		), "c/n", "")
		if took := time.Since(begun); took != time.Second {
			t.Errorf("those that share nothing took %s, want 1s", took)
		}
	})
}

func TestAFailedCollectorKeepsWhatItEmitted(t *testing.T) {
	_, got := ask(prober(t, source{"half", func(_ context.Context, emit func(prometheus.Metric)) error {
		emit(metric.GaleraUp.Sample(0))
		return errors.New("refused")
	}}), "c/n", "")
	if diff := cmp.Diff([]string{`galera_exporter_collector_success{collector="half"} 0`, "galera_up 0"}, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestDeadline(t *testing.T) {
	for _, c := range []struct {
		name, announced string
		want            time.Duration
	}{
		{"what Prometheus announces, less the offset", "2", 1750 * time.Millisecond},
		{"half of it if the offset leaves less", "0.4", 200 * time.Millisecond},
		{"a default without it", "", 8 * time.Second},
		{"a default for nonsense", "soon", 8 * time.Second},
		{"a default for less than nothing", "-3", 8 * time.Second},
		{"a default for no number", "NaN", 8 * time.Second},
		{"a default for ever", "+Inf", 8 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ask(prober(t, source{"silent", silent}), "c/n", c.announced)
				if took := time.Since(start); took != c.want {
					t.Errorf("took %s, want %s", took, c.want)
				}
			})
		})
	}
}

func TestScrapesOfOneTargetShareOneLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		slow := func(_ context.Context, emit func(prometheus.Metric)) error {
			looks++
			time.Sleep(time.Second)
			return ready(t.Context(), emit)
		}
		p := prober(t, source{"slow", slow})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if _, got := ask(p, "c/n", "5"); len(got) != 2 {
					t.Errorf("got %v", got)
				}
			})
		}
		wg.Wait()
		if shared := testutil.ToFloat64(p.Shared); looks != 1 || shared != 99 {
			t.Errorf("%d looks, %v shared, want 1 and 99", looks, shared)
		}
		ask(p, "c/n", "5")
		if looks != 2 {
			t.Errorf("a later scrape got an old result")
		}
	})
}

func TestAScrapeOutlivesTheOneWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := prober(t, source{"slow", func(ctx context.Context, emit func(prometheus.Metric)) error {
			select {
			case <-time.After(time.Second):
				return ready(ctx, emit)
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		gone, hangUp := context.WithCancel(t.Context())
		go p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, http.MethodGet, "/probe?target=c/n", nil))
		synctest.Wait()
		go func() {
			time.Sleep(100 * time.Millisecond)
			hangUp()
		}()
		_, got := ask(p, "c/n", "5")
		if diff := cmp.Diff([]string{`galera_exporter_collector_success{collector="slow"} 1`, "galera_ready 1"}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

// Two Prometheus servers with different timeouts: the impatient one is told what it would have been told
// alone, in a good answer. A bad one would say that the exporter is down, not the server.
func TestASecondScrapeWaitsNoLongerThanItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(ctx context.Context, emit func(prometheus.Metric)) error {
			<-ctx.Done()
			emit(metric.GaleraUp.Sample(0))
			return ctx.Err()
		}
		p := prober(t, source{"hangs", hangs}, source{"good", ready}, source{"late", func(ctx context.Context, emit func(prometheus.Metric)) error {
			select {
			case <-time.After(2 * time.Second):
				emit(metric.GaleraConnected.Sample(1))
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		var first sync.WaitGroup
		first.Go(func() {
			_, got := ask(p, "c/n", "8")
			want := []string{
				"galera_connected 1",
				`galera_exporter_collector_success{collector="good"} 1`,
				`galera_exporter_collector_success{collector="hangs"} 0`,
				`galera_exporter_collector_success{collector="late"} 1`,
				"galera_ready 1", "galera_up 0",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the patient one: want -, got +:\n%s", diff)
			}
		})
		synctest.Wait()
		start := time.Now()
		code, got := ask(p, "c/n", "1")
		if took := time.Since(start); code != http.StatusOK || took != 750*time.Millisecond {
			t.Errorf("%d after %s", code, took)
		}
		want := []string{
			`galera_exporter_collector_success{collector="good"} 1`,
			`galera_exporter_collector_success{collector="hangs"} 0`,
			`galera_exporter_collector_success{collector="late"} 0`,
			"galera_ready 1", "galera_up 0",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the impatient one: want -, got +:\n%s", diff)
		}
		first.Wait()
	})
}

func TestWhoGivesUpWaitingSaysHowLongACollectorHasTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := prober(t, source{"hangs", silent})
		var first sync.WaitGroup
		first.Go(func() { ask(p, "c/n", "8") })
		synctest.Wait()
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/probe?target=c/n", nil)
		r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "1")
		p.ServeHTTP(w, r)
		if want := `galera_exporter_collector_duration_seconds{collector="hangs"} 0.75`; !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
		first.Wait()
	})
}
