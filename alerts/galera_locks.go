package alerts

import (
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// galeraLocks is about sessions that hold up others. Whom to end is not in a label: the worst
// blocker changes, and an alert that changes its labels never gets old enough to fire.
func galeraLocks() []Rule {
	return []Rule{
		{
			Name:     "GaleraLockPileUp",
			Expr:     expr(`%s > 20`, metric.GaleraLockBlockerWaiters),
			For:      time.Minute,
			Severity: Critical,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: {{ $value }} sessions wait for one session's {{ $labels.lock }} lock",
			Description: "One session holds what all of them need, and more come. " +
				"The board names it; if it ends, they all go on. Left alone, they use up the connections.",
		},
		{
			Name:     "GaleraLockWaitLong",
			Expr:     expr(`time() - %s > 120`, metric.GaleraLockOldestWaitStartTimestampSeconds),
			For:      time.Minute,
			Severity: Warning,
			Scope:    ScopeNode,
			Summary:  "{{ $labels.node }} of {{ $labels.cluster }}: one waits {{ $value | humanizeDuration }} for a {{ $labels.lock }} lock",
			Description: "A client stands still behind another one, longer than any usual transaction takes. " +
				"The board names the one that holds the lock.",
		},
	}
}
