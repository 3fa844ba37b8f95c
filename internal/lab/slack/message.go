package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Message is one thing that somebody said.
type Message struct {
	At      time.Time       `json:"at"`
	Channel string          `json:"channel,omitempty"`
	Text    string          `json:"text"`    // what a human would read, links and colours left out
	Payload json.RawMessage `json:"payload"` // as it came
}

// payload is the part of a webhook's body that a human gets to see.
type payload struct {
	Channel     string `json:"channel"`
	Text        string `json:"text"`
	Attachments []struct {
		Pretext string `json:"pretext"`
		Title   string `json:"title"`
		Text    string `json:"text"`
		Fields  []struct {
			Title string `json:"title"`
			Value string `json:"value"`
		} `json:"fields"`
	} `json:"attachments"`
	Blocks []struct {
		Text *struct {
			Text string `json:"text"`
		} `json:"text"`
	} `json:"blocks"`
}

// ErrNoText says that a body is not what Slack would take.
var ErrNoText = errors.New("no_text")

// Parse reads the body of a webhook. Like Slack it refuses one that says nothing.
func Parse(body []byte, at time.Time) (Message, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return Message{}, fmt.Errorf("invalid_payload: %w", err)
	}
	said := []string{p.Text}
	for _, a := range p.Attachments {
		said = append(said, a.Pretext, a.Title, a.Text)
		for _, f := range a.Fields {
			said = append(said, strings.TrimPrefix(f.Title+": "+f.Value, ": "))
		}
	}
	for _, b := range p.Blocks {
		if b.Text != nil {
			said = append(said, b.Text.Text)
		}
	}
	var lines []string
	for _, s := range said {
		if s = strings.TrimSpace(s); s != "" {
			lines = append(lines, s)
		}
	}
	if len(lines) == 0 {
		return Message{}, ErrNoText
	}
	return Message{At: at.UTC(), Channel: p.Channel, Text: strings.Join(lines, "\n"), Payload: body}, nil
}
