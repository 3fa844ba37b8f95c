package backupd

import (
	"context"
	"time"

	"github.com/kagu-db/kagu/internal/inventory"
)

// An Archiver is a Kind that keeps what changes, without end, beside the backups that have one.
type Archiver interface {
	// Archive archives until the context ends, and says why it ended otherwise. It begins where
	// a.Last ends; who calls it again after an error gives it what Keep returned last.
	Archive(ctx context.Context, a Archive) error
}

// Archive is a job that never ends.
type Archive struct {
	Cluster inventory.Cluster
	Job     inventory.BackupJob
	Last    *Piece        // the newest piece; nil: there is none
	Dir     string        // of our own, on this machine, for what is not stored yet
	Every   time.Duration // how old may be what is not stored yet

	// Keep stores a piece: a backup of the Method Binlog. write gets its sink and returns what
	// the piece is. When Keep returns nil its manifest is stored. Pieces that follow each other within
	// a file may be put together later: each of their streams, one behind the other, must then be
	// what Keep would have been given for all of them.
	Keep func(ctx context.Context, write func(context.Context, Sink) (Facts, error)) (Manifest, error)
	// Idle is called when there was nothing to keep. From time to time it lets look find out whether
	// really all that was written by a moment is kept.
	Idle func(ctx context.Context, look func(context.Context) (r Reached, known bool, err error))
	Tell func(stage, detail string)
}
