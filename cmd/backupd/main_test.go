package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/common/promslog"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
)

// What kagu and Alertmanager ask is answered where they ask it.
func TestWhatKaguAndAlertmanagerAsk(t *testing.T) {
	c, err := backupd.OpenCatalogue(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fleet := &inventory.Fleet{Clusters: []inventory.Cluster{{Name: "backoffice", Kind: cluster.KindGalera, Backup: &inventory.Backup{}}}}
	p, err := newProgram(settings{storage: t.TempDir()}, &configuration{fleet: fleet}, c, promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/api/v1/backups", "", 200, `"cluster":"backoffice"`},
		{"GET", "/api/v1/schedule", "", 200, "[]"},
		{"GET", "/api/v1/openapi.yaml", "", 200, "openapi: 3.0.3"},
		{"POST", "/api/v1/clusters/backoffice/prove", `{"by":"ana"}`, 404, "no backup"},
		{"POST", "/api/v1/alerts", `{"version":"4","alerts":[{"status":"firing","labels":{"cluster":"backoffice","backup":"verify"}}]}`, 202, `"stored":1`},
	} {
		r := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s %s: answered %d %s", tc.method, tc.path, w.Code, w.Body)
		}
	}
	if pending, err := c.PendingHints(t.Context()); err != nil || len(pending) != 1 {
		t.Errorf("pending %+v %v", pending, err)
	}
}
