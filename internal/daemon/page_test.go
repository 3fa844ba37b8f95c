package daemon_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/exporter-toolkit/web"

	"github.com/kagu-db/kagu/internal/daemon"
)

func TestPage(t *testing.T) {
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") })
	full := func(context.Context) error { return errors.New("the disk is full") }
	for _, c := range []struct {
		name, path string
		ready      func(context.Context) error
		status     int
		says       string
	}{
		{name: "what is where", path: "/", status: 200, says: "what goes on"},
		{name: "metrics", path: "/metrics", status: 200, says: "up 1\n"},
		{name: "alive, also if it is not ready", path: "/-/healthy", ready: full, status: 200, says: "alive\n"},
		{name: "ready as soon as it answers", path: "/-/ready", status: 200, says: "ready\n"},
		{name: "ready", path: "/-/ready", ready: func(context.Context) error { return nil }, status: 200, says: "ready\n"},
		{name: "not ready, and why", path: "/-/ready", ready: full, status: 503, says: "the disk is full\n"},
		{name: "nothing else", path: "/else", status: 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			mux := http.NewServeMux()
			page := daemon.Page{
				Name: "test", Description: "A test", Metrics: metrics, Ready: c.ready,
				Links: []web.LandingLinks{{Address: "runs", Text: "Runs", Description: "what goes on"}},
			}
			if err := page.Register(mux); err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.path, nil))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("answered %d %s", w.Code, w.Body)
			}
		})
	}
}
