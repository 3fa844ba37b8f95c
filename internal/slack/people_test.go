package slack_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/slack"
)

func TestPeopleAreToldOverWhatIsInForceNow(t *testing.T) {
	var posted []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted = append(posted, string(body))
	}))
	defer server.Close()
	var logged bytes.Buffer
	now := inventory.Slack{}
	people := slack.People{Settings: func() inventory.Slack { return now }, Log: slog.New(slog.NewTextHandler(&logged, nil))}
	if err := people.Tell(t.Context(), "there is no Slack"); err != nil {
		t.Fatal(err)
	}
	now = inventory.Slack{Webhook: inventory.NewSecret(server.URL), Channel: "#noc"} // after a reload
	if err := people.Tell(t.Context(), "now there is"); err != nil {
		t.Fatal(err)
	}
	if text := logged.String(); !strings.Contains(text, "there is no Slack") || strings.Contains(text, "now there is") {
		t.Errorf("logged %s", text)
	}
	if len(posted) != 1 || posted[0] != `{"channel":"#noc","text":"now there is"}` {
		t.Errorf("posted %q", posted)
	}
}
