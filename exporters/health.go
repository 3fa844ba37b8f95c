package exporters

import (
	"context"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/metric"
)

// A Kind is a kind of traffic that a proxy asks about.
type Kind int

// The kinds, from the one that asks most of a node to the one that asks least.
const (
	Writer Kind = iota // the node that all writes go to
	Reader             // any node whose data is fresh
	Any                // any node that answers queries in the component that counts
)

var kinds = [...]string{Writer: "writer", Reader: "reader", Any: "any"}

// String is the kind's name in a URL.
func (k Kind) String() string { return kinds[k] }

// A Verdict says whether a node may be given a kind of traffic, and why or why not, in one line.
type Verdict struct {
	OK     bool
	Reason string
}

// Verdicts is what one look at a node found.
type Verdicts struct {
	Of          [len(kinds)]Verdict // by Kind
	Weight      int                 // percent of its share that a healthy node should get, 1 to 100
	Maintenance bool                // somebody took the node out on purpose
}

// Refused are verdicts that say no to every kind, for one reason.
func Refused(reason string) Verdicts {
	v := Verdicts{}
	for k := range v.Of {
		v.Of[k].Reason = reason
	}
	return v
}

// A Checkup looks at one target's health again and again, over a connection of its own.
type Checkup struct {
	Look    func(ctx context.Context) Verdicts
	Release func() // lets go of the connection, after the last look
}

// HealthSettings are what every checkup has in common.
type HealthSettings struct {
	// MaxAge is how old an answer may be. A look begins every half of it; a state that is older
	// is a no, because nobody can tell.
	MaxAge time.Duration

	// Deadline ends a look that hangs. It may be longer than MaxAge, so that a frozen server is
	// not handed a new connection five times a second.
	Deadline time.Duration

	Rise            int    // good looks in a row that turn a no into a yes; the first look needs none
	MaintenanceFile string // while it exists the node is in maintenance; "" for none
	Families        HealthFamilies
}

// HealthFamilies names the families about checkups.
type HealthFamilies struct {
	Health      *metric.Family // 1 if a proxy is told yes; label kind
	Age         *metric.Family // seconds since the look behind the answers began
	LookSeconds *metric.Family // how long the last look took
	Looks       *metric.Family // looks begun and ended
	Late        *metric.Family // looks that took longer than MaxAge
	Transitions *metric.Family // labels kind, to
}

// Check says what is wrong with the settings.
func (s HealthSettings) Check() error {
	switch {
	case s.MaxAge < 20*time.Millisecond || s.MaxAge > time.Minute:
		return fmt.Errorf("an answer may be %s old: between 20ms and 1m makes sense", s.MaxAge)
	case s.Deadline < s.MaxAge:
		return fmt.Errorf("a look's deadline of %s is below the greatest age, %s", s.Deadline, s.MaxAge)
	case s.Rise < 1:
		return fmt.Errorf("%d good looks: at least 1 turns a no into a yes", s.Rise)
	}
	return nil
}
