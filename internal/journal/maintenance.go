package journal

import (
	"context"
	"database/sql"
	"time"

	"github.com/kagu-db/kagu/internal/statefile"
)

// Maintenance is a human's word that a cluster is to be left alone until a moment.
type Maintenance struct {
	Cluster string    `json:"cluster"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	By      string    `json:"by"`
	Why     string    `json:"why"`
}

// SetMaintenance begins or changes a cluster's maintenance.
func (j *Journal) SetMaintenance(ctx context.Context, m Maintenance) error {
	_, err := j.db.ExecContext(ctx, `INSERT INTO maintenance (cluster, since, until, person, why) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (cluster) DO UPDATE SET until = excluded.until, person = excluded.person, why = excluded.why`,
		m.Cluster, m.Since.UnixNano(), m.Until.UnixNano(), m.By, m.Why)
	return statefile.Wrap("begin maintenance of "+m.Cluster, err)
}

// EndMaintenance ends a cluster's maintenance; it is no error if there is none.
func (j *Journal) EndMaintenance(ctx context.Context, cluster string) error {
	_, err := j.db.ExecContext(ctx, `DELETE FROM maintenance WHERE cluster = ?`, cluster)
	return statefile.Wrap("end maintenance of "+cluster, err)
}

// Maintenances returns what is in maintenance at that moment.
func (j *Journal) Maintenances(ctx context.Context, now time.Time) ([]Maintenance, error) {
	rows, err := j.db.QueryContext(ctx, `SELECT cluster, since, until, person, why FROM maintenance WHERE until > ? ORDER BY cluster`, now.UnixNano())
	if err != nil {
		return nil, statefile.Wrap("read maintenance", err)
	}
	defer rows.Close()
	list := []Maintenance{}
	for rows.Next() {
		var m Maintenance
		var since, until sql.NullInt64
		if err := rows.Scan(&m.Cluster, &since, &until, &m.By, &m.Why); err != nil {
			return nil, statefile.Wrap("read maintenance", err)
		}
		m.Since, m.Until = statefile.FromNanos(since), statefile.FromNanos(until)
		list = append(list, m)
	}
	return list, statefile.Wrap("read maintenance", rows.Err())
}
