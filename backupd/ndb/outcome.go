package ndb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kagu-db/kagu/internal/mgm"
)

// Done is what the data nodes said when a backup was completed.
type Done struct {
	Number     uint32 `json:"number"`
	StartGCI   uint64 `json:"start_gci"`
	StopGCI    uint64 `json:"stop_gci"`
	Bytes      uint64 `json:"bytes"`
	Records    uint64 `json:"records"`
	LogBytes   uint64 `json:"log_bytes"`
	LogRecords uint64 `json:"log_records"`
}

func doneOf(e mgm.Event) Done {
	value := func(name string) uint64 { n, _ := e.Value(name); return n }
	return Done{
		Number: uint32(value("backup_id")), StartGCI: value("start_gci"), StopGCI: value("stop_gci"),
		Bytes: value("n_bytes"), Records: value("n_records"), LogBytes: value("n_log_bytes"), LogRecords: value("n_log_records"),
	}
}

// ErrAborted: the data nodes gave the backup up.
var ErrAborted = errors.New("the data nodes aborted the backup")

// ended reports whether an event is the end of the backup, and which end.
func ended(e mgm.Event, id uint32) (d Done, over bool, err error) {
	n, named := e.Value("backup_id")
	switch {
	case e.Type == mgm.BackupCompleted && uint32(n) == id:
		return doneOf(e), true, nil
	case e.Type == mgm.BackupAborted && uint32(n) == id:
		code, _ := e.Value("error")
		return d, true, fmt.Errorf("%w %d: %s", ErrAborted, id, reason(int(code)))
	case e.Type == mgm.BackupNotStarted && !named && !e.Saved: // it has no number; ours is the one that was ordered
		code, _ := e.Value("error")
		return d, true, fmt.Errorf("%w %d before it began: %s", ErrAborted, id, reason(int(code)))
	}
	return d, false, nil
}

// A watch waits for the end of a backup by its events, and asks the data nodes when they are silent.
type watch struct {
	client   *mgm.Client
	listener *mgm.Listener
	every    time.Duration // how often they are asked
	tell     func(detail string)
}

// lostAfter is how often the data nodes may answer that no backup is running, and have none of
// ours saved, until it counts as lost.
const lostAfter = 3

// wait returns what the data nodes said at the end of the backup.
func (w watch) wait(ctx context.Context, id uint32) (Done, error) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	events := w.listener.Events()
	for missing := 0; ; {
		select {
		case <-ctx.Done():
			return Done{}, context.Cause(ctx)
		case e, open := <-events:
			if !open {
				events = nil
				continue
			}
			if d, over, err := ended(e, id); over {
				return d, err
			}
		case <-tick.C:
			d, over, lives, err := w.look(ctx, id)
			switch {
			case over:
				return d, err
			case err != nil: // no management server answers now: the next may
				w.tell("no management server answers; the backup goes on without it")
			case lives:
				missing = 0
			default:
				if missing++; missing == lostAfter {
					return Done{}, fmt.Errorf("backup %d is not running, and no data node knows how it ended: its node may have failed; see kagu status and take another", id)
				}
			}
		}
	}
}

// look asks the data nodes: they keep the newest events, and know whether they are at a backup.
func (w watch) look(ctx context.Context, id uint32) (d Done, over, lives bool, err error) {
	now, is, err := running(ctx, w.client)
	if err != nil {
		return d, false, false, err
	}
	if is == id {
		bytes, _ := now.Value("n_bytes")
		records, _ := now.Value("n_records")
		w.tell(fmt.Sprintf("%d rows, %d bytes so far", records, bytes))
		return d, false, true, nil
	}
	saved, err := w.client.DumpEvents(ctx, mgm.SavedEvent)
	if err != nil {
		return d, false, false, err
	}
	for _, e := range saved {
		if d, over, err := ended(e, id); over {
			return d, true, false, err
		}
	}
	return d, false, false, nil
}

// giveUp ends a backup that runs, and waits until it does not run any more.
func giveUp(ctx context.Context, c *mgm.Client, id uint32) error {
	_, now, err := running(ctx, c)
	if err != nil || now != id {
		return err
	}
	if err := c.AbortBackup(ctx, id); err != nil {
		return fmt.Errorf("abort backup %d: %w", id, err)
	}
	return free(ctx, c)
}
