package backupd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// A memo is a HintStore that keeps hints in memory, or fails.
type memo struct {
	hints []Hint
	err   error
}

func (m *memo) PutHints(_ context.Context, hints []Hint) error {
	if m.err == nil {
		m.hints = append(m.hints, hints...)
	}
	return m.err
}

type counter struct {
	*Receiver
	memo     *memo
	woken    int
	outcomes []string
	log      bytes.Buffer
}

func newCounter() *counter {
	fleet := &inventory.Fleet{Clusters: []inventory.Cluster{
		{Name: "backoffice", Kind: cluster.KindGalera, Backup: &inventory.Backup{}}, {Name: "bare", Kind: cluster.KindGalera},
	}}
	c := &counter{memo: &memo{}}
	c.Receiver = &Receiver{
		Fleet: func() *inventory.Fleet { return fleet }, Store: c.memo, Wake: func() { c.woken++ },
		Count: func(outcome string) { c.outcomes = append(c.outcomes, outcome) }, Log: slog.New(slog.NewJSONHandler(&c.log, nil)),
	}
	return c
}

func (c *counter) post(body string) *httptest.ResponseRecorder {
	return call(c, http.MethodPost, "/api/v1/alerts", "application/json", body)
}

// webhook builds a webhook of version 4 with one alert for each set of labels.
func webhook(alerts ...map[string]string) string {
	var list []any
	for i, labels := range alerts {
		status := "firing"
		if labels["status"] != "" {
			status = labels["status"]
		}
		list = append(list, map[string]any{"status": status, "labels": labels, "fingerprint": fmt.Sprintf("%016x", i), "startsAt": "2026-11-23T12:00:00Z"})
	}
	text, err := json.Marshal(map[string]any{"version": "4", "alerts": list})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func labels(pairs ...string) map[string]string {
	m := map[string]string{"alertname": "BackupStale", "cluster": "backoffice", "backup": "take"}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestWhatBecomesOfAnAlert(t *testing.T) {
	hostile := "$(reboot)`reboot`'\";\n\x1b[2J"
	for _, tc := range []struct {
		name, body string
		status     int
		outcome    string
		wants      What // of the only hint; "": none is kept
		says       string
	}{
		{"it asks for a backup", webhook(labels()), 202, "stored", Taking, `"stored":1`},
		{"it asks for a proof", webhook(labels("backup", "verify")), 202, "stored", Proving, `"stored":1`},
		{"it asks for nothing", webhook(labels("backup", "")), 202, "unmarked", "", "no label backup"},
		{"it asks for what there is not", webhook(labels("backup", "restore")), 202, "unmarked", "", "no label backup"},
		{"an unknown cluster", webhook(labels("cluster", "nowhere")), 202, "unknown_cluster", "", "not in kagu.yaml"},
		{"hostile labels are only names that nobody knows", webhook(labels("cluster", hostile, "alertname", hostile)), 202, "unknown_cluster", "", "not in kagu.yaml"},
		{"a hostile name is kept as a name", webhook(labels("alertname", hostile)), 202, "stored", Taking, `"stored":1`},
		{"a cluster without backups", webhook(labels("cluster", "bare")), 202, "no_backups", "", "no backup section"},
		{"it is over", webhook(labels("status", "resolved")), 202, "resolved", "", "it is resolved"},
		{"malformed", `{"version":"4","alerts":[{`, 400, "refused", "", "read the payload"},
		{"another version", `{"version":"3"}`, 400, "refused", "", "version"},
		{"a million alerts", `{"version":"4","alerts":[{}` + strings.Repeat(",{}", 1_000_000) + `]}`, 413, "refused", "", "20000 alerts"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCounter()
			w := c.post(tc.body)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) || len(c.outcomes) != 1 || c.outcomes[0] != tc.outcome {
				t.Errorf("answered %d %s, counted %q", w.Code, w.Body, c.outcomes)
			}
			if kept := tc.wants != ""; kept != (len(c.memo.hints) == 1) || kept != (c.woken == 1) || kept && c.memo.hints[0].Wants != tc.wants {
				t.Errorf("kept %+v, woken %d", c.memo.hints, c.woken)
			}
			for _, h := range c.memo.hints {
				if h.Cluster != "backoffice" || strings.ContainsAny(h.Alert, "\x1b\n") {
					t.Errorf("kept %+v", h)
				}
			}
		})
	}
}

func TestWhatCannotBeKeptIsNotAccepted(t *testing.T) {
	c := newCounter()
	c.memo.err = errors.New("database or disk is full")
	if w := c.post(webhook(labels())); w.Code != http.StatusServiceUnavailable || c.woken != 0 {
		t.Errorf("answered %d, want 503 so that Alertmanager sends it again", w.Code)
	}
	if w := call(c, http.MethodPost, "/", "text/plain", webhook(labels())); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("a web page is answered %d", w.Code)
	}
	if w := call(c, http.MethodGet, "/", "", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a GET is answered %d", w.Code)
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add([]byte(webhook(labels(), labels("backup", "verify"))))
	f.Add([]byte(webhook(labels("cluster", "x"), labels("alertname", "\x00"))))
	f.Add([]byte(`{"version":"4","alerts":[{"status":"firing","labels":{"backup":"take","cluster":"backoffice"},"startsAt":"9999-12-31T23:59:59Z"}]}`))
	f.Add([]byte(`null`))
	catalogue, err := OpenCatalogue(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = catalogue.Close() })
	c := newCounter()
	c.Log, c.Store = slog.New(slog.DiscardHandler), catalogue
	f.Fuzz(func(t *testing.T, body []byte) {
		if w := c.post(string(body)); w.Code != http.StatusAccepted && w.Code != http.StatusBadRequest {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		pending, err := catalogue.PendingHints(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range pending {
			if h.Cluster != "backoffice" || h.Wants != Taking && h.Wants != Proving || h.Last.Before(time.Now().Add(-time.Hour)) {
				t.Errorf("kept %+v", h)
			}
		}
	})
}
