package ndb

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// The states of ndbinfo: what ndb_ndbinfo_state shows.
const (
	serving      = "serving"
	empty        = "empty"
	offline      = "offline"
	disconnected = "disconnected"
	failing      = "failing"
	denied       = "denied"
	missing      = "missing"
	unreachable  = "unreachable"
)

// An infoError says why ndbinfo tells nothing.
type infoError struct {
	state string
	err   error
}

func (e *infoError) Error() string {
	text := map[string]string{
		empty:        "ndbinfo is empty: data nodes of another version than the SQL node, as in a rolling upgrade, or none that runs",
		offline:      "ndbinfo_offline is ON on every SQL node that is connected",
		disconnected: "no SQL node that answers is connected to a data node",
		failing:      "ndbinfo fails",
		denied:       "no SQL node lets us read ndbinfo",
		missing:      "no SQL node has ndbinfo: start mysqld with --ndbcluster",
		unreachable:  "no SQL node answers",
	}[e.state]
	if e.err != nil {
		return text + ": " + e.err.Error()
	}
	return text
}

func (e *infoError) Unwrap() error { return e.err }

// stateOf is what an error says of ndbinfo.
func stateOf(err error) string {
	said, ok := errors.AsType[*infoError](err)
	switch {
	case err == nil:
		return serving
	case ok:
		return said.state
	case errors.Is(err, sqlconn.ErrGrant), errors.Is(err, sqlconn.ErrDenied):
		return denied
	case errors.Is(err, sqlconn.ErrNoCluster):
		return disconnected
	default:
		return failing
	}
}

// A seat is the SQL node that ndbinfo is read through. It changes only when it must, and one that
// failed is tried again last.
type seat struct {
	mu        sync.Mutex
	current   *sqlNode
	failed    map[*sqlNode]time.Time
	failovers int
}

// forgiven is after how long a SQL node that failed is as good as any other.
const forgiven = time.Minute

// order returns the SQL nodes in the order in which they are tried.
func (s *seat) order(nodes []*sqlNode, now time.Time) []*sqlNode {
	s.mu.Lock()
	defer s.mu.Unlock()
	rank := func(n *sqlNode) int {
		at, failed := s.failed[n]
		switch {
		case failed && now.Sub(at) < forgiven:
			return 2
		case n == s.current:
			return 0
		default:
			return 1
		}
	}
	all := slices.Clone(nodes)
	slices.SortStableFunc(all, func(a, b *sqlNode) int { return rank(a) - rank(b) })
	return all
}

func (s *seat) take(n *sqlNode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && s.current != n {
		s.failovers++
	}
	s.current = n
}

func (s *seat) remember(n *sqlNode, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = map[*sqlNode]time.Time{}
	}
	s.failed[n] = now
}

func (s *seat) changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failovers
}

// fitness tells whether ndbinfo can be read through a SQL node that answers.
func (r selfReport) fitness() error {
	if _, ok := r.vars["ndbinfo_offline"]; !ok {
		return &infoError{state: missing}
	}
	switch {
	case !r.connected():
		return &infoError{state: disconnected}
	case on(r.vars["ndbinfo_offline"]):
		return &infoError{state: offline}
	}
	return nil
}

// choose returns the SQL node to read ndbinfo through, once in a look. If there is none, the
// error is that of the SQL node that came closest.
func (l *sqlLook) choose(ctx context.Context) (*sqlNode, error) {
	return l.chosen.get(func() (*sqlNode, error) {
		var closest error
		for _, n := range l.seat.order(l.nodes, time.Now()) {
			report, err := l.report(ctx, n)
			switch {
			case errors.Is(err, sqlconn.ErrDenied):
				err = &infoError{denied, err}
			case err != nil:
				err = &infoError{unreachable, err}
			default:
				err = report.fitness()
			}
			if err == nil {
				l.seat.take(n)
				return n, nil
			}
			l.seat.remember(n, time.Now())
			if closest == nil || closeness(err) > closeness(closest) {
				closest = err
			}
		}
		if closest == nil {
			closest = &infoError{state: unreachable, err: errors.New("kagu.yaml has no SQL node of this cluster")}
		}
		return nil, closest
	})
}

// closeness ranks what keeps SQL nodes from serving ndbinfo.
func closeness(err error) int {
	return slices.Index([]string{unreachable, denied, missing, disconnected, offline}, stateOf(err))
}

func on(value string) bool { return value == "ON" || value == "1" }
