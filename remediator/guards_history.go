package remediator

import (
	"context"
	"slices"
	"time"

	"github.com/kagu-db/kagu/internal/journal"
)

// Cooldown vetoes for a while after each act on the cluster. A human's consent ends it early.
type Cooldown struct{ Journal *journal.Journal }

// afterRefusal is the pause after an act that the host refused, or that we stopped ourselves:
// nothing was done, but trying again at once would end in the same way.
const afterRefusal = time.Minute

// Name returns "cooldown".
func (Cooldown) Name() string { return "cooldown" }

// Check looks at the acts in the journal.
func (g Cooldown) Check(ctx context.Context, c Case) error {
	now, pause := time.Now(), c.Cluster.Policy.Cooldown
	if c.Consent {
		return nil
	}
	acts, err := g.Journal.Since(ctx, c.Cluster.Name, now.Add(-max(pause, afterRefusal)))
	if err != nil {
		return err
	}
	for _, act := range acts {
		if act.Finished.IsZero() || act.Outcome == outcomeReleased {
			continue // see Unfinished; a human has looked
		}
		until := act.Finished.Add(pause)
		if act.Outcome == outcomeRefused || act.Outcome == outcomeStopped {
			until = act.Finished.Add(afterRefusal)
		}
		if now.Before(until) {
			return vetof(g.Name(), "the last act on the cluster (%s, %s) ended %s ago: waiting until %s",
				act.Node, act.Outcome, now.Sub(act.Finished).Round(time.Second), until.Format(time.RFC3339))
		}
	}
	return nil
}

// Attempts vetoes when three acts on the same node failed, or were refused by its host, within
// an hour: what did not help three times will not help the fourth. A human's consent allows one more.
type Attempts struct{ Journal *journal.Journal }

const (
	maxFailures    = 3
	failuresWithin = time.Hour
)

// Name returns "attempts".
func (Attempts) Name() string { return "attempts" }

// Check counts the acts in the journal that did not help.
func (g Attempts) Check(ctx context.Context, c Case) error {
	if c.Consent {
		return nil
	}
	acts, err := g.Journal.Since(ctx, c.Cluster.Name, time.Now().Add(-failuresWithin))
	if err != nil {
		return err
	}
	failures := 0
	for _, act := range acts {
		if act.Node == c.Plan.Node && !slices.Contains([]string{outcomeHealed, outcomeReleased, outcomeStopped}, act.Outcome) {
			failures++
		}
	}
	if failures >= maxFailures {
		return vetof(g.Name(), "%d acts on %s failed within %s: find the cause, see its error log. `kagu approve %s` tries once more", failures, c.Plan.Node, failuresWithin, c.Incident.ID)
	}
	return nil
}

// Unfinished vetoes while an earlier act on the cluster has no known outcome.
type Unfinished struct{ Journal *journal.Journal }

// Name returns "held".
func (Unfinished) Name() string { return "held" }

// Check asks the journal.
func (g Unfinished) Check(ctx context.Context, c Case) error {
	acts, err := g.Journal.Unfinished(ctx, c.Cluster.Name)
	if err != nil {
		return err
	}
	if len(acts) > 0 {
		return vetof(g.Name(), "an act on %s of an earlier run is unfinished: `kagu release %s` when you have looked", acts[0].Node, acts[0].Incident)
	}
	return nil
}
