package remediator

import (
	"context"
	"errors"
	"fmt"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/journal"
)

// A Guard may veto a plan. Nil allows. Every error forbids, "I could not find out" included.
type Guard interface {
	Name() string // the label of the veto metric
	Check(ctx context.Context, c Case) error
}

// A Case is what a guard decides about.
type Case struct {
	Cluster  inventory.Cluster
	Plan     Plan
	Snapshot cluster.Snapshot // what the plan was made from
	Incident journal.Incident
	Hints    []journal.Hint // the alerts that led here, as far as they are open
	Consent  bool           // a human approved exactly this plan, not long ago
}

// A Veto is a refusal: which guard, and what a human is told.
type Veto struct {
	Guard  string
	Reason string

	// Unclear says that the guard could not find out. Humans are told only if it lasts.
	Unclear bool
}

// Error returns the reason with the guard's name before it.
func (v *Veto) Error() string { return v.Guard + ": " + v.Reason }

// A Verdict is what one guard said.
type Verdict struct {
	Guard string
	Veto  *Veto // nil if the guard agreed
}

// judge asks every guard, so that the record shows all reasons and not the first only.
func judge(ctx context.Context, guards []Guard, c Case) (verdicts []Verdict, first *Veto) {
	for _, g := range guards {
		v := Verdict{Guard: g.Name(), Veto: check(ctx, g, c)}
		verdicts = append(verdicts, v)
		if first == nil {
			first = v.Veto
		}
	}
	return verdicts, first
}

// check turns whatever a guard returns into a veto or nil. A guard that panics cannot tell
// either.
func check(ctx context.Context, g Guard, c Case) (veto *Veto) {
	defer func() {
		if r := recover(); r != nil {
			veto = &Veto{Guard: g.Name(), Reason: fmt.Sprintf("the guard failed: %v", r), Unclear: true}
		}
	}()
	err := g.Check(ctx, c)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &veto):
		return veto
	default:
		return &Veto{Guard: g.Name(), Reason: "cannot tell: " + err.Error(), Unclear: true}
	}
}

func vetof(guard, format string, args ...any) error {
	return &Veto{Guard: guard, Reason: fmt.Sprintf(format, args...)}
}
