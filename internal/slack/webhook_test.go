package slack_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/slack"
)

func TestSlackGetsPlainTextAndNoErrorShowsItsURL(t *testing.T) {
	var got string
	answer := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
		w.WriteHeader(answer)
		_, _ = io.WriteString(w, "invalid_token")
	}))
	s := slack.Webhook{URL: inventory.NewSecret(server.URL + "/services/T0/B0/SECRET"), Channel: "#noc", Client: server.Client()}
	if err := s.Tell(t.Context(), "n2 <!channel> & more"); err != nil {
		t.Fatal(err)
	}
	if want := `{"channel":"#noc","text":"n2 \u0026lt;!channel\u0026gt; \u0026amp; more"}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	answer = http.StatusForbidden
	denied := s.Tell(t.Context(), "x")
	server.Close()
	gone := s.Tell(t.Context(), "x")
	for _, err := range []error{denied, gone} {
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("got %v, want an error without the secret", err)
		}
	}
}
