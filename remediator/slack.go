package remediator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// Slack delivers lines to an incoming webhook. Its URL is a secret: no error shows it.
type Slack struct {
	Webhook inventory.Secret
	Channel string
	Client  *http.Client
}

// Tell posts the line.
func (s Slack) Tell(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	message := map[string]string{"text": slackEscaper.Replace(text)}
	if s.Channel != "" {
		message["channel"] = s.Channel
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Webhook.Reveal(), bytes.NewReader(mustJSON(message)))
	if err != nil {
		return errors.New("send to Slack: the webhook's URL is not valid")
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.Client.Do(req)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return fmt.Errorf("send to Slack: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 200))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("send to Slack: it answered %s: %q", resp.Status, body)
	}
	return err
}

// slackEscaper keeps text from becoming Slack's markup for links and mentions.
var slackEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
