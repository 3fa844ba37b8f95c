package ndb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/kagu-db/kagu/backupd"
	"github.com/kagu-db/kagu/internal/binlog"
	"github.com/kagu-db/kagu/internal/inventory"
)

// The streams of a piece of the binary log: its bytes as they stand in the server's file, and the
// rows of mysql.ndb_binlog_index for it, which say where each epoch ends.
const (
	logStream   = "binlog"
	indexStream = "epochs.json"
)

var _ backupd.Archiver = (*Kind)(nil)

// Archive keeps the binary log of one SQL node, piece by piece. Every SQL node that writes a binary
// log has all changes of the cluster, each at its own positions: so a line is of one node, and when
// another takes over a new line begins. A piece ends where an epoch does, or the file.
func (k *Kind) Archive(ctx context.Context, a backupd.Archive) error {
	l := lineOf(a.Last)
	for {
		if err := k.archiveOnce(ctx, a, &l); err != nil {
			return errors.Join(context.Cause(ctx), err) // who calls again lets another SQL node take over
		}
		select {
		case <-time.After(a.Every):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// lineOf is where an archive goes on. A piece that is the last of its file ends where the next one begins, and is known again in its
// own.
func lineOf(last *backupd.Piece) binlog.Line {
	if last == nil {
		return binlog.Line{}
	}
	l := binlog.Line{Node: last.Node, File: last.To.File, Offset: last.To.Offset, In: last.To.File, Mark: binlog.ParseMark(last.Mark)}
	if last.To.Offset == 0 && last.From.File != "" {
		l.In = last.From.File
	}
	return l
}

// archiveOnce archives all there is now.
func (k *Kind) archiveOnce(ctx context.Context, a backupd.Archive, l *binlog.Line) error {
	s, err := sitWhere(ctx, a.Cluster, l.Node)
	if err != nil {
		return err
	}
	defer s.Close()
	if !s.logs {
		return errors.New("no SQL node writes a binary log of the cluster: set log_bin, ndb_log_bin and ndb_log_binlog_index on one")
	}
	logs, err := s.binaryLogs(ctx)
	if err != nil {
		return err
	}
	from := sender{kind: k, cluster: a.Cluster, seat: s, Server: binlog.Server{Name: s.node.Name, Logs: logs}}
	l.Meet(from.Server)
	err = keepAll(ctx, a, l, from)
	if other, isOther := errors.AsType[*binlog.OtherError](err); isOther {
		l.Begin(from.Server, other.Why)
		err = keepAll(ctx, a, l, from)
	}
	return err
}

// keepAll archives what an SQL node has beyond the line.
func keepAll(ctx context.Context, a backupd.Archive, l *binlog.Line, s sender) error {
	at := slices.IndexFunc(s.Logs, func(log binlog.Log) bool { return log.Name == l.File })
	for ; at < len(s.Logs); at++ {
		if file := s.Logs[at].Name; file != l.File { // nothing was left in the one before, not even that it was closed: its server died
			l.BeginAt(s.Server, file, l.File+" was not closed")
		}
		next := ""
		if at < len(s.Logs)-1 {
			next = s.Logs[at+1].Name
		}
		if err := archiveFile(ctx, a, s, l, s.Logs[at], next); err != nil {
			return err
		}
	}
	return nil
}

// sitWhere prefers the SQL node that the line is of.
func sitWhere(ctx context.Context, c inventory.Cluster, name string) (*seat, error) {
	for _, n := range c.SQL {
		if n.Name == name {
			only := c
			only.SQL = []inventory.Node{n}
			if s, err := sit(ctx, only); err == nil && s.logs {
				return s, nil
			} else if err == nil {
				_ = s.Close() // nothing runs on it
			}
		}
	}
	return sit(ctx, c)
}

// archiveFile keeps what a file has beyond the line: to its end if it is finished, which is where the
// next one begins, else to the end of the last epoch in it.
func archiveFile(ctx context.Context, a backupd.Archive, s sender, l *binlog.Line, log binlog.Log, next string) error {
	ends, err := s.seat.epochs(ctx, log.Name, l.Offset)
	if err != nil {
		return err
	}
	to := log.Size
	if next == "" {
		if len(ends) == 0 {
			return nil
		}
		to = ends[len(ends)-1].To
	}
	if to <= l.Offset {
		return nil
	}
	dir, err := os.MkdirTemp(a.Dir, "fetch-")
	if err != nil {
		return fmt.Errorf("archive the binary log of %s: %w", s.Name, err)
	}
	defer os.RemoveAll(dir)
	if l.In != l.File { // whose end is archived
		if err := l.Same(ctx, a.Dir, s); err != nil {
			return err
		}
	}
	path, skip, err := l.Fetch(ctx, dir, s)
	var p soundness
	if err == nil {
		p, err = soundPiece(path, skip, l.Offset, to)
	}
	var mark binlog.Mark
	if err == nil {
		mark, err = binlog.NewMark(s.Of, path, p.last, skip-int64(l.Offset))
	}
	if err != nil {
		return fmt.Errorf("archive %s of %s: %w", log.Name, s.Name, err)
	}
	facts := backupd.Facts{
		Origin:   backupd.Origin{Nodes: []string{s.Name}, Server: s.seat.server, Tool: "mysqlbinlog"},
		From:     &backupd.Position{File: log.Name, Offset: l.Offset},
		Position: backupd.Position{File: log.Name, Offset: to, Mark: mark.String()},
	}
	if next != "" {
		facts.Position.File, facts.Position.Offset = next, 0
	}
	if len(ends) > 0 {
		facts.From.Start, facts.Position.Stop, facts.Position.Time = ends[0].Epoch>>32, ends[len(ends)-1].Epoch>>32, p.newest
	}
	if l.Note != "" {
		facts.Notes = append(facts.Notes, l.Note)
	}
	if len(p.lost) > 0 {
		facts.Notes = append(facts.Notes, lostNote)
		ends = append(ends, p.lost...)
		slices.SortStableFunc(ends, func(a, b epochEnd) int { return cmp.Compare(a.To, b.To) })
	}
	index, err := json.Marshal(ends)
	if err != nil {
		return err
	}
	m, err := a.Keep(ctx, func(ctx context.Context, sink backupd.Sink) (backupd.Facts, error) {
		if err := copyPiece(ctx, sink, path, skip, int64(to-l.Offset)); err != nil {
			return facts, err
		}
		return facts, write(ctx, sink, indexStream, index)
	})
	if err != nil {
		return err
	}
	a.Tell("archive", fmt.Sprintf("%s: %s of %s from %d to %d, %d epochs", m.ID, log.Name, s.Name, l.Offset, to, len(ends)-len(p.lost)))
	if l.Kept(to, mark); next != "" {
		l.File, l.Offset = next, 0
	}
	return nil
}

func copyPiece(ctx context.Context, sink backupd.Sink, path string, skip, n int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := sink.Stream(ctx, logStream)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, io.NewSectionReader(f, skip, n)); err != nil {
		return err
	}
	return w.Close()
}
