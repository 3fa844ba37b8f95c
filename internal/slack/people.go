package slack

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/kagu-db/kagu/internal/inventory"
)

// People are told over the webhook that is in force now, or by the log if there is none.
type People struct {
	Settings func() inventory.Slack
	Log      *slog.Logger
}

// Tell brings them one line.
func (p People) Tell(ctx context.Context, text string) error {
	now := p.Settings()
	if now.Webhook.Empty() {
		p.Log.InfoContext(ctx, "message for humans", "text", text)
		return nil
	}
	return Webhook{URL: now.Webhook, Channel: now.Channel, Client: http.DefaultClient}.Tell(ctx, text)
}
