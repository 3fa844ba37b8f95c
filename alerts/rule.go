package alerts

import (
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
)

// Severity says how soon a human should act.
type Severity string

// The severities.
const (
	Critical Severity = "critical" // somebody acts now
	Warning  Severity = "warning"  // somebody acts within the day
	Info     Severity = "info"     // shown, not sent
	None     Severity = "none"     // not about the fleet: the watchdog
)

// Scope says what an alert is about. Inhibition goes by it.
type Scope string

// The scopes.
const (
	ScopeNode       Scope = "node"
	ScopeCluster    Scope = "cluster"
	ScopeExporter   Scope = "exporter"
	ScopeRemediator Scope = "remediator"
	ScopeBackup     Scope = "backup"
	ScopePipeline   Scope = "pipeline"
)

// Rule is one alert.
type Rule struct {
	Name      string
	Expr      string        // PromQL, with names from internal/metric
	For       time.Duration // how long it must hold before it fires, in production
	Severity  Severity
	Scope     Scope
	Remediate bool   // the remediator is asked to look
	Asks      string // backupd is asked for this: "take" or "verify"; may use Prometheus' templates

	Summary     string // one line, for a phone; may use Prometheus' templates
	Description string // what it means and what happens next
}

// RunbookURL is where a human reads on; the page is docs/runbooks/<Name>.md.
func (r Rule) RunbookURL() string {
	return "https://github.com/kagu-db/kagu/blob/main/docs/runbooks/" + r.Name + ".md"
}

// Recording is a query whose answer is kept under a name of its own.
type Recording struct {
	Name   string
	Expr   string
	Labels map[string]string // added to what Expr returns
}

// Group is a list of recordings and rules that are evaluated one after the other, recordings
// first, so that a rule sees what was recorded in the same turn.
type Group struct {
	Name       string
	Recordings []Recording
	Rules      []Rule
}

// File is one file of rules.
type File struct {
	Name   string       // "galera.yml"
	Kind   cluster.Kind // of the clusters that it is about; "" for any fleet
	Groups []Group
}

// Files lists every file of rules, whatever kinds of clusters a fleet has.
func Files() []File {
	return []File{
		{Name: "galera.yml", Kind: cluster.KindGalera, Groups: galera()},
		{Name: "ndb.yml", Kind: cluster.KindNDB, Groups: ndb()},
		{Name: "remediator.yml", Groups: remediator()},
		{Name: "backupd.yml", Groups: backupd()},
		{Name: "pipeline.yml", Groups: pipeline()},
	}
}

// Rules returns the alerts of the files, in order.
func Rules(files []File) []Rule {
	var rules []Rule
	for _, f := range files {
		for _, g := range f.Groups {
			rules = append(rules, g.Rules...)
		}
	}
	return rules
}

// expr builds a query from text and the names of families.
func expr(format string, names ...any) string { return fmt.Sprintf(format, names...) }
