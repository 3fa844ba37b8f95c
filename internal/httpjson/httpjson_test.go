package httpjson_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/httpjson"
)

var (
	errNobody = errors.New("nobody answers")
	errTaken  = errors.New("it is taken")
)

func TestAClientAndAnAnswererUnderstandEachOther(t *testing.T) {
	var log bytes.Buffer
	a := httpjson.Answerer{Log: slog.New(slog.NewTextHandler(&log, nil)), Status: func(err error) int {
		if errors.Is(err, errTaken) {
			return http.StatusConflict
		}
		return 0
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ Want string }
		if err := httpjson.Read(r, &ask); err != nil {
			a.Fail(w, r, err)
			return
		}
		switch ask.Want {
		case "taken":
			a.Fail(w, r, errTaken)
		case "broken":
			a.Fail(w, r, errors.New("the disk is full"))
		default:
			a.Reply(w, r, http.StatusOK, ask)
		}
	}))
	defer server.Close()
	c := httpjson.Client{URL: server.URL + "/", HTTP: server.Client(), Who: "the daemon", Nobody: errNobody, Remedy: "start it"}
	for _, tc := range []struct {
		name   string
		body   any
		status int
		says   string
	}{
		{"good", map[string]string{"Want": "x"}, 0, ""},
		{"a key that nobody knows", map[string]string{"Wnat": "x"}, 400, "Wnat"},
		{"an error that has a status", map[string]string{"Want": "taken"}, 409, "it is taken"},
		{"an error that has none is our own", map[string]string{"Want": "broken"}, 500, "the disk is full"},
		{"a body that is too long", map[string]string{"Want": strings.Repeat("x", 1<<17)}, 400, "read the body"},
	} {
		var got struct{ Want string }
		err := c.Do(t.Context(), http.MethodPost, "/", tc.body, &got)
		var refusal *httpjson.Refusal
		switch {
		case tc.status == 0 && (err != nil || got.Want != "x"):
			t.Errorf("%s: %v %+v", tc.name, err, got)
		case tc.status != 0 && (!errors.As(err, &refusal) || refusal.Status != tc.status || !strings.Contains(err.Error(), tc.says)):
			t.Errorf("%s: %#v", tc.name, err)
		}
	}
	if n := strings.Count(log.String(), "request failed"); n != 1 {
		t.Errorf("%d failures of our own are logged: %s", n, &log)
	}
	server.Close()
	if err := c.Do(t.Context(), http.MethodGet, "/", nil, nil); !errors.Is(err, errNobody) || !strings.HasSuffix(err.Error(), "; start it") {
		t.Errorf("got %v", err)
	}
}

func TestAWebPageCannotSendWhatIsTaken(t *testing.T) {
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{}`))
		r.Header.Set("Content-Type", kind)
		if err := httpjson.Read(r, &struct{}{}); err == nil {
			t.Errorf("%q is taken", kind)
		}
	}
}
