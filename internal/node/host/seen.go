package host

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/kagu-db/kagu/internal/node"
)

// An ID is kept for a week, although its request is refused for lateness after minutes: a
// clock may be set back. There is room for many more than a human or a remediator sends.
const (
	seenFile = "ids.json"
	seenFor  = 7 * 24 * time.Hour
	seenMost = 4096
)

// seen is one ID that was taken on.
type seen struct {
	ID       string    `json:"id"`
	Verb     node.Verb `json:"verb"`
	At       time.Time `json:"at"`
	NotAfter time.Time `json:"not_after"`
	By       string    `json:"by"`
	Outcome  string    `json:"outcome,omitempty"` // "" while it is carried out, and after a crash of kagu-node
}

// remember writes the ID down before anything is done for it. The error of an ID that was
// there before says what became of it.
func (d stateDir) remember(r node.Request, now time.Time) error {
	var list []seen
	if err := d.load(seenFile, &list); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if i := slices.IndexFunc(list, func(s seen) bool { return s.ID == r.ID }); i >= 0 {
		first := list[i]
		what := first.Outcome
		if what == "" {
			what = "its outcome was never written down, so it may have been carried out"
		}
		return fmt.Errorf("ID %s came before, at %s with verb %s: %s", r.ID, first.At.UTC().Format(time.RFC3339), first.Verb, what)
	}
	list = slices.DeleteFunc(list, func(s seen) bool {
		return now.Sub(s.At) > seenFor && now.After(s.NotAfter)
	})
	if len(list) >= seenMost {
		if now.Before(list[0].NotAfter.Add(node.MaxAhead)) {
			return fmt.Errorf("%d IDs came within minutes: something sends in a loop", len(list))
		}
		list = list[1:]
	}
	return d.save(seenFile, append(list, seen{ID: r.ID, Verb: r.Verb, At: now.UTC(), NotAfter: r.NotAfter.UTC(), By: r.By}))
}

// conclude writes the outcome beside the ID.
func (d stateDir) conclude(id, outcome string) error {
	var list []seen
	if err := d.load(seenFile, &list); err != nil {
		return err
	}
	if i := slices.IndexFunc(list, func(s seen) bool { return s.ID == id }); i >= 0 {
		list[i].Outcome = clean(outcome, 300)
	}
	return d.save(seenFile, list)
}
