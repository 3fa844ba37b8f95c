package galera

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A mark is by what the archive knows a binary log again. Its name and size say nothing: a member that
// was rebuilt gives the same names again, and so does one whose logs were reset. What says how a log is
// to be read holds the second at which it was begun; the last archived event holds its own and, if it
// ends a transaction, its number in the cluster.
type mark struct {
	uuid string // of the state of the cluster, which no binary log has
	at   uint64 // where the last archived event begins; 0: it is the first one
	sum  string // of the first event and of that one
}

func (m mark) String() string { return fmt.Sprintf("%s/%d/%s", m.uuid, m.at, m.sum) }

// parseMark returns a mark without a sum for what is none.
func parseMark(text string) mark {
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return mark{}
	}
	at, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return mark{}
	}
	return mark{parts[0], at, parts[2]}
}

// otherError says that a server's log is not the one that was archived.
type otherError struct{ why string }

func (e *otherError) Error() string { return "the archive cannot go on: " + e.why }

// markOf returns where the last event of a piece begins, and the sum over it. What is at skip in the
// file stands at p.from on the server.
func markOf(path string, skip int64, p piece) (at uint64, sum string, err error) {
	if p.from == 0 && p.newestAt == uint64(len(logMagic)) {
		sum, _, err = sumAt(path, -1)
		return 0, sum, err
	}
	sum, _, err = sumAt(path, skip+int64(p.newestAt-p.from))
	return p.newestAt, sum, err
}

// sumAt returns the sum over the format event of a log and the event that stands at an offset of the
// file, and that one's size; -1 takes the format event alone. The server sends a format event before all
// others wherever one begins to read, but not with all that is in its file: when the server was started
// is left out, and whether the log is in use changes.
func sumAt(path string, at int64) (sum string, size uint64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	l, err := newLogReader(f, 0, false)
	if err != nil {
		return "", 0, err
	}
	format, err := l.next()
	if err != nil {
		return "", 0, err
	}
	const started = 2 + 50 // behind the versions of the log and of the server
	if len(format.body) < started+4 {
		return "", 0, fmt.Errorf("the format event has %d bytes", len(format.body))
	}
	h := sha256.New()
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:], format.stamp)
	binary.LittleEndian.PutUint32(head[4:], format.server)
	h.Write(head[:])
	h.Write(format.body[:started])
	h.Write(format.body[started+4:])
	if at >= 0 {
		var head [headSize]byte
		if _, err := f.ReadAt(head[:], at); err != nil {
			return "", 0, torn(err)
		}
		size = uint64(binary.LittleEndian.Uint32(head[9:]))
		if size < headSize || size > maxEvent {
			return "", 0, fmt.Errorf("an event of %d bytes", size)
		}
		if n, err := io.Copy(h, io.NewSectionReader(f, at, int64(size))); err != nil || uint64(n) < size {
			return "", 0, errors.Join(err, errTorn)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), size, nil
}

// fetch fetches what a file has beyond the line, and makes sure that what is before it is what was
// archived. For that it begins with the last archived event: what was archived is not read again.
func (l *line) fetch(ctx context.Context, dir string, s source) (path string, skip int64, err error) {
	if l.offset == 0 {
		return fetchLog(ctx, dir, s, l.file, 0)
	}
	from, event := l.mark.at, l.mark.at > 0
	if !event {
		from = l.offset
	}
	path, skip, err = fetchLog(ctx, dir, s, l.file, from)
	if err != nil {
		return "", 0, l.refused(ctx, s, from, err)
	}
	at := skip
	if !event {
		at = -1
	}
	sum, size, err := sumAt(path, at)
	if err != nil {
		return "", 0, err
	}
	if sum != l.mark.sum || event && from+size != l.offset {
		return "", 0, l.other(s)
	}
	return path, skip + int64(l.offset-from), nil
}

// same makes sure that the line's file is the one that was archived, up to where the line is.
func (l *line) same(ctx context.Context, dir string, s source) error {
	dir, err := os.MkdirTemp(dir, "fetch-")
	if err != nil {
		return fmt.Errorf("look at %s of %s: %w", l.file, s.node.Name, err)
	}
	defer os.RemoveAll(dir)
	if _, _, err := l.fetch(ctx, dir, s); err != nil {
		return fmt.Errorf("look at %s of %s: %w", l.file, s.node.Name, err)
	}
	return nil
}

func (l *line) other(s source) error {
	return &otherError{fmt.Sprintf("%s of %s does not hold what was archived of it up to %d, so the server has begun its binary logs anew", l.file, s.node.Name, l.offset)}
}

// wrongOffset is the server's error where no event begins.
const wrongOffset = 1220

// refused says whether a server did not send the last archived event because none begins there.
func (l *line) refused(ctx context.Context, s source, from uint64, failed error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sql, err := sqlconn.Connect(ctx, s.node.SQL, s.cluster.Backup.Credential, s.cluster.TLS)
	if err != nil {
		return failed
	}
	defer sql.Close()
	events, err := sql.Texts(ctx, fmt.Sprintf("SHOW BINLOG EVENTS IN '%s' FROM %d LIMIT 1", l.file, from)) // fetchLog has looked at the name
	if said, isSaid := errors.AsType[*mysql.MySQLError](err); isSaid && said.Number == wrongOffset {
		return l.other(s)
	}
	if err == nil && (len(events) == 0 || l.mark.at > 0 && events[0][4] != strconv.FormatUint(l.offset, 10)) {
		return l.other(s)
	}
	return failed
}
