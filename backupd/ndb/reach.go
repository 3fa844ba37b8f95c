package ndb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/kagu-db/kagu/backupd"
)

// piecesOf returns the archived pieces that follow a backup, in order: those of the file that the
// backup names, from its begin on, and all that begin where the one before ended. The last piece of a
// file ends where the next file begins. If there are none it says what is wrong with those that seem to be.
func piecesOf(m backupd.Manifest, logs []backupd.Link) (pieces []backupd.Link, why string) {
	for _, line := range backupd.Lines(logs) {
		first := slices.IndexFunc(line, func(l backupd.Link) bool {
			from := l.Manifest.From
			return from.File == m.Position.File && from.Offset == 0 && slices.Contains(m.Origin.Nodes, l.Manifest.Origin.Nodes[0])
		})
		if first < 0 {
			continue
		}
		if why = foreign(m, line[first:]); why == "" {
			return line[first:], ""
		}
	}
	return nil, why
}

// foreign says why a line cannot be what the backup stands in, though a file of it has the name; "" if it can. An SQL node
// that was rebuilt, or whose logs were reset, gives its names again. Global checkpoints go up all the time: what is before the backup's
// place is not later than its end, and what is behind it not earlier.
func foreign(m backupd.Manifest, line []backupd.Link) string {
	for _, l := range line {
		from, to := l.Manifest.From, l.Manifest.Position
		inFile := from.File == m.Position.File
		switch {
		case inFile && to.File == m.Position.File && to.Offset <= m.Position.Offset && to.Stop > m.Position.Stop:
			return fmt.Sprintf("up to %d it has global checkpoint %d, and the backup ends with %d", to.Offset, to.Stop, m.Position.Stop)
		case from.Start > 0 && from.Start < m.Position.Stop && (!inFile || from.Offset >= m.Position.Offset):
			return fmt.Sprintf("%s from %d on has global checkpoint %d, and the backup ends with %d", from.File, from.Offset, from.Start, m.Position.Stop)
		}
	}
	return ""
}

// reachedBy says why the archive does not lead from the backup to the point.
func reachedBy(m backupd.Manifest, logs []backupd.Link, to backupd.Point) error {
	if m.Position.File == "" {
		return fmt.Errorf("backup %s does not say where it is in a binary log: no SQL node wrote one", m.ID)
	}
	pieces, why := piecesOf(m, logs)
	switch {
	case why != "":
		return fmt.Errorf("%s in the archive is not the one that backup %s stands in: %s: its SQL node has begun its logs anew, only a backup that was taken since can be rolled forward", m.Position.File, m.ID, why)
	case len(pieces) == 0:
		return fmt.Errorf("no archived binary log goes on from %s at %d: a job of the method binlog keeps it", m.Position.File, m.Position.Offset)
	}
	last := pieces[len(pieces)-1].Manifest
	if at := last.Position; at.File == m.Position.File && at.Offset < m.Position.Offset {
		return fmt.Errorf("the archive ends with %s at %d, before the end of the backup at %d", at.File, at.Offset, m.Position.Offset)
	}
	switch {
	case to.Epoch != 0 && last.Position.Stop < to.Epoch>>32:
		return fmt.Errorf("the archive ends with global checkpoint %d, and epoch %d is of %d", last.Position.Stop, to.Epoch, to.Epoch>>32)
	case !to.Time.IsZero() && newestIn(pieces).Before(to.Time): // when a piece was stored says nothing of how far it goes
		newest := newestIn(pieces)
		if newest.IsZero() {
			return errors.New("the archive holds no change since the backup: give an epoch, or wait until one is archived")
		}
		return fmt.Errorf("the archive ends at %s: give a time up to that, or wait until a later change is archived", newest.UTC().Format(time.RFC3339))
	}
	return nil
}

// newestIn is the second of the newest change in the pieces: all from before it is there.
func newestIn(pieces []backupd.Link) (newest time.Time) {
	for _, p := range pieces {
		if at := p.Manifest.Position.Time; at.After(newest) {
			newest = at
		}
	}
	return newest
}

// unbroken says where changes are missing on the way from the backup to the point.
func unbroken(ctx context.Context, m backupd.Manifest, pieces []backupd.Link, to backupd.Point) error {
	var last uint64 // epoch that was passed
	for _, p := range pieces {
		if slices.Contains(p.Manifest.Notes, lostNote) {
			ends, err := endsIn(ctx, p)
			if err != nil {
				return err
			}
			for _, e := range ends {
				if e.Lost == 0 {
					last = e.Epoch
					continue
				}
				passed := p.Manifest.From.File == m.Position.File && e.To <= m.Position.Offset // before the backup
				beyond := to.Epoch > last || !to.Time.IsZero() && to.Time.Unix() > e.Lost
				if !passed && beyond {
					return fmt.Errorf("by its binary log, %s at %d, %s has missed changes (it was restarted, or away from the data nodes) before %s: this backup leads no further than to epoch %d, one that was taken later does",
						p.Manifest.From.File, e.To, p.Manifest.Origin.Nodes[0], time.Unix(e.Lost, 0).UTC().Format(time.RFC3339), max(last, lastEpoch(m.Position.Stop)))
				}
			}
		}
		if p.Manifest.Position.Stop > 0 {
			last = max(last, lastEpoch(p.Manifest.Position.Stop))
		}
	}
	return nil
}

// endOf returns where the last epoch ends in a piece that is not later than the one wanted, and
// whether a later one follows in it.
func endOf(ctx context.Context, p backupd.Link, epoch uint64) (at uint64, over bool, err error) {
	ends, err := endsIn(ctx, p)
	if err != nil {
		return 0, false, err
	}
	at = p.Manifest.From.Offset
	for _, e := range ends {
		if e.Lost != 0 {
			continue
		}
		if e.Epoch > epoch {
			return max(at, 4), true, nil
		}
		at = e.To
	}
	return at, false, nil
}

// endsIn returns where the epochs end in a piece.
func endsIn(ctx context.Context, p backupd.Link) ([]epochEnd, error) {
	text, err := readAll(ctx, p.Source, indexStream, maxAbout)
	var ends []epochEnd
	if err == nil {
		ends, err = readEpochs(text)
	}
	if err != nil {
		return nil, fmt.Errorf("read where the epochs are in %s: %w", p.Manifest.ID, err)
	}
	return ends, nil
}

// readEpochs reads the lists of epochs of one or more pieces, one behind the other.
func readEpochs(text []byte) (all []epochEnd, err error) {
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var ends []epochEnd
		switch err := d.Decode(&ends); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, ends...)
	}
}
