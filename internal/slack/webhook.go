package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// A Webhook delivers lines to an incoming webhook of Slack. Its URL is a secret: no error shows it.
type Webhook struct {
	URL     inventory.Secret
	Channel string
	Client  *http.Client
}

// Tell posts the line.
func (s Webhook) Tell(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	message := map[string]string{"text": escaper.Replace(text)}
	if s.Channel != "" {
		message["channel"] = s.Channel
	}
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("send to Slack: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL.Reveal(), bytes.NewReader(body))
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
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 200))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("send to Slack: it answered %s: %q", resp.Status, answer)
	}
	return err
}

// escaper keeps text from becoming Slack's markup for links and mentions.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
