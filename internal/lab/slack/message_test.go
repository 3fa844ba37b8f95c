package slack_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kagu-db/kagu/internal/lab/slack"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, body    string
		text, channel string
		err           string
	}{
		{
			name: "the remediator's plain text", body: `{"text":"🔧 lab/n2: starting","channel":"#noc"}`,
			text: "🔧 lab/n2: starting", channel: "#noc",
		},
		{
			name: "Alertmanager's attachments, title before text, empty parts left out",
			body: `{"channel":"#noc","username":"x","attachments":[{"title":"WARNING lab","title_link":"http://a/","text":"*n1* is down\n","fallback":"f","color":"danger","mrkdwn_in":["text"]}]}`,
			text: "WARNING lab\n*n1* is down", channel: "#noc",
		},
		{
			name: "fields, with and without a title",
			body: `{"attachments":[{"fields":[{"title":"node","value":"n1"},{"value":"alone"}]}]}`,
			text: "node: n1\nalone",
		},
		{name: "blocks", body: `{"blocks":[{"type":"divider"},{"type":"section","text":{"type":"mrkdwn","text":"hello"}}]}`, text: "hello"},
		{name: "nothing said", body: `{"text":" "}`, err: "no_text"},
		{name: "no JSON", body: `text=hello`, err: "invalid_payload"},
		{name: "nothing at all", body: ``, err: "invalid_payload"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := slack.Parse([]byte(c.body), noon)
			if c.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.err) {
					t.Errorf("got %v, want %s", err, c.err)
				}
				return
			}
			want := slack.Message{At: noon, Channel: c.channel, Text: c.text, Payload: json.RawMessage(c.body)}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("error %v, want - got +\n%s", err, diff)
			}
		})
	}
}

// FuzzParse wants that whatever is taken can be kept and read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"text":"a"}`))
	f.Add([]byte(`{"attachments":[{"title":"t","fields":[{"title":"a","value":"b"}]}],"blocks":[{"text":null}]}`))
	f.Add([]byte(`{"text":"\ud800","channel":"\u2028"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := slack.Parse(body, noon)
		if err != nil {
			return
		}
		if m.Text == "" {
			t.Error("a message that says nothing was taken")
		}
		line, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("it cannot be kept: %v", err)
		}
		if strings.Contains(string(line), "\n") {
			t.Error("it is more than one line")
		}
	})
}
