package alertmsg_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/template"

	"github.com/kagu-db/kagu/internal/alertmsg"
)

func request(body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	return r
}

func TestRead(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		status     int
		alerts     int
	}{
		{"one alert, and a key of a later release", `{"version":"4","later":1,"alerts":[{"labels":{"a":"b"}}]}`, 0, 1},
		{"no alert", `{"version":"4"}`, 0, 0},
		{"another version", `{"version":"5","alerts":[]}`, 400, 0},
		{"two payloads", `{"version":"4"}{"version":"4"}`, 400, 0},
		{"no list", `{"version":"4","alerts":7}`, 400, 0},
		{"too many", `{"version":"4","alerts":[{}` + strings.Repeat(",{}", alertmsg.MaxAlerts) + `]}`, 413, 0},
		{"too long", `{"version":"4","receiver":"` + strings.Repeat("x", alertmsg.MaxBytes) + `"}`, 413, 0},
	} {
		m, status, err := alertmsg.Read(request([]byte(tc.body)))
		if status != tc.status || (err != nil) != (status != 0) || len(m.Alerts) != tc.alerts {
			t.Errorf("%s: %d %v, %d alerts", tc.name, status, err, len(m.Alerts))
		}
	}
}

func TestAnAlertOfWhichLittleIsKnown(t *testing.T) {
	a := template.Alert{Labels: template.KV{"alertname": "x\x1b[2J" + strings.Repeat("y", 999)}, Fingerprint: strings.Repeat("f", 65)}
	if got := alertmsg.Fingerprint(a); len(got) != 16 {
		t.Errorf("fingerprint %q", got)
	}
	if got := alertmsg.Name(a); strings.ContainsRune(got, 0x1b) || len(got) > 300 {
		t.Errorf("name %q", got)
	}
	if got := alertmsg.StartsAt(a); time.Since(got) < time.Hour {
		t.Errorf("starts at %s", got)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"version":"4","alerts":[{"status":"firing","labels":{"cluster":"c"},"startsAt":"9999-12-31T23:59:59Z"}]}`, `null`, `[]`, `{"version":"4","alerts":[[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, status, err := alertmsg.Read(request(body))
		if (err == nil) != (status == 0) {
			t.Fatalf("%d %v", status, err)
		}
		for _, a := range m.Alerts {
			if fp := alertmsg.Fingerprint(a); fp == "" || len(fp) > 64 {
				t.Errorf("fingerprint %q", fp)
			}
			_ = alertmsg.StartsAt(a).UnixNano()
		}
	})
}
