// Package slack is a receiver that stands in for Slack in a lab.
//
// It takes what Slack's incoming webhooks take, from Alertmanager and from the remediator,
// keeps every message in a file of JSON lines before it answers, and shows them on a page.
package slack
