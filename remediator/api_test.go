package remediator

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

func (b *bench) api() http.Handler {
	mux := http.NewServeMux()
	a := &API{Fleet: b.Fleet, Journal: b.Journal, Engine: b.Engine, Log: slog.New(slog.DiscardHandler)}
	a.Register(mux)
	return mux
}

func call(h http.Handler, method, path, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModePropose)
		b.ward.kill("n2")
		b.run()
		defer b.close()
		b.alert("backoffice", 0, false)
		b.wait(time.Second)
		api, id, json := b.api(), b.incident().ID, "application/json"
		soon := time.Now().Add(time.Hour).Format(time.RFC3339)
		for _, tc := range []struct {
			name, method, path, kind, body string
			status                         int
			says                           string
		}{
			{"status", "GET", "/api/v1/status", "", "", 200, `"mode":"propose"`},
			{"incidents", "GET", "/api/v1/incidents?open=true", "", "", 200, id},
			{"a limit that is none", "GET", "/api/v1/incidents?limit=x", "", "", 400, "1 to 1000"},
			{"an incident that is none", "GET", "/api/v1/incidents/nope", "", "", 404, "not found; kagu incidents shows those there are"},
			{"a form, as a web page could send it", "POST", "/api/v1/incidents/" + id + "/approve", "application/x-www-form-urlencoded", "by=x", 400, "send JSON"},
			{"approve without a name", "POST", "/api/v1/incidents/" + id + "/approve", json, `{}`, 400, "say who"},
			{"approve with an unknown key", "POST", "/api/v1/incidents/" + id + "/approve", json, `{"by":"ana","force":true}`, 400, "force"},
			{"approve what is none", "POST", "/api/v1/incidents/nope/approve", json, `{"by":"ana"}`, 404, "not found; kagu incidents shows those there are"},
			{"release what is not held", "POST", "/api/v1/incidents/" + id + "/release", json, `{"by":"ana"}`, 409, "is not held"},
			{"maintenance of no cluster", "PUT", "/api/v1/clusters/nope/maintenance", json, `{"until":"` + soon + `","by":"ana","why":"x"}`, 404, "kagu.yaml"},
			{"maintenance in the past", "PUT", "/api/v1/clusters/backoffice/maintenance", json, `{"until":"1999-01-01T00:00:00Z","by":"ana","why":"x"}`, 400, "future"},
			{"maintenance for ever", "PUT", "/api/v1/clusters/backoffice/maintenance", json, `{"until":"2099-01-01T00:00:00Z","by":"ana","why":"x"}`, 400, "30 days"},
			{"maintenance without a reason", "PUT", "/api/v1/clusters/backoffice/maintenance", json, `{"until":"` + soon + `","by":"ana"}`, 400, "why"},
			{"maintenance", "PUT", "/api/v1/clusters/backoffice/maintenance", json, `{"until":"` + soon + `","by":"ana","why":"new disk"}`, 200, "new disk"},
			{"status in maintenance", "GET", "/api/v1/status", "", "", 200, `"why":"new disk"`},
			{"maintenance ends", "DELETE", "/api/v1/clusters/backoffice/maintenance", "", "", 204, ""},
			{"approve", "POST", "/api/v1/incidents/" + id + "/approve", json, `{"by":"ana"}`, 200, `"by":"ana"`},
		} {
			w := call(api, tc.method, tc.path, tc.kind, tc.body)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("%s: answered %d %s, want %d %q", tc.name, w.Code, w.Body, tc.status, tc.says)
			}
		}
		b.wait(time.Minute)
		b.wantOrders("start n2")
		if w := call(api, "POST", "/api/v1/incidents/"+id+"/approve", json, `{"by":"ana"}`); w.Code != http.StatusConflict {
			t.Errorf("approved a healed incident: %d %s", w.Code, w.Body)
		}
	})
}
