package alerts

import (
	_ "embed"

	"github.com/prometheus/common/model"
)

//go:embed templates/kagu.tmpl
var messages []byte

// Receivers says where Alertmanager sends. An empty place is a route to nowhere, so that
// the file is complete from the first day on.
type Receivers struct {
	Remediator       string // host:port
	Backupd          string // host:port
	SlackWebhookFile string // holds the incoming webhook's URL; the URL itself is never written
	SlackChannel     string // optional: the webhook has one of its own
	Watchdog         string // URL of a dead man's switch
}

// The receivers of Alertmanager.
const (
	toHumans     = "slack"
	toRemediator = "remediator"
	toBackupd    = "backupd"
	toWatchdog   = "watchdog"
	toNobody     = "nobody"
)

type amConfig struct {
	Templates    []string     `yaml:"templates"`
	Route        amRoute      `yaml:"route"`
	InhibitRules []amInhibit  `yaml:"inhibit_rules"`
	Receivers    []amReceiver `yaml:"receivers"`
}

type amRoute struct {
	Receiver       string         `yaml:"receiver"`
	Matchers       []string       `yaml:"matchers,omitempty,flow"`
	Continue       bool           `yaml:"continue,omitempty"`
	GroupBy        []string       `yaml:"group_by,omitempty,flow"`
	GroupWait      model.Duration `yaml:"group_wait"`
	GroupInterval  model.Duration `yaml:"group_interval"`
	RepeatInterval model.Duration `yaml:"repeat_interval"`
	Routes         []amRoute      `yaml:"routes,omitempty"`
}

type amReceiver struct {
	Name           string      `yaml:"name"`
	SlackConfigs   []amSlack   `yaml:"slack_configs,omitempty"`
	WebhookConfigs []amWebhook `yaml:"webhook_configs,omitempty"`
}

type amSlack struct {
	APIURLFile   string   `yaml:"api_url_file"`
	Channel      string   `yaml:"channel,omitempty"`
	SendResolved bool     `yaml:"send_resolved"`
	Color        string   `yaml:"color"`
	Title        string   `yaml:"title"`
	TitleLink    string   `yaml:"title_link"`
	Text         string   `yaml:"text"`
	Fallback     string   `yaml:"fallback"`
	Footer       string   `yaml:"footer"`
	MarkdownIn   []string `yaml:"mrkdwn_in,flow"`
}

type amWebhook struct {
	URL          string `yaml:"url"`
	SendResolved bool   `yaml:"send_resolved"`
	MaxAlerts    int    `yaml:"max_alerts"`
}

// Alertmanager returns alertmanager.yml. It loads in 0.25 and later.
func Alertmanager(to Receivers, p Profile) ([]byte, error) {
	return document(amConfig{
		Templates:    []string{"templates/*.tmpl"},
		Route:        routes(p),
		InhibitRules: inhibitions(),
		Receivers: []amReceiver{
			{Name: toHumans, SlackConfigs: slack(to)},
			{Name: toRemediator, WebhookConfigs: hints(to.Remediator)},
			{Name: toBackupd, WebhookConfigs: hints(to.Backupd)},
			{Name: toWatchdog, WebhookConfigs: watchdog(to)},
			{Name: toNobody},
		},
	})
}

// routes sends every alert to humans, and those that ask for it to the remediator or backupd too.
// Their groups are a cluster's: it is looked at as a whole, once.
func routes(p Profile) amRoute {
	root := p.Tell.route(toHumans)
	root.GroupBy = []string{"cluster", "alertname"}

	dead := p.Look.route(toWatchdog)
	dead.Matchers = []string{`alertname="Watchdog"`}
	dead.GroupBy = []string{"alertname"}

	look := p.Look.route(toRemediator)
	look.Matchers = []string{`remediate="true"`}
	look.GroupBy = []string{"cluster", "alertname"}
	look.Continue = true

	keep := p.Look.route(toBackupd)
	keep.Matchers = []string{`backup=~"take|verify"`}
	keep.GroupBy = []string{"cluster", "alertname"}
	keep.Continue = true

	quiet := p.Tell.route(toNobody)
	quiet.Matchers = []string{`severity="info"`}

	page := p.Page.route(toHumans)
	page.Matchers = []string{`severity="critical"`}

	// An alert that matched a route with continue no longer falls back to the root, so the
	// last route takes what is left.
	root.Routes = []amRoute{dead, look, keep, quiet, page, p.Tell.route(toHumans)}
	return root
}

func (p Pace) route(receiver string) amRoute {
	return amRoute{Receiver: receiver, GroupWait: span(p.Wait), GroupInterval: span(p.Again), RepeatInterval: span(p.Repeat)}
}

func slack(to Receivers) []amSlack {
	if to.SlackWebhookFile == "" {
		return nil
	}
	return []amSlack{{
		APIURLFile:   to.SlackWebhookFile,
		Channel:      to.SlackChannel,
		SendResolved: true,
		Color:        `{{ template "kagu.slack.color" . }}`,
		Title:        `{{ template "kagu.slack.title" . }}`,
		TitleLink:    `{{ template "kagu.slack.link" . }}`,
		Text:         `{{ template "kagu.slack.text" . }}`,
		Fallback:     `{{ template "kagu.slack.title" . }}`,
		Footer:       "kagu",
		MarkdownIn:   []string{"text"},
	}}
}

// hints leaves max_alerts at 0, which is without a limit: the daemons want them all.
func hints(daemon string) []amWebhook {
	if daemon == "" {
		return nil
	}
	return []amWebhook{{URL: "http://" + daemon + "/api/v1/alerts", SendResolved: true}}
}

func watchdog(to Receivers) []amWebhook {
	if to.Watchdog == "" {
		return nil
	}
	return []amWebhook{{URL: to.Watchdog}}
}

// Template is a file of message templates.
type Template struct {
	Name string
	Text []byte
}

// Templates returns the message templates that Alertmanager's configuration refers to.
func Templates() []Template { return []Template{{Name: "kagu.tmpl", Text: messages}} }
