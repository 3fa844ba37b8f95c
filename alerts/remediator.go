package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// remediator returns the rules about the remediator itself.
func remediator() []Group {
	return []Group{{Name: "remediator", Rules: []Rule{
		{
			Name:        "RemediatorDown",
			Expr:        expr(`up{job="%s"} == 0`, JobRemediator),
			For:         time.Minute,
			Severity:    Warning,
			Scope:       ScopeRemediator,
			Summary:     "The remediator at {{ $labels.instance }} does not answer: nothing heals by itself",
			Description: "Alerts still reach humans. Until it is back, a node that dies stays dead.",
		},
		{
			Name:     "RemediatorJournalFailing",
			Expr:     expr(`increase(%s[5m]) > 0`, metric.RemediatorJournalErrors),
			Severity: Critical,
			Scope:    ScopeRemediator,
			Summary:  "The remediator at {{ $labels.instance }} cannot write its journal: nothing heals by itself",
			Description: "It acts on nothing that it cannot write down first. " +
				"The disk under its --storage.path is full, read-only or broken.",
		},
		{
			Name:     "RemediatorClusterHeld",
			Expr:     expr(`last_over_time(%s[10m]) == 1`, metric.RemediatorClusterHeld),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeRemediator,
			Summary:  "{{ $labels.cluster }} is held: an act was begun and nobody knows how it ended",
			Description: "The remediator was interrupted between writing down an act and seeing its outcome. " +
				"It keeps its hands off the cluster until the cluster is seen healthy or a human releases it.",
		},
		{
			Name:     "RemediatorKillSwitchOn",
			Expr:     expr(`last_over_time(%s[10m]) == 1`, metric.RemediatorKillSwitch),
			For:      time.Hour,
			Severity: Warning,
			Scope:    ScopeRemediator,
			Summary:  "The kill switch of the remediator at {{ $labels.instance }} is on: nothing heals by itself",
			Description: "Somebody switched healing off for the whole fleet, or the switch cannot be read, " +
				"which counts as on.",
		},
	}}}
}
