package exporters

import (
	"compress/gzip"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

func TestPagesAreCompressedForWhoAsks(t *testing.T) {
	p := prober(t, source{"good", good})
	own := prometheus.NewRegistry()
	own.MustRegister(collectors.NewGoCollector())
	h, err := Site{Name: "test_exporter", Metrics: p.Own(own, ""), Prober: p, Fleet: p.Fleet}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, accept, url string
		code              int
		packed            bool
		says              string
	}{
		{"as Prometheus asks", "gzip", "/probe?target=c/n", 200, true, "\ngalera_exporter_collector_success{collector=\"good\"} 1\n"},
		{"as Prometheus asks, for our own page", "gzip", "/metrics", 200, true, "\ngo_goroutines "},
		{"among others", "zstd;q=1.0, GZIP ;q=0.5", "/probe?target=c/n", 200, true, "collector_success"},
		{"nobody asks", "", "/probe?target=c/n", 200, false, "collector_success"},
		{"for something that we have not", "zstd, br", "/probe?target=c/n", 200, false, "collector_success"},
		{"for anything but that", "gzip;q=0, *", "/probe?target=c/n", 200, false, "collector_success"},
		{"with a weight that is none", "gzip;q=much", "/probe?target=c/n", 200, false, "collector_success"},
		{"an error is for a human", "gzip", "/probe?target=c/none", 404, false, "unknown target"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, c.url, nil)
			if c.accept != "" {
				r.Header.Set("Accept-Encoding", c.accept)
			}
			h.ServeHTTP(w, r)
			text := w.Body.String()
			if c.packed {
				text = unpacked(t, w.Body)
			}
			if packed := w.Header().Get("Content-Encoding") == "gzip"; w.Code != c.code || packed != c.packed || !strings.Contains(text, c.says) {
				t.Errorf("%d %v %s", w.Code, w.Header(), text)
			}
			if c.code == 200 && !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("a cache is not told: %v", w.Header())
			}
		})
	}
}

// What promhttp answers to a failure passes through here too.
func TestAFailureIsNotCompressed(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	packed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no page today", http.StatusInternalServerError)
	})).ServeHTTP(w, r)
	if w.Code != 500 || w.Header().Get("Content-Encoding") != "" || w.Body.String() != "no page today\n" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}

// Any reader of gzip gets back what was written, however long it is and whatever it is made of.
func TestPackedPagesAreWhole(t *testing.T) {
	noise := make([]byte, 100_000)
	rand.NewChaCha8([32]byte{}).Read(noise)
	for name, text := range map[string]string{
		"nothing": "", "one byte": "x", "a page": strings.Repeat("galera_up{node=\"n1\"} 1\n", 10_000), "what cannot be made smaller": string(noise),
	} {
		t.Run(name, func(t *testing.T) {
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set("Accept-Encoding", "gzip")
			packed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for part := range slices.Chunk([]byte(text), 4096) {
					_, _ = w.Write(part)
				}
			})).ServeHTTP(w, r)
			if got := unpacked(t, w.Body); got != text {
				t.Errorf("%d bytes became %d", len(text), len(got))
			}
		})
	}
}

func unpacked(t *testing.T, packed io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
