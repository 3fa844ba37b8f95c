package ndb

import (
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
)

// backups remembers the last backup of each outcome.
type backups struct {
	heard bool
	count map[string]int
	at    map[string]time.Time
	id    map[string]uint64
	error uint64

	begun   time.Time // of the one that runs; zero if none does, or if its beginning was missed
	running bool
	took    time.Duration
	size    map[string]float64 // of the last that was completed
	records map[string]float64
}

// hear takes an event down if it is about a backup, and counts it if it is new. Saved events older
// than what is known change nothing.
func (b *backups) hear(e mgm.Event, count bool) {
	outcome, ok := map[mgm.EventType]string{
		mgm.BackupStarted: "started", mgm.BackupCompleted: "completed", mgm.BackupAborted: "aborted", mgm.BackupNotStarted: "not_started",
	}[e.Type]
	if !ok {
		return
	}
	if b.count == nil {
		b.count, b.at, b.id = map[string]int{}, map[string]time.Time{}, map[string]uint64{}
	}
	if e.Saved && e.Time.Before(b.at[outcome]) {
		return
	}
	b.heard = true
	if count {
		b.count[outcome]++
	}
	b.at[outcome] = e.Time
	id, hasID := e.Value("backup_id")
	if hasID {
		b.id[outcome] = id
	}
	if code, ok := e.Value("error"); ok && outcome != "completed" {
		b.error = code
	}
	switch outcome {
	case "started":
		b.running, b.begun = true, e.Time
	case "aborted":
		b.ended(id)
	case "completed":
		if b.running && !b.begun.IsZero() && b.id["started"] == id {
			b.took = e.Time.Sub(b.begun)
		}
		b.ended(id)
		b.size, b.records = map[string]float64{}, map[string]float64{}
		for part, field := range map[string]string{"data": "n_bytes", "log": "n_log_bytes"} {
			if n, ok := e.Value(field); ok {
				b.size[part] = float64(n)
			}
		}
		for part, field := range map[string]string{"data": "n_records", "log": "n_log_records"} {
			if n, ok := e.Value(field); ok {
				b.records[part] = float64(n)
			}
		}
	}
}

// ended notes that a backup is over, if it is the one that runs.
func (b *backups) ended(id uint64) {
	if b.id["started"] == id {
		b.running, b.begun = false, time.Time{}
	}
}
