package remediator

import (
	"errors"
	"fmt"

	"github.com/kagu-db/kagu/internal/journal"
)

// ErrNotNow says that an incident's state does not allow what a human asked for.
var ErrNotNow = errors.New("not possible now")

func subject(inc journal.Incident) string {
	if inc.Node == WholeCluster {
		return inc.Cluster
	}
	return inc.Cluster + "/" + inc.Node
}

func refusal(inc journal.Incident, plan Plan, veto *Veto) string {
	if inc.State == journal.StateProposed {
		return fmt.Sprintf("🔵 %s: %s. Proposed: %s. `kagu approve %s` lets it happen.", subject(inc), inc.Problem, plan, inc.ID)
	}
	if len(plan.Steps) > 0 {
		return fmt.Sprintf("🟠 %s: %s. Not acting because %s. Would otherwise: %s. (incident %s)", subject(inc), inc.Problem, veto.Reason, plan, inc.ID)
	}
	return fmt.Sprintf("🟠 %s: %s. Not acting because %s. (incident %s)", subject(inc), inc.Problem, veto.Reason, inc.ID)
}

func acting(inc journal.Incident, plan Plan) string {
	return fmt.Sprintf("🔧 %s: %s. Doing: %s. (incident %s)", subject(inc), inc.Problem, plan, inc.ID)
}

func held(inc journal.Incident) string {
	return fmt.Sprintf("🟠 %s: %s. %s. Watching; `kagu release %s` when you have looked.", subject(inc), inc.Problem, inc.Summary, inc.ID)
}

func ending(inc journal.Incident) string {
	switch inc.State {
	case journal.StateHealed:
		return fmt.Sprintf("✅ %s: %s is healed: %s. (incident %s)", subject(inc), inc.Problem, inc.Summary, inc.ID)
	case journal.StateGone:
		return fmt.Sprintf("✅ %s: %s %s. (incident %s)", subject(inc), inc.Problem, inc.Summary, inc.ID)
	case journal.StateRefused:
		if inc.Told == "refused/stopped" {
			return fmt.Sprintf("🟠 %s: %s. Stopped before anything was sent: %s. (incident %s)", subject(inc), inc.Problem, inc.Summary, inc.ID)
		}
		return fmt.Sprintf("🟠 %s: %s. The host would not: %s. (incident %s)", subject(inc), inc.Problem, inc.Summary, inc.ID)
	default:
		return fmt.Sprintf("🔴 %s: %s. It did not help: %s. A human is needed: `kagu incidents %s`.", subject(inc), inc.Problem, inc.Summary, inc.ID)
	}
}
