package remediator

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// approvalHolds is how long a human's approval lets a plan happen.
const approvalHolds = 10 * time.Minute

// While an incident is younger than settle, much is still moving: what a guard cannot tell now
// it may tell in a moment, and the cluster is looked at often.
const (
	settle      = 20 * time.Second
	settlePause = time.Second
)

// decide carries a finding through plan and guards, and acts if nothing forbids. acted says that
// something was done; wait is how soon this finding wants to be looked at again, 0 for no wish.
func (w *worker) decide(ctx context.Context, c inventory.Cluster, kind Kind, m memory, s cluster.Snapshot, f Finding) (acted bool, wait time.Duration, err error) {
	now := time.Now()
	inc, created, err := w.Journal.OpenIncident(ctx, newID(), c.Name, f.Problem.Name, f.Node, now)
	if err != nil {
		return false, 0, err
	}
	if created {
		w.Log.InfoContext(ctx, "problem found", "cluster", c.Name, "incident", inc.ID, "problem", f.Problem.Name, "node", f.Node)
		if err := w.Journal.AddEvents(ctx, inc.ID, w.firstEvents(kind, m, s, f)...); err != nil {
			return false, 0, err
		}
	}
	if left := f.Problem.Patience - age(inc, now); left > 0 {
		return false, left, nil
	}

	plan, err := f.Problem.Plan(s, f.Node)
	var veto *Veto
	switch {
	case errors.As(err, &veto):
		return false, soon(inc, now), w.refuse(ctx, c, inc, Plan{}, nil, veto)
	case err != nil:
		veto = &Veto{Guard: "plan", Reason: "cannot tell: " + err.Error(), Unclear: true}
		return false, soon(inc, now), w.refuse(ctx, c, inc, Plan{}, nil, veto)
	}
	plan.Cluster, plan.Problem, plan.Node = c.Name, f.Problem.Name, f.Node
	this := Case{
		Cluster: c, Plan: plan, Snapshot: s, Incident: inc, Hints: m.hints,
		Consent: inc.Approval != nil && inc.Approval.Plan == plan.Digest() && !now.Before(inc.Approval.At) && now.Sub(inc.Approval.At) < approvalHolds,
	}
	guards := append(kind.Guards[:len(kind.Guards):len(kind.Guards)], w.Guards...)
	verdicts, veto := judge(ctx, guards, this)
	if since := newest(m.hints); !since.IsZero() && created {
		w.Metrics.decision.WithLabelValues(c.Name).Observe(time.Since(since).Seconds())
	}
	if veto != nil {
		return false, soon(inc, now), w.refuse(ctx, c, inc, plan, verdicts, veto)
	}
	release, veto := w.site.claim(c.Name)
	if veto != nil {
		return false, soon(inc, now), w.refuse(ctx, c, inc, plan, verdicts, veto)
	}
	defer release()
	return true, 0, w.carryOut(ctx, kind, this, verdicts)
}

// soon returns when a young incident wants to be looked at again, 0 for one that has settled.
func soon(inc journal.Incident, now time.Time) time.Duration {
	if age(inc, now) < settle {
		return settlePause
	}
	return 0
}

// age is how long an incident has been open. One that was opened in what is now the future was
// opened before the clock was set back, and counts as old.
func age(inc journal.Incident, now time.Time) time.Duration {
	if now.Before(inc.Opened) {
		return math.MaxInt64
	}
	return now.Sub(inc.Opened)
}

func (w *worker) firstEvents(kind Kind, m memory, s cluster.Snapshot, f Finding) []journal.Event {
	var events []journal.Event
	hints := slices.Clone(m.hints)
	slices.SortStableFunc(hints, func(a, b journal.Hint) int { return b.First.Compare(a.First) })
	for i, h := range hints { // the newest first: they are why we look
		if i == 5 {
			events = append(events, journal.Event{At: h.First, Kind: "hint", Text: fmt.Sprintf("and %d more alerts", len(hints)-i)})
			break
		}
		events = append(events, journal.Event{At: h.First, Kind: "hint", Node: h.Node, Text: "alert " + h.Alert + " received, began " + h.StartsAt.Format(time.RFC3339)})
	}
	what := f.Problem.Name
	if f.Node != WholeCluster {
		what += " on " + f.Node
	}
	return append(events,
		journal.Event{At: s.Taken.Add(s.Took), Kind: "observed", Text: kind.Describe(s)},
		journal.Event{At: time.Now(), Kind: "problem", Node: f.Node, Text: what})
}

// refuse writes down why nothing is done, and tells humans once for each guard that stands in the way.
func (w *worker) refuse(ctx context.Context, c inventory.Cluster, inc journal.Incident, plan Plan, verdicts []Verdict, veto *Veto) error {
	w.Metrics.vetoes.WithLabelValues(c.Name, veto.Guard).Inc()
	now := time.Now()
	inc.Updated = now
	if veto.Guard == (Cooldown{}).Name() && inc.Told != "" {
		return w.Journal.SetIncident(ctx, inc, "") // how the last act ended is what humans should read
	}
	switch {
	case veto.Guard == Mode{}.Name() && c.Mode != cluster.ModeObserve:
		inc.State = journal.StateProposed
	case inc.State == journal.StateFailed: // still the thing to know about it
	default:
		inc.State = journal.StateRefused
	}
	before := inc.Summary
	inc.Summary = veto.Reason
	inc.Plan = nil
	if len(plan.Steps) > 0 {
		inc.Plan = mustJSON(plan)
		inc.Summary = fmt.Sprintf("would %s, but %s", plan, veto.Reason)
	}
	told := string(inc.State) + "/" + veto.Guard
	if veto.Unclear && age(inc, now) < settle {
		var waiting []journal.Event
		if before != cluster.Printable(inc.Summary) {
			waiting = append(waiting, journal.Event{At: now, Kind: "waiting", Node: inc.Node, Text: veto.Error()})
		}
		return w.Journal.SetIncident(ctx, inc, "", waiting...)
	}
	if inc.Told == told {
		return w.Journal.SetIncident(ctx, inc, "")
	}
	inc.Told = told
	w.Log.InfoContext(ctx, "plan vetoed", "cluster", c.Name, "incident", inc.ID, "problem", inc.Problem, "node", inc.Node, "guard", veto.Guard, "reason", veto.Reason)
	events := decisionEvents(now, inc.Node, plan, verdicts)
	events = append(events, journal.Event{At: now, Kind: "veto", Node: inc.Node, Text: veto.Error()})
	return w.Journal.SetIncident(ctx, inc, refusal(inc, plan, veto), events...)
}

func decisionEvents(now time.Time, node string, plan Plan, verdicts []Verdict) []journal.Event {
	if len(plan.Steps) == 0 {
		return nil
	}
	var words []string
	for _, v := range verdicts {
		if v.Veto == nil {
			words = append(words, v.Guard+": yes")
		} else {
			words = append(words, v.Guard+": NO, "+v.Veto.Reason)
		}
	}
	return []journal.Event{
		{At: now, Kind: "plan", Node: node, Text: plan.String() + " because " + plan.Why},
		{At: now, Kind: "guards", Node: node, Text: strings.Join(words, "; ")},
	}
}

// closeGone closes an incident whose problem is no longer seen.
func (w *worker) closeGone(ctx context.Context, c inventory.Cluster, inc journal.Incident) error {
	now := time.Now()
	acted := inc.State == journal.StateFailed || inc.State == journal.StateActing
	inc.Updated, inc.State, inc.Summary = now, journal.StateGone, "went away without us"
	if acted {
		inc.State, inc.Summary = journal.StateHealed, "healed, later than we waited for"
	}
	w.Log.InfoContext(ctx, "problem gone", "cluster", c.Name, "incident", inc.ID, "problem", inc.Problem, "node", inc.Node)
	w.Metrics.closed.WithLabelValues(c.Name, inc.Problem, string(inc.State)).Inc()
	message := ""
	if inc.Told != "" { // else nobody was told of it, and nobody waits for its end
		message = ending(inc)
	}
	return w.Journal.SetIncident(ctx, inc, message, journal.Event{At: now, Kind: string(inc.State), Node: inc.Node, Text: inc.Summary})
}

// newest returns when the newest hint of a firing alert was first received.
func newest(hints []journal.Hint) (t time.Time) {
	for _, h := range hints {
		if !h.Resolved && h.First.After(t) {
			t = h.First
		}
	}
	return t
}

// newID returns eight letters and digits: short enough to type at night, long enough not to meet again.
func newID() string { return strings.ToLower(rand.Text()[:8]) }

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // our own plain types
	}
	return b
}
