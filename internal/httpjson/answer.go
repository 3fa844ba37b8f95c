package httpjson

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
)

// An Answerer answers requests.
type Answerer struct {
	Log *slog.Logger
	// Status gives an error its status; 0: it is a failure of our own, which is logged.
	Status func(error) int
}

// Fail answers with an error.
func (a Answerer) Fail(w http.ResponseWriter, r *http.Request, err error) {
	status := a.Status(err)
	var bad BadRequest
	switch {
	case errors.As(err, &bad):
		status = http.StatusBadRequest
	case status == 0:
		status = http.StatusInternalServerError
		a.Log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "err", err)
	}
	a.Reply(w, r, status, map[string]string{"error": err.Error()})
}

// Reply answers with a value.
func (a Answerer) Reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.Log.DebugContext(r.Context(), "client went away", "err", err)
	}
}
