package galera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
	"github.com/kagu-db/kagu/internal/inventory"
	"github.com/kagu-db/kagu/internal/sqlconn"
)

// streamLog is a piece of a binary log, byte for byte as it stands in the server's file.
const streamLog = "binlog"

// archiveFor is how long the archive waits for a member that is away, before another one's binary
// log begins a new line.
const archiveFor = 2 * time.Minute

// Archive keeps the binary log of one member, piece by piece. A piece is stored at least every so
// often, if there is anything in it. All pieces of one member that follow each other are a line; what
// is missing before a piece is said in its first note.
func (k Kind) Archive(ctx context.Context, a backupd.Archive) error {
	a.Tell = tell(a.Tell)
	line := newLine(a.Last)
	var away time.Time // since when the member has failed; zero: it has not
	for {
		err := k.archiveOnce(ctx, a, line)
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if keep, isKeep := errors.AsType[*keepError](err); isKeep {
			return keep.err // the store or the engine, not the member
		}
		switch {
		case err == nil:
			away = time.Time{}
		case away.IsZero():
			away = time.Now()
			a.Tell("archive", "waiting for "+line.Node+": "+err.Error())
		case time.Since(away) > archiveFor:
			return err // who calls again lets another member take over
		}
		select {
		case <-time.After(a.Every):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// newLine is where an archive goes on.
func newLine(last *backupd.Piece) *binlog.Line {
	if last == nil || last.To.File == "" {
		return &binlog.Line{}
	}
	return &binlog.Line{Node: last.Node, File: last.To.File, Offset: last.To.Offset, In: last.To.File, Mark: binlog.ParseMark(last.Mark)}
}

// keepError is an error of where pieces are kept.
type keepError struct{ err error }

func (e *keepError) Error() string { return e.err.Error() }

func (e *keepError) Unwrap() error { return e.err }

// archiveOnce archives all there is now.
func (k Kind) archiveOnce(ctx context.Context, a backupd.Archive, l *binlog.Line) error {
	n, err := archiveFrom(ctx, a.Cluster, l.Node)
	if err != nil {
		return err
	}
	from, err := listLogs(ctx, a.Cluster, n)
	if err != nil {
		return err
	}
	l.Meet(from.Server)
	kept, err := keepAll(ctx, a, l, from)
	if other, isOther := errors.AsType[*binlog.OtherError](err); isOther {
		l.Begin(from.Server, other.Why)
		kept, err = keepAll(ctx, a, l, from)
	}
	if err != nil {
		return err
	}
	if !kept && l.Note == "" && a.Idle != nil {
		a.Idle(ctx, func(ctx context.Context) (backupd.Reached, bool, error) { return upToDate(ctx, a, l, n) })
	}
	return nil
}

// keepAll archives what a member has beyond the line, and says whether there was anything.
func keepAll(ctx context.Context, a backupd.Archive, l *binlog.Line, s source) (kept bool, err error) {
	known := l.Offset == 0 // that the file is still the one which was archived
	for _, log := range s.Logs {
		if !binlog.After(log.Name, l.File) || (log.Name == l.File && log.Size <= l.Offset) {
			continue
		}
		before := *l
		if log.Name != l.File { // whose end is archived: a server never goes on with an older file
			if !known {
				if err := l.Same(ctx, a.Dir, s); err != nil {
					return kept, err
				}
			}
			if err := next(l, log.Name, s); err != nil {
				return kept, err
			}
		}
		if err := archivePiece(ctx, a, s, l, backupd.Position{File: before.File, Offset: before.Offset}); err != nil {
			*l = before
			return kept, err
		}
		kept, known = true, true
	}
	return kept, nil
}

// upToDate looks whether all that the cluster had committed before now is archived. A member learns of
// a commit before its client does and carries it out later: so it is asked to catch up first.
func upToDate(ctx context.Context, a backupd.Archive, l *binlog.Line, n inventory.Node) (r backupd.Reached, known bool, err error) {
	r = backupd.Reached{Node: n.Name, File: l.File, Offset: l.Offset, At: time.Now().UTC()}
	there, err := catchUp(ctx, a.Cluster, n)
	if err != nil {
		return r, false, err
	}
	if there.Before(r.At) { // transactions are timed by the clocks of members
		r.At = there
	}
	from, err := listLogs(ctx, a.Cluster, n)
	if err != nil {
		return r, false, err
	}
	if last := from.Logs[len(from.Logs)-1]; last.Name != l.File || last.Size != l.Offset {
		return r, false, nil
	}
	err = l.Same(ctx, a.Dir, from)
	if _, isOther := errors.AsType[*binlog.OtherError](err); isOther {
		return r, false, nil // the next round begins a new line
	}
	return r, err == nil, err
}

// catchUp waits until a member has carried out all that was committed on any other before, and says what
// second it was there before that.
func catchUp(ctx context.Context, c inventory.Cluster, n inventory.Node) (at time.Time, err error) {
	sql, err := sqlconn.Connect(ctx, n.SQL, c.Backup.Credential, c.TLS)
	if err != nil {
		return at, err
	}
	defer sql.Close()
	now, err := sql.Texts(ctx, "SELECT UNIX_TIMESTAMP()")
	if err == nil {
		err = sql.Exec(ctx, "SET SESSION wsrep_sync_wait=1")
	}
	if err == nil {
		_, err = sql.Texts(ctx, "SELECT 1")
	}
	if err != nil {
		return at, fmt.Errorf("wait until %s has caught up: %w", n.Name, err)
	}
	second, err := strconv.ParseInt(now[0][0], 10, 64)
	return time.Unix(second, 0).UTC(), err
}

// archivePiece fetches what a file has beyond the line and keeps it.
func archivePiece(ctx context.Context, a backupd.Archive, s source, l *binlog.Line, came backupd.Position) error {
	n := s.node
	dir, err := os.MkdirTemp(a.Dir, "fetch-")
	if err != nil {
		return fmt.Errorf("archive the binary log of %s: %w", n.Name, err)
	}
	defer os.RemoveAll(dir)
	path, skip, err := l.Fetch(ctx, dir, s)
	if err != nil {
		return fmt.Errorf("archive %s of %s: %w", l.File, n.Name, err)
	}
	from := l.Offset
	p, err := lookAt(path, skip, from)
	if err != nil {
		return fmt.Errorf("archive %s of %s: %w", l.File, n.Name, err)
	}
	if p.to == from {
		return nil
	}
	m, err := markOf(l.Mark.Of, path, skip, p)
	if err != nil {
		return fmt.Errorf("archive %s of %s: %w", l.File, n.Name, err)
	}
	facts := backupd.Facts{
		Origin:   backupd.Origin{Nodes: []string{n.Name}, Server: s.version, Tool: "mariadb-binlog"},
		From:     &came,
		Position: backupd.Position{UUID: m.Of, File: l.File, Offset: p.to, Mark: m.String()},
	}
	if p.transactions > 0 {
		facts.From.GTID, facts.Position.GTID, facts.Position.Time = p.first.String(), p.last.String(), p.newest
	}
	if l.Note != "" {
		facts.Notes = append(facts.Notes, l.Note)
	}
	kept, err := a.Keep(ctx, func(ctx context.Context, sink backupd.Sink) (backupd.Facts, error) {
		return facts, toStream(ctx, sink, streamLog, func(w io.Writer) error {
			return copyFrom(w, path, skip)
		})
	})
	if err != nil {
		return &keepError{err}
	}
	l.Kept(p.to, m)
	a.Tell("archive", fmt.Sprintf("%s: %s of %s to %d, %d transactions", kept.ID, l.File, n.Name, p.to, p.transactions))
	return nil
}

func copyFrom(w io.Writer, path string, skip int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(skip, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// source is a member with the binary logs that it has.
type source struct {
	binlog.Server // Of: the state of the cluster; "" if it is in none at the moment

	cluster inventory.Cluster
	node    inventory.Node
	version string
	tls     bool // it offers TLS
	galera  bool
}

func listLogs(ctx context.Context, c inventory.Cluster, n inventory.Node) (source, error) {
	s := source{Server: binlog.Server{Name: n.Name}, cluster: c, node: n}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sql, err := sqlconn.Connect(ctx, n.SQL, c.Backup.Credential, c.TLS)
	if err != nil {
		return s, err
	}
	defer sql.Close()
	about, err := sql.Texts(ctx, "SELECT VERSION(), @@have_ssl, @@GLOBAL.wsrep_on")
	if err != nil {
		return s, err
	}
	s.version, s.tls, s.galera = about[0][0], about[0][1] == "YES", about[0][2] == "1"
	if s.galera {
		state, err := sql.Texts(ctx, "SHOW GLOBAL STATUS LIKE 'wsrep_cluster_state_uuid'")
		if err != nil {
			return s, fmt.Errorf("read of which cluster %s is: %w", n.Name, err)
		}
		if len(state) == 1 && strings.Trim(state[0][1], "0-") != "" {
			s.Of = state[0][1]
		}
	}
	rows, err := sql.Texts(ctx, "SHOW BINARY LOGS")
	if err != nil {
		return s, fmt.Errorf("list the binary logs of %s: %w", n.Name, err)
	}
	for _, r := range rows {
		size, err := strconv.ParseUint(r[1], 10, 64)
		name, errName := binlog.Name(r[0])
		if err != nil || errName != nil {
			return s, fmt.Errorf("%s lists a binary log %+.60q of %+.20q bytes", n.Name, r[0], r[1])
		}
		s.Logs = append(s.Logs, binlog.Log{Name: name, Size: size})
	}
	if len(s.Logs) == 0 {
		return s, fmt.Errorf("%s lists no binary log", n.Name)
	}
	return s, nil
}
