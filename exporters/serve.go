package exporters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"syscall"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
)

// goodbye is how long scrapes that run may take when the program is asked to end.
const goodbye = 10 * time.Second

// Site is what an exporter serves over HTTP.
type Site struct {
	Name, Description, Version string

	Metrics http.Handler // /metrics
	Prober  *Prober      // /probe
	Fleet   *Fleet       // /sd and /-/reload

	Lifecycle bool // allow POST /-/reload
}

// Handler routes the endpoints.
func (s Site) Handler() (http.Handler, error) {
	landing, err := web.NewLandingPage(web.LandingConfig{
		Name: s.Name, Description: s.Description, Version: s.Version,
		Links: []web.LandingLinks{
			{Address: "metrics", Text: "Metrics", Description: "this exporter, and the node it was started with"},
			{Address: "sd", Text: "Targets", Description: "for Prometheus' http_sd; each is scraped at /probe?target=CLUSTER/NODE"},
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

// Serve serves until the context ends, then lets the requests that run finish. Each value from
// hangup reloads the configuration.
func (s Site) Serve(ctx context.Context, flags *web.FlagConfig, hangup <-chan struct{}, log *slog.Logger) error {
	handler, err := s.Handler()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- web.ListenAndServe(server, flags, log) }()
	for {
		select {
		case err := <-ended:
			if errors.Is(err, syscall.EADDRINUSE) {
				return fmt.Errorf("%w: another program has this port; stop it or choose another --web.listen-address", err)
			}
			return err
		case <-hangup:
			if err := s.Fleet.Reload(); err != nil {
				log.Error("reload failed", "reason", err)
			}
		case <-ctx.Done():
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
			defer cancel()
			err := server.Shutdown(bounded)
			if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
				err = errors.Join(err, served)
			}
			return err
		}
	}
}
