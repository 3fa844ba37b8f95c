package binlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A Sender sends what a server has in its logs.
type Sender interface {
	// Fetch fetches a log from an offset on into a folder. What is at skip in the file stands at the offset
	// on the server; in front of it is its format event.
	Fetch(ctx context.Context, dir, file string, offset uint64) (path string, skip int64, err error)
	// End returns where the event ends that begins at an offset, 0 if none begins there.
	End(ctx context.Context, file string, at uint64) (uint64, error)
}

// Fetch fetches what a file has beyond the line, and makes sure that what is before it is what was
// archived. For that it begins with the last archived event: what was archived is not read again.
func (l *Line) Fetch(ctx context.Context, dir string, s Sender) (path string, skip int64, err error) {
	if l.Offset == 0 {
		return s.Fetch(ctx, dir, l.File, 0)
	}
	path, skip, from, err := l.known(ctx, dir, s)
	return path, skip + int64(l.Offset-from), err
}

// Same makes sure that the file in which the line was last is the one that was archived. It works in a
// folder of its own, inside of dir.
func (l *Line) Same(ctx context.Context, dir string, s Sender) error {
	dir, err := os.MkdirTemp(dir, "fetch-")
	if err != nil {
		return fmt.Errorf("look at %s of %s: %w", l.In, l.Node, err)
	}
	defer os.RemoveAll(dir)
	if _, _, _, err := l.known(ctx, dir, s); err != nil {
		return fmt.Errorf("look at %s of %s: %w", l.In, l.Node, err)
	}
	return nil
}

// known fetches the file of the mark, from its last archived event on.
func (l *Line) known(ctx context.Context, dir string, s Sender) (path string, skip int64, from uint64, err error) {
	at, event := int64(-1), l.Mark.At > 0
	if from = l.Mark.At; !event {
		from = l.Offset
	}
	path, skip, err = s.Fetch(ctx, dir, l.In, from)
	if err != nil {
		return "", 0, 0, l.refused(ctx, s, from, err)
	}
	if event {
		at = skip
	}
	sum, size, err := sumAt(path, at)
	if err != nil {
		return "", 0, 0, err
	}
	if sum != l.Mark.Sum || event && !l.endsAt(from+size) {
		return "", 0, 0, l.other()
	}
	return path, skip, from, nil
}

// endsAt reports whether the last archived event may end there. Of a file that is archived whole, the sum
// alone tells.
func (l *Line) endsAt(at uint64) bool { return l.In != l.File || at == l.Offset }

func (l *Line) other() error {
	upTo := ""
	if l.In == l.File {
		upTo = fmt.Sprintf(" up to %d", l.Offset)
	}
	return &OtherError{fmt.Sprintf("%s of %s does not hold what was archived of it%s, so the server has begun its binary logs anew", l.In, l.Node, upTo)}
}

// refused says whether a server did not send the last archived event because none begins there.
func (l *Line) refused(ctx context.Context, s Sender, from uint64, failed error) error {
	end, err := s.End(ctx, l.In, from)
	if err == nil && (end == 0 || l.Mark.At > 0 && !l.endsAt(end)) {
		return l.other()
	}
	return failed
}

// EndOf asks a server where the event ends that begins at an offset of a log, 0 if none begins there. Servers
// refuse such a place, or tell of the next event, or of none.
func EndOf(ctx context.Context, sql *sqlconn.DB, file string, at uint64) (uint64, error) {
	name, err := Name(file)
	if err != nil {
		return 0, err
	}
	const wrongOffset = 1220
	rows, err := sql.Table(ctx, fmt.Sprintf("SHOW BINLOG EVENTS IN '%s' FROM %d LIMIT 1", name, at))
	if said, isSaid := errors.AsType[*mysql.MySQLError](err); isSaid && said.Number == wrongOffset {
		return 0, nil
	}
	if err != nil || len(rows) == 0 || rows[0]["pos"] != strconv.FormatUint(at, 10) {
		return 0, err
	}
	return strconv.ParseUint(rows[0]["end_log_pos"], 10, 64)
}
