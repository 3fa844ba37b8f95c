// Package slack tells people through Slack's incoming webhooks.
package slack
