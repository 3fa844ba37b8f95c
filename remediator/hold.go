package remediator

import (
	"context"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// hold deals with an act that an earlier run left unfinished: nothing is sent again. The
// cluster is held until the node has been seen well for as long as the policy wants, or until
// a human releases it.
func (w *worker) hold(ctx context.Context, c inventory.Cluster, found []Finding) (time.Duration, error) {
	acts, err := w.Journal.Unfinished(ctx, c.Name)
	if err != nil || len(acts) == 0 { // a human released it during the look
		return time.Nanosecond, err
	}
	in := acts[0]
	inc, err := w.Journal.Incident(ctx, in.Incident)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	if inc.State.Closed() { // interrupted between the incident's end and the intent's
		return time.Nanosecond, w.Journal.Finish(ctx, in.ID, outcomeHealed, now)
	}
	if inc.State != journal.StateHeld {
		inc.State, inc.Updated = journal.StateHeld, now
		inc.Summary = howFar(in) + "; nothing is sent again, and the cluster is held"
		inc.Told = "held"
		w.Log.WarnContext(ctx, "cluster held", "cluster", c.Name, "incident", inc.ID, "intent", in.ID, "reason", inc.Summary)
		if err := w.Journal.SetIncident(ctx, inc, held(inc), journal.Event{At: now, Kind: "held", Node: in.Node, Text: inc.Summary}); err != nil {
			return 0, err
		}
	}
	if hasNode(found, in.Node) {
		w.healthySince = time.Time{}
		return min(w.Relook, c.Policy.VerifyFor+time.Second), nil
	}
	if w.healthySince.IsZero() {
		w.healthySince = now
	}
	if left := c.Policy.VerifyFor - now.Sub(w.healthySince); left > 0 {
		return min(left, w.Relook), nil
	}
	w.healthySince = time.Time{}
	return time.Nanosecond, w.finish(ctx, in, inc, outcomeHealed, "seen well after a restart of the remediator")
}

func howFar(in journal.Intent) string {
	if len(in.Steps) == 0 {
		return "the remediator was interrupted before the first verb was sent to " + in.Node
	}
	last := in.Steps[len(in.Steps)-1]
	if last.Ended.IsZero() {
		return fmt.Sprintf("the remediator was interrupted and does not know whether the verb sent to %s at %s was carried out", in.Node, last.Begun.Format(time.TimeOnly))
	}
	return fmt.Sprintf("the remediator was interrupted after the verb sent to %s at %s (%s)", in.Node, last.Begun.Format(time.TimeOnly), last.Outcome)
}

// Release ends the hold of an incident's cluster: a human has looked. The next look decides
// afresh.
func (e *Engine) Release(ctx context.Context, incident, by string) error {
	inc, err := e.Journal.Incident(ctx, incident)
	if err != nil {
		return err
	}
	if inc.State != journal.StateHeld {
		return fmt.Errorf("%w: the incident %s is not held, it is %s", ErrNotNow, incident, inc.State)
	}
	acts, err := e.Journal.Unfinished(ctx, inc.Cluster)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, act := range acts {
		if err := e.Journal.Finish(ctx, act.ID, outcomeReleased, now); err != nil {
			return err
		}
	}
	inc.State, inc.Updated, inc.Summary = journal.StateOpen, now, "released by "+by
	if err := e.Journal.SetIncident(ctx, inc, "", journal.Event{At: now, Kind: "released", Node: inc.Node, Text: inc.Summary}); err != nil {
		return err
	}
	e.Log.InfoContext(ctx, "cluster released", "cluster", inc.Cluster, "incident", inc.ID, "by", by)
	e.Wake(inc.Cluster)
	return nil
}

// Approve records a human's consent to the plan that an open incident shows now.
func (e *Engine) Approve(ctx context.Context, incident, by string) error {
	inc, err := e.Journal.Incident(ctx, incident)
	if err != nil {
		return err
	}
	var plan Plan
	switch {
	case inc.State.Closed():
		return fmt.Errorf("%w: the incident %s is over (%s)", ErrNotNow, incident, inc.State)
	case len(inc.Plan) == 0:
		return fmt.Errorf("%w: the incident %s has no plan to approve: %s", ErrNotNow, incident, inc.Summary)
	case inc.State == journal.StateActing || inc.State == journal.StateHeld:
		return fmt.Errorf("%w: the incident %s is %s", ErrNotNow, incident, inc.State)
	}
	if c, ok := e.Fleet().Cluster(inc.Cluster); ok && c.Mode == cluster.ModeObserve {
		return fmt.Errorf("%w: the mode of %s is observe, and an approval does not change that; see mode in kagu.yaml", ErrNotNow, inc.Cluster)
	}
	if plan, err = readPlan(inc.Plan); err != nil {
		return err
	}
	now := time.Now()
	a := journal.Approval{Plan: plan.Digest(), By: by, At: now}
	if err := e.Journal.Approve(ctx, incident, a, journal.Event{At: now, Kind: "approved", Node: inc.Node, Text: plan.String() + " approved by " + by}); err != nil {
		return err
	}
	e.Log.InfoContext(ctx, "plan approved", "cluster", inc.Cluster, "incident", inc.ID, "by", by, "plan", plan.String())
	e.Wake(inc.Cluster)
	return nil
}
