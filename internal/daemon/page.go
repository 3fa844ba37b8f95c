package daemon

import (
	"context"
	"fmt"
	"io"
	"net/http"

	build "github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
)

// A Page is what every program answers beside its own work: what it is and what is where, its
// metrics, whether it is alive and whether it is ready.
type Page struct {
	Name, Description string
	Links             []web.LandingLinks
	Metrics           http.Handler
	Ready             func(ctx context.Context) error // why not; nil if it is ready as soon as it answers
}

// Register adds the page to what a program answers.
func (p Page) Register(mux *http.ServeMux) error {
	landing, err := web.NewLandingPage(web.LandingConfig{Name: p.Name, Description: p.Description, Version: build.Info(), Links: p.Links})
	if err != nil {
		return fmt.Errorf("make the landing page: %w", err)
	}
	mux.Handle("GET /{$}", landing)
	mux.Handle("GET /metrics", p.Metrics)
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "alive\n") })
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, r *http.Request) {
		if p.Ready != nil {
			if err := p.Ready(r.Context()); err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	return nil
}
