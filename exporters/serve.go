package exporters

import (
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/exporter-toolkit/web"
)

// Site is what an exporter serves over HTTP.
type Site struct {
	Name, Description, Version string

	Metrics http.Handler // /metrics
	Prober  *Prober      // /probe
	Fleet   *Fleet       // /sd and /-/reload
	Health  *Health      // /health/writer, /health/reader, /health/any; nil for none

	Lifecycle bool // allow POST /-/reload
}

// Handler routes the endpoints.
func (s Site) Handler() (http.Handler, error) {
	landing, err := web.NewLandingPage(web.LandingConfig{
		Name: s.Name, Description: s.Description, Version: s.Version,
		Links: []web.LandingLinks{
			{Address: "metrics", Text: "Metrics", Description: "this exporter, and the target it was started with"},
			{Address: "sd", Text: "Targets", Description: "for Prometheus' http_sd; each is scraped at /probe?target=NAME"},
			{Address: "-/healthy", Text: "Healthy", Description: "the process is alive"},
			{Address: "-/ready", Text: "Ready", Description: "the configuration is loaded"},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make the landing page: %w", err)
	}
	say := func(word string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, word+"\n") }
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", landing)
	mux.Handle("GET /metrics", s.Metrics)
	mux.Handle("GET /probe", s.Prober)
	mux.HandleFunc("GET /sd", s.Fleet.Discover)
	mux.HandleFunc("GET /-/healthy", say("alive"))
	mux.HandleFunc("GET /-/ready", say("ready"))
	mux.HandleFunc("POST /-/reload", s.reload)
	if s.Health != nil {
		for k := range kinds {
			mux.Handle("/health/"+Kind(k).String(), s.Health.Handler(Kind(k)))
		}
	}
	return mux, nil
}

func (s Site) reload(w http.ResponseWriter, _ *http.Request) {
	if !s.Lifecycle {
		http.Error(w, "reload over HTTP is off; start with --web.enable-lifecycle, or send SIGHUP", http.StatusForbidden)
		return
	}
	if err := s.Fleet.Reload(); err != nil {
		s.Fleet.log.Error("reload failed", "reason", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, "reloaded\n")
}
