package journal

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/kagu-db/kagu/internal/statefile"
)

// An Intent is an act: what was going to be done, how far it got, and how it ended.
type Intent struct {
	ID       string
	Incident string
	Cluster  string
	Node     string
	Plan     string // the plan as JSON
	Begun    time.Time
	Finished time.Time // zero while it is not known how it ended
	Outcome  string
	Steps    []Step
}

// A Step is one step of an intent, from just before its verb was sent. A step that has begun
// and not ended may have been carried out or not; it is never begun again.
type Step struct {
	Number  int
	Begun   time.Time
	Ended   time.Time
	Outcome string
}

// ErrBegun says that a step has been begun before and must not be begun again.
var ErrBegun = errors.New("the step was begun before")

// Begin writes an intent down, with the state, events and message of its incident, and uses up
// the approval that allowed it. Nothing may be done to the cluster before it returns nil. A cluster has at most one unfinished intent: a second one
// is an error.
func (j *Journal) Begin(ctx context.Context, in Intent, message string, events ...Event) error {
	return j.file.Tx(ctx, "write the intent "+in.ID, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO intents (id, incident, cluster, node, plan, begun) VALUES (?, ?, ?, ?, ?, ?)`,
			in.ID, in.Incident, in.Cluster, in.Node, in.Plan, in.Begun.UnixNano())
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE incidents SET state = ?, updated = ?,
			approved_plan = NULL, approved_by = NULL, approved_at = NULL WHERE id = ?`, StateActing, in.Begun.UnixNano(), in.Incident); err != nil {
			return err
		}
		if err := post(ctx, tx, in.Incident, in.Begun, message); err != nil {
			return err
		}
		return addEvents(ctx, tx, in.Incident, events)
	})
}

// BeginStep writes down that the step's verb is about to be sent.
func (j *Journal) BeginStep(ctx context.Context, in Intent, number int, e Event) error {
	return j.file.Tx(ctx, "write the step", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO steps (intent, number, begun) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			in.ID, number, e.At.UnixNano())
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrBegun)
		}
		return addEvents(ctx, tx, in.Incident, []Event{e})
	})
}

// EndStep writes down how a step ended.
func (j *Journal) EndStep(ctx context.Context, in Intent, number int, outcome string, e Event) error {
	return j.file.Tx(ctx, "write the step's outcome", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE steps SET ended = ?, outcome = ? WHERE intent = ? AND number = ?`,
			e.At.UnixNano(), outcome, in.ID, number)
		if err != nil {
			return err
		}
		return addEvents(ctx, tx, in.Incident, []Event{e})
	})
}

// Finish closes an intent.
func (j *Journal) Finish(ctx context.Context, id, outcome string, at time.Time) error {
	_, err := j.db.ExecContext(ctx, `UPDATE intents SET finished = ?, outcome = ? WHERE id = ? AND finished IS NULL`,
		at.UnixNano(), outcome, id)
	return statefile.Wrap("close the intent "+id, err)
}

// Unfinished returns the intents of a cluster that were begun and never closed.
func (j *Journal) Unfinished(ctx context.Context, cluster string) ([]Intent, error) {
	return j.intents(ctx, `WHERE cluster = ? AND finished IS NULL ORDER BY begun`, cluster)
}

// Since returns the intents of a cluster that were not over at that moment, oldest first.
func (j *Journal) Since(ctx context.Context, cluster string, after time.Time) ([]Intent, error) {
	return j.intents(ctx, `WHERE cluster = ? AND (finished IS NULL OR finished > ?) ORDER BY begun`, cluster, after.UnixNano())
}

func (j *Journal) intents(ctx context.Context, where string, args ...any) ([]Intent, error) {
	rows, err := j.db.QueryContext(ctx, `SELECT id, incident, cluster, node, plan, begun, finished, outcome FROM intents `+where, args...)
	if err != nil {
		return nil, statefile.Wrap("read intents", err)
	}
	defer rows.Close()
	var list []Intent
	for rows.Next() {
		var in Intent
		var begun, finished sql.NullInt64
		var outcome sql.NullString
		if err := rows.Scan(&in.ID, &in.Incident, &in.Cluster, &in.Node, &in.Plan, &begun, &finished, &outcome); err != nil {
			return nil, statefile.Wrap("read intents", err)
		}
		in.Begun, in.Finished, in.Outcome = statefile.FromNanos(begun), statefile.FromNanos(finished), outcome.String
		list = append(list, in)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, statefile.Wrap("read intents", err)
	}
	for i := range list {
		if list[i].Steps, err = j.steps(ctx, list[i].ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (j *Journal) steps(ctx context.Context, intent string) ([]Step, error) {
	rows, err := j.db.QueryContext(ctx, `SELECT number, begun, ended, outcome FROM steps WHERE intent = ? ORDER BY number`, intent)
	if err != nil {
		return nil, statefile.Wrap("read steps", err)
	}
	defer rows.Close()
	var list []Step
	for rows.Next() {
		var s Step
		var begun, ended sql.NullInt64
		var outcome sql.NullString
		if err := rows.Scan(&s.Number, &begun, &ended, &outcome); err != nil {
			return nil, statefile.Wrap("read steps", err)
		}
		s.Begun, s.Ended, s.Outcome = statefile.FromNanos(begun), statefile.FromNanos(ended), outcome.String
		list = append(list, s)
	}
	return list, statefile.Wrap("read steps", rows.Err())
}
