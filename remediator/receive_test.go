package remediator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// A memo is a HintStore that keeps hints in memory, or fails.
type memo struct {
	hints []journal.Hint
	err   error
}

func (m *memo) PutHints(_ context.Context, hints []journal.Hint) error {
	if m.err == nil {
		m.hints = append(m.hints, hints...)
	}
	return m.err
}

type desk struct {
	*Receiver
	memo  *memo
	woken []string
	log   *bytes.Buffer
}

func newDesk() *desk {
	fleet := &inventory.Fleet{Clusters: []inventory.Cluster{
		{Name: "backoffice", Kind: cluster.KindGalera, Nodes: []inventory.Node{member("n1"), member("n2")}},
		{Name: "billing", Kind: cluster.KindGalera, Nodes: []inventory.Node{member("b1")}},
	}}
	d := &desk{memo: &memo{}, log: &bytes.Buffer{}}
	d.Receiver = &Receiver{
		Fleet: func() *inventory.Fleet { return fleet }, Store: d.memo, Wake: func(c string) { d.woken = append(d.woken, c) },
		Metrics: NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.NewJSONHandler(d.log, nil)),
	}
	return d
}

func (d *desk) post(body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/alerts", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func (d *desk) count(outcome string) float64 {
	return testutil.ToFloat64(d.Metrics.hints.WithLabelValues(outcome))
}

// webhook builds a webhook of version 4 with one alert for each set of labels.
func webhook(truncated int, alerts ...map[string]string) string {
	msg := map[string]any{"version": "4", "status": "firing", "receiver": "remediator", "truncatedAlerts": truncated}
	var list []any
	for i, labels := range alerts {
		list = append(list, map[string]any{
			"status": "firing", "labels": labels, "fingerprint": fmt.Sprintf("%016x", i),
			"startsAt": "2026-11-23T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
		})
	}
	msg["alerts"] = list
	text, err := json.Marshal(msg)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func labels(pairs ...string) map[string]string {
	m := map[string]string{"alertname": "GaleraNodeDown", "cluster": "backoffice", "node": "n2", "remediate": "true"}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestWhatBecomesOfAnAlert(t *testing.T) {
	everywhere := []journal.Hint{
		{Cluster: "backoffice", Alert: "truncated payload", Fingerprint: "truncated", Resolved: true},
		{Cluster: "billing", Alert: "truncated payload", Fingerprint: "truncated", Resolved: true},
	}
	hostile := "$(reboot)`reboot`'\";\n\x1b[2J"
	for _, tc := range []struct {
		name    string
		body    string
		status  int
		outcome string
		hints   []journal.Hint
		says    string
	}{
		{
			name: "a marked alert about a known cluster is stored", body: webhook(0, labels()),
			status: 202, outcome: hintStored, hints: []journal.Hint{{Cluster: "backoffice", Node: "n2", Alert: "GaleraNodeDown", Fingerprint: "0000000000000000"}},
		},
		{
			name: "an unmarked alert is none of our business", body: webhook(0, labels("remediate", "false")),
			status: 202, outcome: hintUnmarked, says: "no label remediate",
		},
		{
			name: "an unknown cluster", body: webhook(0, labels("cluster", "nowhere")),
			status: 202, outcome: hintUnknownCluster, says: `the cluster \"nowhere\" is not in kagu.yaml`,
		},
		{
			name: "an unknown node: its cluster is looked at all the same", body: webhook(0, labels("node", "n9")),
			status: 202, outcome: hintUnknownNode, hints: []journal.Hint{{Cluster: "backoffice", Alert: "GaleraNodeDown", Fingerprint: "0000000000000000"}},
		},
		{
			name: "hostile labels are only names that nobody knows", body: webhook(0, labels("cluster", hostile)),
			status: 202, outcome: hintUnknownCluster, says: "is not in kagu.yaml",
		},
		{name: "malformed JSON", body: `{"version":"4","alerts":[{`, status: 400, outcome: hintMalformed, says: "read the payload"},
		{name: "alerts that are no list", body: `{"version":"4","alerts":{"a":1}}`, status: 400, outcome: hintMalformed, says: "want a list"},
		{name: "nothing", body: ``, status: 400, outcome: hintMalformed, says: "read the payload"},
		{name: "null", body: `null`, status: 400, outcome: hintMalformed, says: "version"},
		{name: "another version", body: `{"version":"3","alerts":[]}`, status: 400, outcome: hintMalformed, says: `version is \"3\"`},
		{name: "two payloads in one", body: webhook(0, labels()) + webhook(0, labels()), status: 400, outcome: hintMalformed, says: "more after the payload"},
		{
			name: "20 MB: refused, and all clusters are looked at", body: `{"version":"4","receiver":"` + strings.Repeat("x", 20<<20) + `"}`,
			status: 413, outcome: hintTooLarge, hints: everywhere, says: "more than",
		},
		{
			name: "a million empty alerts", body: `{"version":"4","alerts":[{}` + strings.Repeat(",{}", 1_000_000) + `]}`,
			status: 413, outcome: hintTooLarge, hints: everywhere, says: "20000 alerts",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newDesk()
			w := d.post(tc.body)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("answered %d %s, want %d %q", w.Code, w.Body, tc.status, tc.says)
			}
			ignore := cmpopts.IgnoreFields(journal.Hint{}, "StartsAt", "Last")
			if diff := cmp.Diff(tc.hints, d.memo.hints, ignore); diff != "" {
				t.Errorf("hints (-want +got):\n%s", diff)
			}
			if n := d.count(tc.outcome); n != 1 {
				t.Errorf("remediator_hints_total{outcome=%q} is %v, want 1", tc.outcome, n)
			}
			if len(d.woken) != len(tc.hints) {
				t.Errorf("woke %q", d.woken)
			}
			if strings.ContainsRune(d.log.String(), 0x1b) {
				t.Error("an escape sequence reached the log")
			}
		})
	}
}

func TestATruncatedPayloadMakesUsLookEverywhere(t *testing.T) {
	d := newDesk()
	d.post(webhook(7, labels()))
	if diff := cmp.Diff([]string{"backoffice", "billing"}, d.woken); diff != "" {
		t.Error(diff)
	}
	for _, h := range d.memo.hints[1:] {
		if !h.Resolved {
			t.Errorf("%+v would allow an act on a cluster that no alert names", h)
		}
	}
}

func TestWhatCannotBeStoredIsNotAccepted(t *testing.T) {
	d := newDesk()
	d.memo.err = errors.New("database or disk is full")
	if w := d.post(webhook(0, labels())); w.Code != http.StatusServiceUnavailable {
		t.Errorf("answered %d, want 503 so that Alertmanager sends it again", w.Code)
	}
	if d.count(hintLost) != 1 || d.count(hintStored) != 0 || len(d.woken) != 0 {
		t.Error("it counts as stored")
	}
}

func TestAnAlertWithoutAStartIsTooOldToActOn(t *testing.T) {
	d := newDesk()
	d.post(`{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"a","cluster":"backoffice","remediate":"true"}}]}`)
	if h := d.memo.hints[0]; time.Since(h.StartsAt) < time.Hour || h.Fingerprint == "" {
		t.Errorf("got %+v, want an old start and a fingerprint of its own", h)
	}
}

func TestAWebPageCannotSendAlerts(t *testing.T) {
	d := newDesk()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v1/alerts", strings.NewReader(webhook(0, labels()))))
	if w.Code != http.StatusUnsupportedMediaType || len(d.memo.hints) != 0 {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

func TestASenderThatHangsUpIsNoFullDisk(t *testing.T) {
	d := newDesk()
	d.memo.err = fmt.Errorf("store hints: %w", context.Canceled)
	if w := d.post(webhook(0, labels())); w.Code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", w.Code)
	}
	if d.count(hintLost) != 0 || testutil.ToFloat64(d.Metrics.journalErrors) != 0 {
		t.Error("it counts as a failure of the journal")
	}
}

func TestOnlyPostIsTaken(t *testing.T) {
	d := newDesk()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/alerts", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("answered %d", w.Code)
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add([]byte(webhook(0, labels())))
	f.Add([]byte(webhook(3, labels("cluster", "x"), labels("node", "\x00"))))
	f.Add([]byte(`{"version":"4","alerts":[{"status":"resolved","labels":{"remediate":"true","cluster":"backoffice"},"startsAt":"9999-12-31T23:59:59Z"}]}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`[]`))
	d := newDesk()
	d.Log = slog.New(slog.DiscardHandler)
	j, err := journal.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = j.Close() })
	d.Store = j
	f.Fuzz(func(t *testing.T, body []byte) {
		d.woken = nil
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		d.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusAccepted, http.StatusBadRequest:
		default:
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		for _, name := range d.woken {
			if name != "backoffice" && name != "billing" {
				t.Errorf("woke %q", name)
			}
		}
		_, _ = io.Copy(io.Discard, w.Body)
	})
}
