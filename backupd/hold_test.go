package backupd

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMaintenanceIsAskedOfTheRemediator(t *testing.T) {
	const status = `{"clusters":[{"cluster":"voip","mode":"auto","held":false,"incidents":[]},
		{"cluster":"backoffice","mode":"propose","held":false,"incidents":[],
		"maintenance":{"cluster":"backoffice","since":"2026-03-01T10:00:00Z","until":"2026-03-01T12:00:00Z","by":"ana","why":"new disk"}}]}`
	answer, code := status, http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/status" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(answer))
	}))
	r := Remediator{URL: server.URL + "/", HTTP: server.Client()}
	for name, want := range map[string]string{"backoffice": "new disk, by ana until 2026-03-01T12:00:00Z", "voip": "", "other": ""} {
		if got, err := r.Maintenance(t.Context(), name); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	answer = "no JSON"
	if _, err := r.Maintenance(t.Context(), "voip"); err == nil || !strings.Contains(err.Error(), "read the remediator's answer") {
		t.Error(err)
	}
	code = http.StatusInternalServerError
	if _, err := r.Maintenance(t.Context(), "voip"); err == nil || !strings.Contains(err.Error(), "500") {
		t.Error(err)
	}
	server.Close()
	if _, err := r.Maintenance(t.Context(), "voip"); err == nil {
		t.Error("a remediator that is away counts as one that allows")
	}
}
