package remediator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/failpoint"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// An Actor carries out single steps. It repeats nothing: how often a step is tried is the
// engine's business, and the engine's answer is once.
type Actor interface {
	Do(ctx context.Context, o Order) (note string, err error)
}

// An Order is one step to be carried out now.
type Order struct {
	Cluster  inventory.Cluster
	Step     Step
	ID       string    // the host carries the same ID out once only
	NotAfter time.Time // the host refuses it later than this
	Why      string
}

// The ways a step can end besides nil: done.
var (
	// ErrRefused says that the host would not: nothing was done.
	ErrRefused = errors.New("the host refused")

	// ErrUnsure says that the step may have been carried out or not.
	ErrUnsure = errors.New("it is not known whether it was carried out")
)

// The outcomes of an act, as the journal and the metrics name them.
const (
	outcomeHealed   = "healed"
	outcomeFailed   = "failed"
	outcomeRefused  = "refused"
	outcomeUnsure   = "unsure"
	outcomeReleased = "released" // by a human, after an interruption
	outcomeStopped  = "stopped"  // by ourselves, before anything was sent
)

// verbHolds is how long a host may begin a step after it was ordered.
const verbHolds = 30 * time.Second

// carryOut writes the plan down as an intent, carries out its steps one at a time, verifies,
// and writes down how it ended. If the journal fails before a step, the step is not taken; if
// the context ends, the intent stays unfinished and the next run holds the cluster.
func (w *worker) carryOut(ctx context.Context, kind Kind, this Case, verdicts []Verdict) error {
	now := time.Now()
	inc, plan := this.Incident, this.Plan
	inc.Plan, inc.Updated, inc.State = mustJSON(plan), now, journal.StateActing
	inc.Summary = "doing: " + plan.String()
	if err := w.Journal.SetIncident(ctx, inc, "", decisionEvents(now, inc.Node, plan, verdicts)...); err != nil {
		return err
	}
	in := journal.Intent{ID: newID(), Incident: inc.ID, Cluster: inc.Cluster, Node: plan.Node, Plan: string(inc.Plan), Begun: now}
	if err := w.Journal.Begin(ctx, in, acting(inc, plan), journal.Event{At: now, Kind: "journal", Node: inc.Node, Text: "intent " + in.ID + " is on disk"}); err != nil {
		return err
	}
	failpoint.Here("intent-written")
	w.Log.InfoContext(ctx, "acting", "cluster", inc.Cluster, "incident", inc.ID, "intent", in.ID, "plan", plan.String())
	if m, err := w.recall(ctx); err == nil {
		w.show(m)
	}

	outcome, reason := w.takeSteps(ctx, in, this)
	if ctx.Err() != nil {
		return nil // unfinished: the next run holds the cluster and looks
	}
	if outcome == "" || outcome == outcomeUnsure {
		outcome, reason = w.verify(ctx, kind, this, reason)
	}
	if ctx.Err() != nil {
		return nil
	}
	return w.finish(ctx, in, inc, outcome, reason)
}

// takeSteps returns "" if all steps were done.
func (w *worker) takeSteps(ctx context.Context, in journal.Intent, this Case) (outcome, reason string) {
	for i, step := range this.Plan.Steps {
		if _, veto := judge(ctx, w.Brakes, this); veto != nil {
			return outcomeStopped, veto.Error()
		}
		verb := step.Action.Name + " " + step.Node
		now := time.Now()
		if err := w.Journal.BeginStep(ctx, in, i, journal.Event{At: now, Kind: "verb", Node: step.Node, Text: verb}); err != nil {
			w.journalFailed(ctx, err)
			return outcomeStopped, "the journal could not be written, so " + verb + " was not sent"
		}
		if since := newest(this.Hints); !since.IsZero() && !this.Consent && this.Incident.Told == "" {
			w.Metrics.delay.WithLabelValues(in.Cluster).Observe(now.Sub(since).Seconds())
		}
		failpoint.Here("before-verb")
		note, err := w.Kinds[this.Cluster.Kind].Actor.Do(ctx, Order{
			Cluster: this.Cluster, Step: step, ID: fmt.Sprintf("%s-%d", in.ID, i), NotAfter: now.Add(verbHolds), Why: "incident " + in.Incident,
		})
		failpoint.Here("after-verb")
		if ctx.Err() != nil {
			return "", ""
		}
		outcome = map[bool]string{true: "", false: outcomeFailed}[err == nil]
		switch {
		case errors.Is(err, ErrRefused):
			outcome = outcomeRefused
		case errors.Is(err, ErrUnsure):
			outcome = outcomeUnsure
		}
		text := verb + ": done"
		if err != nil {
			text = verb + ": " + err.Error()
		}
		if note != "" {
			text += ", " + note
		}
		label := outcome
		if label == "" {
			label = "done"
		}
		w.Metrics.verbs.WithLabelValues(in.Cluster, step.Action.Name, label).Inc()
		if err := w.Journal.EndStep(ctx, in, i, label, journal.Event{At: time.Now(), Kind: "verb-done", Node: step.Node, Text: text}); err != nil {
			w.journalFailed(ctx, err) // what was done was done; go on and see whether it helped
		}
		if outcome != "" {
			return outcome, text
		}
	}
	return "", ""
}

// verify looks until the node has had no problem for as long as the policy wants, or until the
// policy's patience ends.
func (w *worker) verify(ctx context.Context, kind Kind, this Case, doubt string) (outcome, reason string) {
	policy, began := this.Cluster.Policy, time.Now()
	var wellSince time.Time
	last := ""
	for {
		s, err := kind.Observer.Observe(ctx, this.Cluster)
		if ctx.Err() != nil {
			return "", ""
		}
		now := time.Now()
		line := "the cluster could not be observed"
		if err == nil {
			line = kind.Describe(s)
		}
		well := err == nil && !hasNode(Diagnose(kind.Problems, s), this.Plan.Node)
		if line != last {
			kindOf := "observed"
			if well && wellSince.IsZero() {
				kindOf = "synced"
			}
			w.note(ctx, this.Incident.ID, journal.Event{At: now, Kind: kindOf, Node: this.Plan.Node, Text: line})
			last = line
		}
		switch {
		case !well:
			wellSince = time.Time{}
		case wellSince.IsZero():
			wellSince = now
		}
		if well && now.Sub(wellSince) >= policy.VerifyFor {
			return outcomeHealed, fmt.Sprintf("well for %s after %s", policy.VerifyFor, now.Sub(began).Round(100*time.Millisecond))
		}
		if now.Sub(began) > policy.VerifyTimeout {
			outcome = outcomeFailed
			if doubt != "" {
				outcome = outcomeUnsure
			}
			return outcome, fmt.Sprintf("not well within verify_timeout %s: %s", policy.VerifyTimeout, line)
		}
		select {
		case <-ctx.Done():
		case <-time.After(w.Poll):
		}
	}
}

// finish closes the intent and its incident, and tells humans.
func (w *worker) finish(ctx context.Context, in journal.Intent, inc journal.Incident, outcome, reason string) error {
	now := time.Now()
	inc.Updated, inc.Summary = now, reason
	event := journal.Event{At: now, Kind: outcome, Node: inc.Node, Text: reason}
	switch outcome {
	case outcomeHealed:
		inc.State = journal.StateHealed
		w.Metrics.closed.WithLabelValues(inc.Cluster, inc.Problem, string(inc.State)).Inc()
	case outcomeRefused:
		inc.State, inc.Told = journal.StateRefused, "refused/host"
		w.Metrics.vetoes.WithLabelValues(inc.Cluster, "host").Inc()
		event.Kind = "veto"
	case outcomeStopped:
		inc.State, inc.Told = journal.StateRefused, "refused/stopped"
		event.Kind = "veto"
	default:
		inc.State, inc.Told = journal.StateFailed, "failed"
		event.Kind = "failed"
	}
	w.Log.InfoContext(ctx, "act ended", "cluster", inc.Cluster, "incident", inc.ID, "intent", in.ID, "outcome", outcome, "reason", reason)
	w.Metrics.plans.WithLabelValues(inc.Cluster, inc.Problem, outcome).Inc()
	if err := w.Journal.SetIncident(ctx, inc, ending(inc), event); err != nil {
		return err
	}
	failpoint.Here("before-finish")
	return w.Journal.Finish(ctx, in.ID, outcome, now)
}

func (w *worker) note(ctx context.Context, incident string, e journal.Event) {
	if err := w.Journal.AddEvents(ctx, incident, e); err != nil {
		w.journalFailed(ctx, err)
	}
}
