package alertmsg

import (
	"log/slog"
	"net/http"

	"github.com/kagu-db/kagu/internal/httpjson"
)

// maxIgnored is how many alerts are named in an answer.
const maxIgnored = 20

// An Answer tells the sender of a webhook what became of its alerts.
type Answer struct {
	Stored  int       `json:"stored"`
	Ignored []Ignored `json:"ignored,omitempty"` // the first of them
	Error   string    `json:"error,omitempty"`
}

// Ignored is an alert that asks for nothing here, and why.
type Ignored struct {
	Alert  string `json:"alert"`
	Reason string `json:"reason"`
}

// Ignore names an alert that asks for nothing.
func (a *Answer) Ignore(alert, reason string) {
	if len(a.Ignored) < maxIgnored {
		a.Ignored = append(a.Ignored, Ignored{alert, reason})
	}
}

// Write answers a webhook, and logs why one was not accepted.
func (a Answer) Write(w http.ResponseWriter, r *http.Request, status int, log *slog.Logger) {
	if a.Error != "" {
		log.WarnContext(r.Context(), "webhook not accepted", "status", status, "reason", a.Error)
	}
	httpjson.Answerer{Log: log}.Reply(w, r, status, a)
}
