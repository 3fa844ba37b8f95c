package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A redo watches whether mariadb-backup keeps up with the server's redo log, which is a ring: what
// was not copied before the server comes round again is lost, and with it the backup. It reads how
// far the tool has come from what the tool says.
type redo struct {
	size   uint64 // of the ring
	copied atomic.Uint64
	line   []byte // of what the tool says, as far as it has come
}

const (
	redoEvery = 250 * time.Millisecond // the tool itself looks once a second
	longLine  = 4 << 10
)

var scannedUpTo = regexp.MustCompile(`>> log scanned up to \((\d{1,20})\)`)

// Write takes what the tool says.
func (r *redo) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		r.line = append(r.line, part[:min(len(part), longLine-len(r.line))]...)
		if rest = after; ended {
			r.hear(r.line)
			r.line = r.line[:0]
		}
	}
	return len(p), nil
}

func (r *redo) hear(line []byte) {
	said := scannedUpTo.FindSubmatch(line)
	if said == nil {
		return
	}
	if lsn, err := strconv.ParseUint(string(said[1]), 10, 64); err == nil {
		r.copied.Store(max(lsn, r.copied.Load()))
	}
}

// tight tells whether the tool must hurry, for a server that is at an LSN: once a quarter of the
// ring waits for it, until it has all but a sixteenth.
func (r *redo) tight(at uint64, hurries bool) bool {
	most := r.size / 4
	if hurries {
		most = r.size / 16
	}
	copied := r.copied.Load()
	return at > copied && at-copied > most
}

// hasten lifts the pace while the tool is behind, until the context ends, and returns for how long it
// did so. While the server does not tell where it is, the tool hurries.
func (r *redo) hasten(ctx context.Context, db *sqlconn.DB, p *pace) (lifted time.Duration) {
	tick := time.NewTicker(redoEvery)
	defer tick.Stop()
	for since := time.Now(); ; {
		select {
		case <-ctx.Done():
			return lifted
		case <-tick.C:
		}
		now := time.Now()
		if p.hurry.Load() {
			lifted += now.Sub(since)
		}
		since = now
		at, err := askNumber(ctx, db, "SHOW GLOBAL STATUS LIKE 'Innodb_lsn_current'")
		if ctx.Err() == nil {
			p.hurry.Store(err != nil || r.tight(at, p.hurry.Load()))
		}
	}
}

// hasten lets the redo log be watched while the tool works. The function ends that, and notes for a
// human whether the rate did not hold.
func (fl *flow) hasten(ctx context.Context, r *redo, db *sqlconn.DB, p *pace) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	lifted := make(chan time.Duration, 1)
	go func() { lifted <- r.hasten(ctx, db, p) }()
	return func() {
		cancel()
		if d := <-lifted; d > 0 {
			fl.notes = append(fl.notes, fmt.Sprintf("the rate was lifted for %v, because the server wrote its redo log faster than it could be copied beside the data: "+
				"a larger innodb_log_file_size, a higher rate or a quieter hour", d.Round(time.Second)))
		}
	}
}

// watchRedo returns a watch over the ring of a server that is at an LSN. A tool that does not tell
// how far it has come is taken to have stayed there.
func watchRedo(ctx context.Context, db *sqlconn.DB, at uint64) (*redo, error) {
	size, err := askNumber(ctx, db, "SHOW GLOBAL VARIABLES LIKE 'innodb_log_file_size'")
	if err != nil {
		return nil, fmt.Errorf("ask for the size of the redo log: %w", err)
	}
	r := &redo{size: size} // one file, from 10.6 on
	r.copied.Store(at)
	return r, nil
}

// askNumber asks for one status or variable.
func askNumber(ctx context.Context, db *sqlconn.DB, query string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	var text string
	if err := db.Each(ctx, query, func(_, value []byte) { text = string(value) }); err != nil {
		return 0, err
	}
	if text == "" {
		return 0, errors.New("the server knows nothing of that name")
	}
	return strconv.ParseUint(text, 10, 64)
}
