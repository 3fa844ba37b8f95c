package galera

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
)

// clocksDiffer is how far the clock of a member may be from the one of backupd.
const clocksDiffer = 10 * time.Minute

// confirm makes sure that a binary log is the one in which a backup says that its state stands, and not
// one of the same name that the same member wrote before it was rebuilt or after: it was begun before
// the backup ended, a transaction ends at that place, and what the backup knows as the newest
// transactions are the newest ones there.
func confirm(path string, base backupd.Manifest) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	l, err := newLogReader(f, 0, false)
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	other := func(why string, args ...any) error {
		return fmt.Errorf("%s in the archive is not the one that %s stands in: %s: %w", filepath.Base(path), base.ID, fmt.Sprintf(why, args...), backupd.ErrBroken)
	}
	newest := map[numbering]uint64{}
	at := base.Position.Offset
	for l.at < at {
		e, err := l.next()
		if err != nil {
			return other("it cannot be read up to %d: %v", at, err)
		}
		switch e.kind {
		case eventFormat:
			if begun := e.time(); begun.After(base.Ended.Add(clocksDiffer)) {
				return other("it was begun at %s, after that backup had ended", begun.Format(time.RFC3339))
			}
		case eventState:
			if e.body == nil { // too many to be looked at; those that come are
				continue
			}
			if err := e.state(newest); err != nil {
				return fmt.Errorf("read %s: %w", filepath.Base(path), err)
			}
		case eventGTID:
			g, err := e.gtid()
			if err != nil {
				return fmt.Errorf("read %s: %w", filepath.Base(path), err)
			}
			newest[numbering{g.domain, g.server}] = g.seqno
		}
	}
	if l.at != at {
		return other("at %d it has the middle of an event", at)
	}
	for text := range strings.SplitSeq(base.Position.GTID, ",") {
		var g gtid
		if n, err := fmt.Sscanf(text, "%d-%d-%d", &g.domain, &g.server, &g.seqno); n < 3 || err != nil {
			continue // it has none
		}
		if seqno, found := newest[numbering{g.domain, g.server}]; found && seqno != g.seqno {
			return other("at %d its newest transaction of that server is %d-%d-%d, and the backup's is %s", at, g.domain, g.server, seqno, g)
		}
	}
	return nil
}

// numbering is whose transactions are numbered.
type numbering struct{ domain, server uint32 }

// state reads the newest transactions that a log begins with.
func (e event) state(into map[numbering]uint64) error {
	if len(e.body) < 4 {
		return fmt.Errorf("the event at %d with the state of the log has %d bytes", e.at, len(e.body))
	}
	n := int(binary.LittleEndian.Uint32(e.body) & (1<<28 - 1)) // the rest are flags
	if len(e.body) < 4+16*n {
		return fmt.Errorf("the event at %d with the state of the log has %d bytes for %d transactions", e.at, len(e.body), n)
	}
	for b := e.body[4:]; n > 0; b, n = b[16:], n-1 {
		into[numbering{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])}] = binary.LittleEndian.Uint64(b[8:])
	}
	return nil
}
