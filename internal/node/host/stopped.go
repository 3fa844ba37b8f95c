package host

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/node"
)

// stopFile keeps the last stop that was asked of us.
const stopFile = "stop.json"

// stop is one stop that was asked of us.
type stop struct {
	Operator bool      `json:"operator"` // intent: the node stays down until an operator starts it
	By       string    `json:"by"`
	Why      string    `json:"why,omitempty"`
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Ended    time.Time `json:"ended,omitzero"` // when the server was seen gone
}

// loadStop returns the last stop; nil if there was none.
func (d stateDir) loadStop() (*stop, error) {
	var last stop
	switch err := d.load(stopFile, &last); {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &last, nil
}

// stoppedBy tells who stopped the node on purpose, if that is known: an operator through us;
// or somebody who is unknown, when the server is gone and left the signs of a clean shutdown.
// A clean shutdown that the remediator asked us for is nobody's intent.
func stoppedBy(n inventory.Node, f facts, last *stop) (who string, at time.Time) {
	if last != nil && last.Operator {
		who = "operator " + last.By
		if last.Why != "" {
			who += ": " + last.Why
		}
		return who, last.At
	}
	if f.state.Process != cluster.ProcessAbsent {
		return "", time.Time{}
	}
	clean := f.saved != nil && f.saved.Seqno >= 0
	if n.Service != "" {
		// A unit that has not run since boot is inactive with success too, and systemd forgets
		// when a unit stopped if nothing refers to it (not enabled). Then the saved position
		// tells: it is clean, or the server wrote to it since boot, or there was a power cut.
		if f.unit == nil || f.unit.Active != "inactive" || f.unit.Result != "success" {
			return "", time.Time{}
		}
		if f.unit.Stopped.IsZero() && !clean && f.savedAt.Before(f.boot) {
			return "", time.Time{}
		}
		at = f.unit.Stopped
		if at.IsZero() {
			at = f.savedAt
		}
		who = fmt.Sprintf("a clean shutdown that was not asked of kagu-node (systemd: %s)", f.unit)
	} else {
		if !clean {
			return "", time.Time{}
		}
		at = f.savedAt
		who = fmt.Sprintf("a clean shutdown that was not asked of kagu-node (grastate.dat: seqno %d)", f.saved.Seqno)
	}
	if last != nil && last.caused(at) {
		return "", time.Time{}
	}
	return who, at
}

// caused tells whether a shutdown at that moment was the one asked for. The clocks of files
// and of systemd may be a tick apart from ours.
func (s stop) caused(at time.Time) bool {
	const tick = time.Second
	ended := s.Ended
	if ended.IsZero() { // it was still going on when we stopped waiting
		ended = s.At.Add(stopUnended)
	}
	return !at.Before(s.At.Add(-tick)) && !at.After(ended.Add(tick))
}

// stopUnended is how long after a stop whose end nobody saw a shutdown counts as its work.
const stopUnended = 15 * time.Minute

// tellStopped puts the intent into the state.
func (s *Server) tellStopped(n inventory.Node, d stateDir, f *facts) error {
	last, err := d.loadStop()
	if err != nil {
		f.state.Notes = append(f.state.Notes, clean("stop intent: "+err.Error(), 300))
		return err
	}
	f.state.StoppedBy, f.state.StoppedAt = stoppedBy(n, *f, last)
	return nil
}

// intent makes the record of a stop.
func intent(r node.Request, now time.Time) stop {
	return stop{Operator: r.Operator, By: r.By, Why: r.Why, ID: r.ID, At: now.UTC()}
}
