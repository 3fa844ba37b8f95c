package galera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/kagu-db/kagu/backupd"
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
			a.Tell("archive", "waiting for "+line.node+": "+err.Error())
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

// line is how far the archive has come.
type line struct {
	node   string
	file   string
	offset uint64
}

func newLine(last *backupd.Piece) *line {
	if last == nil || last.To.File == "" {
		return &line{}
	}
	return &line{last.Node, last.To.File, last.To.Offset}
}

// keepError is an error of where pieces are kept.
type keepError struct{ err error }

func (e *keepError) Error() string { return e.err.Error() }

func (e *keepError) Unwrap() error { return e.err }

// archiveOnce archives all there is now.
func (k Kind) archiveOnce(ctx context.Context, a backupd.Archive, l *line) error {
	n, err := archiveFrom(ctx, a.Cluster, l.node)
	if err != nil {
		return err
	}
	from, err := listLogs(ctx, a.Cluster, n)
	if err != nil {
		return err
	}
	note := l.meet(n.Name, from.logs)
	nothing := note == ""
	for _, log := range from.logs {
		if !after(log.name, l.file) || (log.name == l.file && log.size <= l.offset) {
			continue
		}
		came := backupd.Position{File: l.file, Offset: l.offset}
		if log.name != l.file { // whose end is archived: a server never goes on with an older file
			l.file, l.offset = log.name, 0
		}
		if err := archivePiece(ctx, a, from, l, came, note); err != nil {
			l.file, l.offset = came.File, came.Offset
			return err
		}
		note, nothing = "", false
	}
	if nothing && a.Idle != nil {
		a.Idle(ctx, func(ctx context.Context) (backupd.Reached, bool, error) { return l.upToDate(ctx, a.Cluster, n) })
	}
	return nil
}

// upToDate looks whether all that the cluster had committed before now is archived. A member learns of
// a commit before its client does and carries it out later: so it is asked to catch up first.
func (l *line) upToDate(ctx context.Context, c inventory.Cluster, n inventory.Node) (r backupd.Reached, known bool, err error) {
	r = backupd.Reached{Node: n.Name, File: l.file, Offset: l.offset, At: time.Now().UTC()}
	if err := catchUp(ctx, c, n); err != nil {
		return r, false, err
	}
	from, err := listLogs(ctx, c, n)
	if err != nil {
		return r, false, err
	}
	last := from.logs[len(from.logs)-1]
	return r, last.name == l.file && last.size == l.offset, nil
}

// catchUp waits until a member has carried out all that was committed on any other before.
func catchUp(ctx context.Context, c inventory.Cluster, n inventory.Node) error {
	sql, err := sqlconn.Connect(ctx, n.SQL, c.Backup.Credential, c.TLS, "wsrep_sync_wait=1")
	if err != nil {
		return err
	}
	defer sql.Close()
	if _, err := sql.Texts(ctx, "SELECT 1"); err != nil {
		return fmt.Errorf("wait until %s has caught up: %w", n.Name, err)
	}
	return nil
}

// noteNew begins the first note of a piece that does not follow the one before.
const noteNew = "a new line begins: "

// meet puts a line to what a member has now, and says what is missing if something is.
func (l *line) meet(node string, logs []serverLog) (note string) {
	defer func() { l.node = node }()
	newest := logs[len(logs)-1]
	switch {
	case l.node == "":
		l.file, l.offset = newest.name, 0
		return noteNew + "there was none before"
	case l.node != node:
		was := l.node
		l.file, l.offset = newest.name, 0
		return noteNew + "the one before was of " + was
	}
	for _, log := range logs {
		if log.name == l.file && log.size >= l.offset {
			return ""
		}
	}
	was := fmt.Sprintf("%s at %d", l.file, l.offset)
	if first := logs[0]; first.name != l.file && after(first.name, l.file) {
		l.file, l.offset = first.name, 0
		return noteNew + "a gap, since what followed " + was + " was purged on the server before it was archived"
	}
	l.file, l.offset = newest.name, 0
	return noteNew + "after " + was + " the server has begun its binary logs anew"
}

// archivePiece fetches what a file has beyond the line and keeps it.
func archivePiece(ctx context.Context, a backupd.Archive, s source, l *line, came backupd.Position, note string) error {
	n := s.node
	dir, err := os.MkdirTemp(a.Dir, "fetch-")
	if err != nil {
		return fmt.Errorf("archive the binary log of %s: %w", n.Name, err)
	}
	defer os.RemoveAll(dir)
	path, skip, err := fetchLog(ctx, dir, s, l.file, l.offset)
	if err != nil {
		return fmt.Errorf("archive %s of %s: %w", l.file, n.Name, err)
	}
	from := l.offset
	p, err := lookAt(path, skip, from)
	if err != nil {
		return fmt.Errorf("archive %s of %s: %w", l.file, n.Name, err)
	}
	if p.to == from {
		return nil
	}
	facts := backupd.Facts{
		Origin:   backupd.Origin{Nodes: []string{n.Name}, Server: s.version, Tool: "mariadb-binlog"},
		From:     &came,
		Position: backupd.Position{File: l.file, Offset: p.to},
	}
	if p.transactions > 0 {
		facts.From.GTID, facts.Position.GTID, facts.Position.Time = p.first.String(), p.last.String(), p.newest
	}
	if note != "" {
		facts.Notes = append(facts.Notes, note)
	}
	m, err := a.Keep(ctx, func(ctx context.Context, sink backupd.Sink) (backupd.Facts, error) {
		return facts, toStream(ctx, sink, streamLog, func(w io.Writer) error {
			return copyFrom(w, path, skip)
		})
	})
	if err != nil {
		return &keepError{err}
	}
	l.offset = p.to
	a.Tell("archive", fmt.Sprintf("%s: %s of %s to %d, %d transactions", m.ID, l.file, n.Name, p.to, p.transactions))
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
	cluster inventory.Cluster
	node    inventory.Node
	version string
	tls     bool // it offers TLS
	logs    []serverLog
}

// serverLog is a binary log that a server has.
type serverLog struct {
	name string
	size uint64
}

func listLogs(ctx context.Context, c inventory.Cluster, n inventory.Node) (source, error) {
	s := source{cluster: c, node: n}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sql, err := sqlconn.Connect(ctx, n.SQL, c.Backup.Credential, c.TLS)
	if err != nil {
		return s, err
	}
	defer sql.Close()
	about, err := sql.Texts(ctx, "SELECT VERSION(), @@have_ssl")
	if err != nil {
		return s, err
	}
	s.version, s.tls = about[0][0], about[0][1] == "YES"
	rows, err := sql.Texts(ctx, "SHOW BINARY LOGS")
	if err != nil {
		return s, fmt.Errorf("list the binary logs of %s: %w", n.Name, err)
	}
	for _, r := range rows {
		size, err := strconv.ParseUint(r[1], 10, 64)
		if err != nil || !logShape.MatchString(r[0]) {
			return s, fmt.Errorf("%s lists a binary log %+.60q of %+.20q bytes", n.Name, r[0], r[1])
		}
		s.logs = append(s.logs, serverLog{r[0], size})
	}
	if len(s.logs) == 0 {
		return s, fmt.Errorf("%s lists no binary log", n.Name)
	}
	return s, nil
}

// number returns the number of a binary log; its name is what is before the last dot.
func number(file string) (base string, n uint64) {
	ext := filepath.Ext(file)
	if ext == "" {
		return file, 0
	}
	n, _ = strconv.ParseUint(ext[1:], 10, 64) // the shape was checked
	return file[:len(file)-len(ext)], n
}

// after reports whether a log is the other one or one that follows it.
func after(file, other string) bool {
	base, n := number(file)
	otherBase, m := number(other)
	return base == otherBase && n >= m
}
