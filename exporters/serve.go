package exporters

import (
	"io"
	"net/http"

	"github.com/prometheus/exporter-toolkit/web"

	"github.com/kagu-db/kagu/internal/daemon"
)

// Site is what an exporter serves over HTTP.
type Site struct {
	Name, Description string

	Metrics http.Handler // /metrics
	Prober  *Prober      // /probe
	Fleet   *Fleet       // /sd and /-/reload
	Health  *Health      // /health/writer, /health/reader, /health/any; nil for none

	Lifecycle bool // allow POST /-/reload
}

// Handler routes the endpoints.
func (s Site) Handler() (http.Handler, error) {
	page := daemon.Page{
		Name: s.Name, Description: s.Description, Metrics: s.Metrics,
		Links: []web.LandingLinks{
			{Address: "metrics", Text: "Metrics", Description: "this exporter, and the target it was started with"},
			{Address: "sd", Text: "Targets", Description: "for Prometheus' http_sd; each is scraped at /probe?target=NAME"},
			{Address: "-/healthy", Text: "Healthy", Description: "the process is alive"},
			{Address: "-/ready", Text: "Ready", Description: "the configuration is loaded"},
		},
	}
	mux := http.NewServeMux()
	mux.Handle("GET /probe", s.Prober)
	mux.HandleFunc("GET /sd", s.Fleet.Discover)
	mux.HandleFunc("POST /-/reload", s.reload)
	if s.Health != nil {
		for k := range kinds {
			mux.Handle("/health/"+Kind(k).String(), s.Health.Handler(Kind(k)))
		}
	}
	return mux, page.Register(mux)
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
