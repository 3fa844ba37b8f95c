package ndb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
)

// clocksDiffer is how far the clock of an SQL node may be from the one of backupd.
const clocksDiffer = 10 * time.Minute

// confirm makes sure that a binary log is the one in which a backup says that its state stands, and not one
// of the same name that the same SQL node wrote before it was rebuilt or after: it was begun before the
// backup ended, an event ends at that place, and the epochs before it and behind it are.
func confirm(ctx context.Context, dir string, m backupd.Manifest, pieces []backupd.Link) error {
	path, at := filepath.Join(dir, m.Position.File), m.Position.Offset
	other := func(why string, args ...any) error {
		return fmt.Errorf("%s in the archive is not the one that %s stands in: %s: %w", m.Position.File, m.ID, fmt.Sprintf(why, args...), backupd.ErrBroken)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	format, err := eventAt(f, int64(len(binlog.Magic)))
	if err != nil {
		return fmt.Errorf("read %s: %w", m.Position.File, err)
	}
	if format.stamp.After(m.Ended.Add(clocksDiffer)) {
		return other("it was begun at %s, after that backup had ended", format.stamp.Format(time.RFC3339))
	}
	if _, err := soundPiece(path, 0, 0, at); err != nil {
		return other("at %d: %v", at, err)
	}
	for _, p := range pieces {
		if p.Manifest.From.File != m.Position.File {
			break
		}
		ends, err := endsIn(ctx, p)
		if err != nil {
			return err
		}
		for _, e := range ends {
			gci := e.Epoch >> 32
			if e.Lost == 0 && (e.To <= at && gci > m.Position.Stop || e.To > at && gci < m.Position.Stop) {
				return other("global checkpoint %d ends at %d, and the backup stands at %d behind %d", gci, e.To, at, m.Position.Stop)
			}
		}
	}
	return nil
}
