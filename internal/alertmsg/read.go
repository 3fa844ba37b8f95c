package alertmsg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/alertmanager/template"

	"github.com/kagu-db/kagu/internal/httpjson"
)

// What a webhook may hold. Above either it is refused.
const (
	MaxBytes  = 16 << 20
	MaxAlerts = 20_000
)

// A Message is what is read of Alertmanager's webhook.Message.
type Message struct {
	Version         string `json:"version"`
	TruncatedAlerts uint64 `json:"truncatedAlerts"`
	Alerts          Alerts `json:"alerts"`
}

// Alerts are decoded one at a time, so that a body of many empty ones cannot fill the memory.
type Alerts []template.Alert

var errTooMany = errors.New("too many alerts")

// UnmarshalJSON decodes a list of alerts.
func (list *Alerts) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	first, err := dec.Token()
	if err != nil || first != json.Delim('[') {
		return fmt.Errorf("alerts: want a list: %w", err)
	}
	for dec.More() {
		if len(*list) == MaxAlerts {
			return errTooMany
		}
		var one template.Alert
		if err := dec.Decode(&one); err != nil {
			return err
		}
		*list = append(*list, one)
	}
	return nil
}

// Read reads the webhook of a request. Where it cannot, status is what to answer: 413 says that
// there was more than a webhook may hold, and what it would have said is unknown.
func Read(r *http.Request) (m Message, status int, err error) {
	if r.Method != http.MethodPost {
		return m, http.StatusMethodNotAllowed, errors.New("send a POST")
	}
	if err := httpjson.Want(r); err != nil {
		return m, http.StatusUnsupportedMediaType, err
	}
	m, err = decode(http.MaxBytesReader(nil, r.Body, MaxBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), errors.Is(err, errTooMany):
		return Message{}, http.StatusRequestEntityTooLarge, fmt.Errorf("more than %d bytes or %d alerts", MaxBytes, MaxAlerts)
	case err != nil:
		return Message{}, http.StatusBadRequest, err
	}
	return m, 0, nil
}

// decode reads one payload of version 4. Unknown keys are allowed: Alertmanager adds some
// from release to release.
func decode(body io.Reader) (Message, error) {
	var m Message
	dec := json.NewDecoder(body)
	if err := dec.Decode(&m); err != nil {
		return m, fmt.Errorf("read the payload: %w", err)
	}
	if m.Version != "4" {
		return m, fmt.Errorf("the payload's version is %q: only Alertmanager's webhook version 4 is understood", httpjson.Clip(m.Version))
	}
	if dec.More() {
		return m, errors.New("there is more after the payload")
	}
	return m, nil
}
