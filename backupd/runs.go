package backupd

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/kagu-db/kagu/internal/cluster"
	"github.com/kagu-db/kagu/internal/statefile"
)

// A Run is one thing that backupd did, does, or was killed at.
type Run struct {
	ID      int64     `json:"id"`
	Cluster string    `json:"cluster"`
	Job     string    `json:"job,omitempty"`    // of kagu.yaml
	What    What      `json:"what"`             // take, prove, prune
	Backup  string    `json:"backup,omitempty"` // ID, once there is one
	By      string    `json:"by"`               // "schedule", "alert NAME", or a human
	Begun   time.Time `json:"begun"`
	Ended   time.Time `json:"ended,omitzero"` // zero while it runs
	Stage   string    `json:"stage"`          // where it is, or ended
	Error   string    `json:"error,omitempty"`
	Plain   int64     `json:"plain"`  // bytes so far, of the database
	Stored  int64     `json:"stored"` // and in the store

	Progress *Progress `json:"progress,omitempty"` // of the stage that goes on, where it is known
}

// Progress is how far a stage is of which is known how much there is to do.
type Progress struct {
	Done int64  `json:"done"`
	Of   int64  `json:"of"`
	Unit string `json:"unit"` // bytes, files, tables
}

// What a run is about.
type What string

// What runs are about.
const (
	Taking  What = "take"
	Proving What = "prove"
	Pruning What = "prune"
)

// BeginRun writes down that a run begins and returns its number.
func (c *Catalogue) BeginRun(ctx context.Context, r Run) (int64, error) {
	result, err := c.db.ExecContext(ctx, `INSERT INTO runs (cluster, job, what, backup, asked_by, begun, stage, error, plain, stored)
		VALUES (?, ?, ?, ?, ?, ?, ?, '', 0, 0)`, r.Cluster, r.Job, r.What, r.Backup, cluster.Printable(r.By), r.Begun.UnixNano(), r.Stage)
	if err != nil {
		return 0, statefile.Wrap("write down that a run begins", err)
	}
	return result.LastInsertId()
}

// UpdateRun writes down how far a run is, or how it ended.
func (c *Catalogue) UpdateRun(ctx context.Context, r Run) error {
	ended := sql.NullInt64{Int64: r.Ended.UnixNano(), Valid: !r.Ended.IsZero()}
	_, err := c.db.ExecContext(ctx, `UPDATE runs SET backup = ?, ended = ?, stage = ?, error = ?, plain = ?, stored = ? WHERE id = ?`,
		r.Backup, ended, r.Stage, cluster.Printable(r.Error), r.Plain, r.Stored, r.ID)
	return statefile.Wrap("write down how a run goes", err)
}

// Runs returns the newest runs, at most so many; of a cluster, or "" of all.
func (c *Catalogue) Runs(ctx context.Context, cluster string, limit int) ([]Run, error) {
	return c.runs(ctx, `WHERE ? IN ('', cluster) ORDER BY id DESC LIMIT ?`, cluster, limit)
}

// Unfinished returns the runs that have no end: those that run, and after a start of backupd those
// that it was killed at.
func (c *Catalogue) Unfinished(ctx context.Context) ([]Run, error) {
	return c.runs(ctx, `WHERE ended IS NULL ORDER BY id`)
}

func (c *Catalogue) runs(ctx context.Context, where string, args ...any) ([]Run, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT id, cluster, job, what, backup, asked_by, begun, ended, stage, error, plain, stored FROM runs `+where, args...)
	if err != nil {
		return nil, statefile.Wrap("read the runs", err)
	}
	defer rows.Close()
	var all []Run
	for rows.Next() {
		var r Run
		var begun, ended sql.NullInt64
		if err := rows.Scan(&r.ID, &r.Cluster, &r.Job, &r.What, &r.Backup, &r.By, &begun, &ended, &r.Stage, &r.Error, &r.Plain, &r.Stored); err != nil {
			return nil, statefile.Wrap("read the runs", err)
		}
		r.Begun, r.Ended = statefile.FromNanos(begun), statefile.FromNanos(ended)
		all = append(all, r)
	}
	return all, statefile.Wrap("read the runs", rows.Err())
}

// Owe writes a debt down and returns its number.
func (c *Catalogue) Owe(ctx context.Context, d Debt) (int64, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return 0, err
	}
	result, err := c.db.ExecContext(ctx, `INSERT INTO debts (cluster, debt) VALUES (?, ?)`, d.Cluster, text)
	if err != nil {
		return 0, statefile.Wrap("write down what must be undone", err)
	}
	return result.LastInsertId()
}

// Settled strikes a debt.
func (c *Catalogue) Settled(ctx context.Context, id int64) error {
	_, err := c.db.ExecContext(ctx, `DELETE FROM debts WHERE id = ?`, id)
	return statefile.Wrap("strike what was undone", err)
}

// Debts returns what is owed, by number.
func (c *Catalogue) Debts(ctx context.Context) (map[int64]Debt, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT id, debt FROM debts`)
	if err != nil {
		return nil, statefile.Wrap("read what is owed", err)
	}
	defer rows.Close()
	all := map[int64]Debt{}
	for rows.Next() {
		var id int64
		var text string
		var d Debt
		if err := rows.Scan(&id, &text); err != nil {
			return nil, statefile.Wrap("read what is owed", err)
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return nil, statefile.Wrap("read what is owed", err)
		}
		all[id] = d
	}
	return all, statefile.Wrap("read what is owed", rows.Err())
}

// Fired returns when a job was last due and dealt with.
func (c *Catalogue) Fired(ctx context.Context, cluster, job string) (time.Time, error) {
	var at sql.NullInt64
	err := c.db.QueryRowContext(ctx, `SELECT max(at) FROM fired WHERE cluster = ? AND job = ?`, cluster, job).Scan(&at)
	return statefile.FromNanos(at), statefile.Wrap("read when a job was due", err)
}

// SetFired writes down when a job was due, before it is dealt with: a job is begun once.
func (c *Catalogue) SetFired(ctx context.Context, cluster, job string, at time.Time) error {
	_, err := c.db.ExecContext(ctx, `INSERT INTO fired (cluster, job, at) VALUES (?, ?, ?)
		ON CONFLICT (cluster, job) DO UPDATE SET at = excluded.at`, cluster, job, at.UnixNano())
	return statefile.Wrap("write down when a job was due", err)
}
