package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/statefile"
)

// State is where an incident stands.
type State string

// The states of an incident. StateHealed and StateGone are its ends; all others are open.
const (
	StateOpen     State = "open"     // seen, not yet decided
	StateProposed State = "proposed" // a plan waits for approval
	StateActing   State = "acting"   // a plan is being carried out
	StateRefused  State = "refused"  // a guard vetoed; looked at again until the problem is gone
	StateFailed   State = "failed"   // a plan was carried out and the problem stayed
	StateHeld     State = "held"     // a plan of an earlier run is unfinished
	StateHealed   State = "healed"   // a plan was carried out and the problem is gone
	StateGone     State = "gone"     // the problem went away without us
)

// Closed reports whether the state is an end.
func (s State) Closed() bool { return s == StateHealed || s == StateGone }

// An Incident is one problem of one cluster, from when it was seen until it is gone.
type Incident struct {
	ID      string          `json:"id"`
	Cluster string          `json:"cluster"`
	Problem string          `json:"problem"`
	Node    string          `json:"node,omitempty"` // "" if the whole cluster has it
	State   State           `json:"state"`
	Summary string          `json:"summary"` // one line: what stands now, and what comes next
	Opened  time.Time       `json:"opened"`
	Updated time.Time       `json:"updated"`
	Closed  time.Time       `json:"closed,omitzero"`
	Plan    json.RawMessage `json:"plan,omitempty"`

	// Told is the last thing humans were told of it, so that they are told once.
	Told string `json:"-"`

	Approval *Approval `json:"approval,omitempty"`
	Events   []Event   `json:"events,omitempty"`
}

// An Approval is a human's consent to one plan, which it names by its digest.
type Approval struct {
	Plan string    `json:"plan"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// An Event is one line of an incident's story.
type Event struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Node string    `json:"node,omitempty"`
	Text string    `json:"text"`
}

// OpenIncident returns the open incident of that cluster, problem and node, and creates it with
// the given ID if there is none; then created is true.
func (j *Journal) OpenIncident(ctx context.Context, id, name, problem, node string, at time.Time) (inc Incident, created bool, err error) {
	err = j.file.Tx(ctx, "open an incident", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			INSERT INTO incidents (id, cluster, problem, node, state, summary, opened, updated)
			VALUES (?, ?, ?, ?, ?, '', ?, ?) ON CONFLICT DO NOTHING`,
			id, name, problem, node, StateOpen, at.UnixNano(), at.UnixNano())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		created = n == 1
		inc, err = scanIncident(tx.QueryRowContext(ctx, selectIncident+
			`WHERE cluster = ? AND problem = ? AND node = ? AND closed IS NULL`, name, problem, node))
		return err
	})
	return inc, created, err
}

// SetIncident changes an incident's state, summary and plan, adds events to its story, and puts
// a message for humans into the outbox unless it is "", in one write: what humans are to be
// told cannot get lost between two. StateHealed and StateGone close it.
func (j *Journal) SetIncident(ctx context.Context, inc Incident, message string, events ...Event) error {
	return j.file.Tx(ctx, "write the incident "+inc.ID, func(tx *sql.Tx) error {
		var plan any
		if len(inc.Plan) > 0 {
			plan = string(inc.Plan)
		}
		var closed any
		if inc.State.Closed() {
			closed = inc.Updated.UnixNano()
		}
		_, err := tx.ExecContext(ctx, `UPDATE incidents SET state = ?, summary = ?, told = ?, updated = ?, plan = ?, closed = ? WHERE id = ?`,
			inc.State, cluster.Printable(inc.Summary), inc.Told, inc.Updated.UnixNano(), plan, closed, inc.ID)
		if err != nil {
			return err
		}
		if err := post(ctx, tx, inc.ID, inc.Updated, message); err != nil {
			return err
		}
		return addEvents(ctx, tx, inc.ID, events)
	})
}

// AddEvents adds to an incident's story.
func (j *Journal) AddEvents(ctx context.Context, incident string, events ...Event) error {
	return j.file.Tx(ctx, "write to the incident "+incident, func(tx *sql.Tx) error {
		return addEvents(ctx, tx, incident, events)
	})
}

func addEvents(ctx context.Context, tx *sql.Tx, incident string, events []Event) error {
	for _, e := range events {
		if _, err := tx.ExecContext(ctx, `INSERT INTO events (incident, at, kind, node, text) VALUES (?, ?, ?, ?, ?)`,
			incident, e.At.UnixNano(), e.Kind, e.Node, cluster.Printable(e.Text)); err != nil {
			return err
		}
	}
	return nil
}

// Approve records a human's consent to the plan with that digest.
func (j *Journal) Approve(ctx context.Context, incident string, a Approval, e Event) error {
	return j.file.Tx(ctx, "approve "+incident, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE incidents SET approved_plan = ?, approved_by = ?, approved_at = ? WHERE id = ? AND closed IS NULL`,
			a.Plan, a.By, a.At.UnixNano(), incident)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, sql.ErrNoRows)
		}
		return addEvents(ctx, tx, incident, []Event{e})
	})
}

// Incident returns one incident with its story.
func (j *Journal) Incident(ctx context.Context, id string) (Incident, error) {
	inc, err := scanIncident(j.db.QueryRowContext(ctx, selectIncident+`WHERE id = ?`, id))
	if err != nil {
		return inc, statefile.Wrap("read the incident "+id, err)
	}
	inc.Events, err = j.events(ctx, id)
	return inc, err
}

// A Filter chooses incidents. Its zero value chooses the newest hundred.
type Filter struct {
	Cluster  string
	OpenOnly bool
	Limit    int
}

// Incidents returns incidents with their stories, newest first.
func (j *Journal) Incidents(ctx context.Context, f Filter) ([]Incident, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	rows, err := j.db.QueryContext(ctx, selectIncident+
		`WHERE (? = '' OR cluster = ?) AND (NOT ? OR closed IS NULL) ORDER BY opened DESC, id LIMIT ?`,
		f.Cluster, f.Cluster, f.OpenOnly, f.Limit)
	if err != nil {
		return nil, statefile.Wrap("read incidents", err)
	}
	defer rows.Close()
	list := []Incident{}
	for rows.Next() {
		inc, err := scanIncident(rows)
		if err != nil {
			return nil, statefile.Wrap("read incidents", err)
		}
		list = append(list, inc)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, statefile.Wrap("read incidents", err)
	}
	for i := range list {
		if list[i].Events, err = j.events(ctx, list[i].ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (j *Journal) events(ctx context.Context, incident string) ([]Event, error) {
	rows, err := j.db.QueryContext(ctx, `SELECT at, kind, node, text FROM events WHERE incident = ? ORDER BY id`, incident)
	if err != nil {
		return nil, statefile.Wrap("read the story of "+incident, err)
	}
	defer rows.Close()
	var list []Event
	for rows.Next() {
		var e Event
		var at sql.NullInt64
		if err := rows.Scan(&at, &e.Kind, &e.Node, &e.Text); err != nil {
			return nil, statefile.Wrap("read the story of "+incident, err)
		}
		e.At = statefile.FromNanos(at)
		list = append(list, e)
	}
	return list, statefile.Wrap("read the story of "+incident, rows.Err())
}

const selectIncident = `SELECT id, cluster, problem, node, state, summary, told, opened, updated, closed, plan,
	approved_plan, approved_by, approved_at FROM incidents `

func scanIncident(row interface{ Scan(...any) error }) (Incident, error) {
	var inc Incident
	var opened, updated, closed, approvedAt sql.NullInt64
	var plan, approved, by sql.NullString
	err := row.Scan(&inc.ID, &inc.Cluster, &inc.Problem, &inc.Node, &inc.State, &inc.Summary, &inc.Told,
		&opened, &updated, &closed, &plan, &approved, &by, &approvedAt)
	inc.Opened, inc.Updated, inc.Closed = statefile.FromNanos(opened), statefile.FromNanos(updated), statefile.FromNanos(closed)
	if plan.Valid {
		inc.Plan = json.RawMessage(plan.String)
	}
	if approved.Valid {
		inc.Approval = &Approval{Plan: approved.String, By: by.String, At: statefile.FromNanos(approvedAt)}
	}
	return inc, err
}
