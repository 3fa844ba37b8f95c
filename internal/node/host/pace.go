package host

import (
	"context"
	"io"
	"path"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/kagu-db/kagu/internal/mbstream"
)

// A pace is how fast what mariadb-backup writes is read. The tool's own --throttle spends a second's
// share in one go at the second's beginning, and everything behind it (SSH, compression, the disk of
// the store) works in the same bursts, which clients feel. Here it is read in small steps, and the
// pipe that is full makes the tool wait. The tool still reads 10 MiB of a file in one go.
//
// Only the data files of InnoDB wait. Of the rest, most is read while the tool has the server locked,
// and the redo log is overwritten by the server whether it was copied or not. In the one pipe it
// waits behind the data all the same, so the pace is lifted while hurry is set.
type pace struct {
	limit *rate.Limiter // nil: as fast as it comes
	step  int
	hurry atomic.Bool
}

const (
	stepsPerSecond = 200                   // what clients feel is one step: 84 kB at 16 MiB/s
	catchUp        = 50 * time.Millisecond // how much of a wait that was too long is made good
	leastStep      = 4 << 10               // of a pipe
)

// newPace returns the pace for bytes a second, 0 for none.
func newPace(bytes int64) *pace {
	if bytes <= 0 {
		return &pace{}
	}
	step := int(max(leastStep, min(bytes/stepsPerSecond, 1<<20)))
	burst := max(step, int(float64(bytes)*catchUp.Seconds()))
	return &pace{limit: rate.NewLimiter(rate.Limit(bytes), burst), step: step}
}

// holds tells whether the pace holds now.
func (p *pace) holds() bool { return p.limit != nil && !p.hurry.Load() }

// read fills a part of a buffer through the look at the stream, which knows what comes next. It reads
// what there is, and goes on only while there is little: a frame for every few kilobytes would cost
// more than the wait.
func (p *pace) read(ctx context.Context, from io.Reader, look *mbstream.Scanner, into []byte) (n int, err error) {
	for n < len(into)/4 {
		rest, hold := into[n:], p.holds()
		next, left := look.Reading()
		switch {
		case !hold:
		case next == "" || isData(next): // behind a head may be data
			rest = rest[:min(len(rest), p.step)]
		default:
			rest = rest[:min(uint64(len(rest)), left)]
		}
		k, err := from.Read(rest)
		if _, wrong := look.Write(rest[:k]); wrong != nil {
			return 0, wrong
		}
		if n += k; err != nil {
			return n, err
		}
		if now, _ := look.Reading(); hold && (isData(next) || isData(now)) {
			if err := p.limit.WaitN(ctx, k); err != nil {
				return n, context.Cause(ctx)
			}
		}
	}
	return n, nil
}

var undoFile = regexp.MustCompile(`^undo\d+$`)

// isData knows the data files of InnoDB by their names in a stream. What a DDL made meanwhile has
// another ending there, and is read under the locks.
func isData(file string) bool {
	base := strings.TrimSuffix(path.Base(file), ".delta") // of an incremental backup
	return strings.HasSuffix(base, ".ibd") || strings.HasPrefix(base, "ibdata") || undoFile.MatchString(base)
}
