package exporters

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func handler(t *testing.T, p *Prober, lifecycle bool) http.Handler {
	t.Helper()
	own := prometheus.NewRegistry()
	h, err := Site{Name: "test_exporter", Metrics: p.Own(own, ""), Prober: p, Fleet: p.Fleet, Lifecycle: lifecycle}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEndpoints(t *testing.T) {
	h := handler(t, prober(t, source{"good", good}), false)
	for _, c := range []struct {
		name, method, url string
		code              int
		says              string
	}{
		{"landing page", "GET", "/", 200, "test_exporter"},
		{"alive", "GET", "/-/healthy", 200, "alive"},
		{"ready", "GET", "/-/ready", 200, "ready"},
		{"a target", "GET", "/probe?target=c/n", 200, `galera_exporter_collector_success{collector="good"} 1`},
		{"no target", "GET", "/probe", 400, "which target?"},
		{"a target that is not in kagu.yaml", "GET", "/probe?target=10.6.6.6:3306", 404, `unknown target "10.6.6.6:3306": kagu.yaml has no such target; /sd lists those it has`},
		{"reload that is off", "POST", "/-/reload", 403, "--web.enable-lifecycle"},
		{"reload by GET", "GET", "/-/reload", 405, ""},
		{"anything else", "GET", "/etc/passwd", 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(c.method, c.url, nil))
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func TestDiscovery(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://exporter:10041/sd", nil)
	handler(t, prober(t), false).ServeHTTP(w, r)
	var got any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{"targets": []any{"exporter:10041"}, "labels": map[string]any{
		"cluster": "c", "instance": "10.0.0.1:3306", "__param_target": "c/n", "__metrics_path__": "/probe",
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestReload(t *testing.T) {
	var (
		fault    error
		name     = "c/old"
		released atomic.Int32
	)
	p := proberOf(t, func() ([]*Target, error) {
		if fault != nil {
			return nil, fault
		}
		return []*Target{{Name: name, Look: func([]string) ([]Collector, error) { return nil, nil }, Release: func() { released.Add(1) }}}, nil
	})
	h := handler(t, p, true)
	reload := func() (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/-/reload", nil))
		return w.Code, w.Body.String()
	}

	fault = errors.New("kagu.yaml:3: unknown key")
	code, text := reload()
	if code != 500 || text != "the running configuration is kept: kagu.yaml:3: unknown key\n" {
		t.Errorf("%d %s", code, text)
	}
	if code, _ := ask(p, "c/old", ""); code != 200 || testutil.ToFloat64(p.Fleet.ok) != 0 || released.Load() != 0 {
		t.Errorf("a failed reload changed something: %d", code)
	}

	fault, name = nil, "c/new"
	if code, text := reload(); code != 200 {
		t.Errorf("%d %s", code, text)
	}
	if code, _ := ask(p, "c/new", ""); code != 200 || testutil.ToFloat64(p.Fleet.ok) != 1 || released.Load() != 1 {
		t.Errorf("the reload did not take: %d, %d released", code, released.Load())
	}
	if code, _ := ask(p, "c/old", ""); code != 404 {
		t.Errorf("the old target still answers: %d", code)
	}
}

func TestAReloadWaitsForTheScrapeThatRuns(t *testing.T) {
	started, end := make(chan struct{}), make(chan struct{})
	var released, early atomic.Bool
	p := proberOf(t, func() ([]*Target, error) {
		return []*Target{{Name: "c/n", Release: func() { released.Store(true) }, Look: func([]string) ([]Collector, error) {
			return []Collector{source{"slow", func(context.Context, func(prometheus.Metric)) error {
				close(started)
				<-end
				early.Store(released.Load())
				return nil
			}}}, nil
		}}}, nil
	})
	done := make(chan struct{}, 2)
	go func() { ask(p, "c/n", ""); done <- struct{}{} }()
	<-started
	go func() {
		if err := p.Fleet.Reload(); err != nil {
			t.Error(err)
		}
		done <- struct{}{}
	}()
	close(end)
	<-done
	<-done
	if early.Load() || !released.Load() {
		t.Errorf("released during the scrape: %v; in the end: %v", early.Load(), released.Load())
	}
}
