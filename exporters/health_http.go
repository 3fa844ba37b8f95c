package exporters

import (
	"errors"
	"log/slog"
	"net/http"
)

// Health answers proxies that ask whether a node may be given traffic.
type Health struct {
	Fleet    *Fleet
	Node     string // the target of a request that names none, and of the agent; "" for none
	Settings HealthSettings
	Log      *slog.Logger
}

// Headers are shared by all answers; nobody writes to them.
var (
	plainText = []string{"text/plain; charset=utf-8"}
	noStore   = []string{"no-store"}
	allowed   = []string{"GET, HEAD, OPTIONS"}
)

// Handler answers /health/KIND: 200 for yes, 503 for no, and a line that says why.
func (h *Health) Handler(kind Kind) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["Content-Type"], header["Cache-Control"] = plainText, noStore
		switch r.Method {
		case http.MethodGet, http.MethodHead:
		case http.MethodOptions: // what HAProxy's option httpchk sends unless told otherwise
			header["Allow"] = allowed
		default:
			header["Allow"] = allowed
			http.Error(w, "ask with GET, HEAD or OPTIONS", http.StatusMethodNotAllowed)
			return
		}
		name := h.Node
		if r.URL.RawQuery != "" {
			if asked := r.URL.Query().Get("target"); asked != "" {
				name = asked
			}
		}
		h.answer(w, r, kind, name)
	})
}

func (h *Health) answer(w http.ResponseWriter, r *http.Request, kind Kind, name string) {
	if name == "" {
		http.Error(w, "which node? Start with --node=CLUSTER/NODE, or ask for ?target=CLUSTER/NODE", http.StatusBadRequest)
		return
	}
	watch, err := h.watch(name)
	if err != nil {
		code := http.StatusServiceUnavailable
		if errors.Is(err, errUnknownTarget) {
			code = http.StatusNotFound
		}
		http.Error(w, "no: "+err.Error(), code)
		return
	}
	s, age, stale := watch.current(r.Context())
	var room [256]byte
	line, code := room[:0], http.StatusServiceUnavailable
	switch {
	case stale != "":
		line = append(append(line, "no: "...), stale...)
	default:
		line = append(line, s.http[kind]...)
		if s.said.Of[kind].OK {
			code = http.StatusOK
		}
	}
	line = appendAge(line, age)
	w.WriteHeader(code)
	_, _ = w.Write(line)
}

// watch looks the target up again if a reload replaced it in between.
func (h *Health) watch(name string) (*watch, error) {
	for {
		t, err := h.Fleet.target(name)
		if err != nil {
			return nil, err
		}
		w, err := t.watched(h.Settings)
		if again, _ := h.Fleet.target(name); errors.Is(err, errClosed) && again != t {
			continue
		}
		return w, err
	}
}
